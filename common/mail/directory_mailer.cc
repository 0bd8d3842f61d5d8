// SPDX-License-Identifier: Apache-2.0
#include "common/mail/directory_mailer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/telemetry/log.h"

namespace guestpass::mail {
namespace {

absl::Status Failed(absl::string_view what, int error) {
  telemetry::Log(telemetry::Severity::kError, "mail was not written",
                 {{"step", std::string(what)}, {"error", strerror(error)}});
  return DeliveryFailed(false);
}

std::string FileName(absl::string_view message_id) {
  std::string name(message_id);
  for (char& c : name) {
    if (!absl::ascii_isalnum(c) && c != '.' && c != '-' && c != '@') c = '_';
  }
  return absl::StrCat(name.front() == '.' ? "_" : "", name, ".eml");
}

bool WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) bytes.remove_prefix(written);
  }
  return true;
}

// 0, or the errno of what failed.
int WriteSynced(const std::string& path, absl::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return errno;
  const int error = WriteAll(fd, bytes) && fsync(fd) == 0 ? 0 : errno;
  return close(fd) == 0 || error != 0 ? error : errno;
}

int SyncDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryMailer>> DirectoryMailer::Open(std::string directory) {
  struct stat status;
  if (stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      access(directory.c_str(), W_OK | X_OK) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("Mail is to be written to ", directory,
                     ", which is no directory that this user can write to: create it."));
  }
  return std::unique_ptr<DirectoryMailer>(new DirectoryMailer(std::move(directory)));
}

absl::StatusOr<Handover> DirectoryMailer::Send(const Message& message) {
  const absl::StatusOr<std::string> composed = Compose(message);
  if (!composed.ok()) return Failed("compose", EINVAL);
  const std::string path = absl::StrCat(directory_, "/", FileName(message.message_id));
  const std::string temporary =
      absl::StrCat(directory_, "/.", FileName(message.message_id), ".", getpid(), ".tmp");
  int error = WriteSynced(temporary, *composed);
  if (error == 0 && rename(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    unlink(temporary.c_str());
    return Failed("write", error);
  }
  error = SyncDirectory(directory_);
  if (error == 0) return Handover::kSent;
  unlink(path.c_str());
  return Failed("sync", error);
}

}  // namespace guestpass::mail
