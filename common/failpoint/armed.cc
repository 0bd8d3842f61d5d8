// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/failpoint/failpoint.h"

// What tests link in the place of the Reach that does nothing.
namespace guestpass::failpoint {
namespace {

constexpr absl::Duration kBetweenLooks = absl::Milliseconds(2);

const std::string& Directory() {
  static const char* const named = std::getenv("GUESTPASS_FAILPOINTS");
  static const auto* const directory = new std::string(named != nullptr ? named : "");
  return *directory;
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

void Hold(const std::string& path) {
  std::ofstream(path + ".reached").flush();
  while (Exists(path)) absl::SleepFor(kBetweenLooks);
}

void Obey(const std::string& path) {
  std::string order;
  if (!(std::ifstream(path) >> order)) return;
  if (order == "kill") kill(getpid(), SIGKILL);
  if (order == "hold") Hold(path);
}

}  // namespace

void Reach(absl::string_view point, absl::string_view key) {
  if (Directory().empty()) return;
  const std::string path = absl::StrCat(Directory(), "/", point);
  Obey(path);
  for (size_t end = key.find('.'); !key.empty(); end = key.find('.', end + 1)) {
    Obey(absl::StrCat(path, "@", key.substr(0, end)));
    if (end == absl::string_view::npos) return;
  }
}

}  // namespace guestpass::failpoint
