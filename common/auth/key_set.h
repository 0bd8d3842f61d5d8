// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/auth/jose.h"
#include "common/auth/watched_file.h"

namespace guestpass::auth {

// One key that tokens are verified with. It verifies one algorithm only, whatever a token says.
struct VerificationKey {
  std::string kid;  // empty where the set names none
  Key key;
};

// The usable keys of a JSON Web Key Set. A value that does not change.
struct KeySet {
  std::vector<VerificationKey> keys;

  // The keys of `jwks`. Keys of other kinds or uses are passed over, private parts and certificates are not
  // looked at. INVALID_ARGUMENT with half a sentence where it is no key set, where a key is broken, or where
  // no usable key is left.
  static absl::StatusOr<KeySet> Parse(absl::string_view jwks);
};

// The key set in a file, which is read again when it changes: that is how keys rotate. While the file is
// missing or malformed the last good set stays in use, and a log line says so once. Thread-safe.
class KeySetSource {
 public:
  // FAILED_PRECONDITION with a sentence for whoever starts the service, where there is no good set to begin
  // with.
  static absl::StatusOr<std::unique_ptr<KeySetSource>> Open(std::string path);

  // The set; looks at the file where the last look is a second old.
  std::shared_ptr<const KeySet> Current(absl::Time now);

  // The set; looks at the file now, for a token whose key is not in the current one.
  std::shared_ptr<const KeySet> Newest(absl::Time now);

 private:
  explicit KeySetSource(std::string path) : file_(std::move(path)) {}

  absl::Status Look() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LookAndLog(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  WatchedFile file_ ABSL_GUARDED_BY(mutex_);
  absl::Time looked_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::shared_ptr<const KeySet> current_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass::auth
