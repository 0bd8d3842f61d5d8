// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/mail/mailer.h"

namespace guestpass::mail {

// Writes each mail to a file of its own, `<message id>.eml`, in a directory, for tests, for development, and
// for mail programs that pick up files. A file is there whole or not at all, and survives a crash; only this
// user can read it, because invites have secrets in them. The same mail again replaces the file.
class DirectoryMailer : public Mailer {
 public:
  // FAILED_PRECONDITION with a sentence for whoever starts the service unless `directory` is one and can be
  // written to.
  static absl::StatusOr<std::unique_ptr<DirectoryMailer>> Open(std::string directory);

  // kSent once the file is synced.
  absl::StatusOr<Handover> Send(const Message& message) override;

 private:
  explicit DirectoryMailer(std::string directory) : directory_(std::move(directory)) {}

  const std::string directory_;
};

}  // namespace guestpass::mail
