// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/servers/places.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/status/macros.h"

namespace guestpass::harness {
namespace {

namespace fs = std::filesystem;

constexpr char kTemp[] = "/tmp/";
constexpr char kPrefix[] = "guestpass-";
constexpr char kLock[] = "/lock";
constexpr char kPostgresVersions[] = "/usr/lib/postgresql";

std::vector<std::string> ProgramDirectories() {
  const char* path = std::getenv("PATH");
  std::vector<std::string> directories = absl::StrSplit(path == nullptr ? "" : path, ':', absl::SkipEmpty());
  directories.insert(directories.end(), {"/usr/bin", "/usr/sbin", "/usr/local/bin"});
  std::vector<int> versions;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(kPostgresVersions, ignored)) {
    int version = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &version)) versions.push_back(version);
  }
  std::sort(versions.rbegin(), versions.rend());
  for (int version : versions) directories.push_back(absl::StrCat(kPostgresVersions, "/", version, "/bin"));
  return directories;
}

// Takes the lock for as long as this process lives, unless somebody has it.
bool Locks(const std::string& path, int flags) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0600);
  if (descriptor < 0) return false;
  if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return true;
  close(descriptor);
  return false;
}

// Removes what processes left behind that were killed.
void Sweep() {
  const auto old = fs::file_time_type::clock::now() - std::chrono::minutes(5);
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(kTemp, error)) {
    const std::string path = entry.path().string();
    const bool ours = absl::StartsWith(entry.path().filename().string(), kPrefix);
    if (ours && fs::last_write_time(path, error) < old && !error && Locks(path + kLock, 0)) {
      fs::remove_all(path, error);
    }
  }
}

absl::Status GiveAway(const std::string& path) {
  const std::string user = UnprivilegedUser();
  if (user.empty()) return absl::OkStatus();
  const passwd* entry = getpwnam(user.c_str());
  if (chown(path.c_str(), entry->pw_uid, entry->pw_gid) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(path, ": ", std::strerror(errno)));
}

}  // namespace

std::string UnprivilegedUser() {
  if (geteuid() != 0) return "";
  return getpwnam("postgres") != nullptr ? "postgres" : "nobody";
}

std::string FindProgram(absl::string_view name) {
  if (absl::StrContains(name, '/')) return std::string(name);
  for (const std::string& directory : ProgramDirectories()) {
    std::string path = absl::StrCat(directory, "/", name);
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

absl::StatusOr<std::string> MakeTempDirectory() {
  Sweep();
  std::string path = absl::StrCat(kTemp, kPrefix, "XXXXXX");
  if (mkdtemp(path.data()) == nullptr || !Locks(path + kLock, O_CREAT)) {
    return absl::InternalError(absl::StrCat(kTemp, ": ", std::strerror(errno)));
  }
  RETURN_IF_ERROR(GiveAway(path));
  return path;
}

absl::Status MakeDirectory(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return absl::InternalError(absl::StrCat(path, ": ", error.message()));
  return GiveAway(path);
}

absl::StatusOr<int> FreePort() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound = bind(listener, generic, length) == 0 && getsockname(listener, generic, &length) == 0;
  close(listener);
  if (!bound) return absl::InternalError(absl::StrCat("127.0.0.1: ", std::strerror(errno)));
  return ntohs(address.sin_port);
}

std::string Tail(const std::string& path, int lines) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::vector<absl::string_view> all = absl::StrSplit(absl::StripSuffix(text, "\n"), '\n');
  return absl::StrJoin(all.end() - std::min<ptrdiff_t>(lines, all.size()), all.end(), "\n");
}

}  // namespace guestpass::harness
