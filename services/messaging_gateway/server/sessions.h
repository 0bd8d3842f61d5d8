// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "common/rights_feed/feed.h"
#include "common/time/clock.h"

namespace guestpass::messaging {

class Session;

// The streams that are open on this gateway, and who of them is to be told what. Thread-safe; calls sessions
// with no lock held.
class Sessions {
 public:
  explicit Sessions(const Clock& clock) : clock_(clock) {}

  // A stream began; it is kept until Remove.
  void Add(const std::shared_ptr<Session>& session);
  void Remove(const std::shared_ptr<Session>& session);

  // The stream turned out to be this user's: from now on it hears of the user's rights.
  void Know(const std::shared_ptr<Session>& session, const UserId& user);

  // Wakes the session at `time` by membership's clock.
  void WakeAt(const std::shared_ptr<Session>& session, absl::Time time);

  // An object changed: tells the streams whose rights it may concern.
  void OnChanged(const rights::Entry& entry);

  // Wakes those whose time has come by `now`, the late edge of membership's clock.
  void Wake(absl::Time now);

  // Ends streams that never said Hello, or that do not take their Goodbye.
  void Sweep();

  // Tells every stream to connect elsewhere; those that begin later are told at once.
  void GoodbyeAll();
  bool leaving() const;

 private:
  std::vector<std::shared_ptr<Session>> All() const;

  const Clock& clock_;
  mutable absl::Mutex mutex_;
  bool leaving_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_set<std::shared_ptr<Session>> all_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<UserId, std::vector<std::weak_ptr<Session>>> by_user_ ABSL_GUARDED_BY(mutex_);
  absl::btree_multimap<absl::Time, std::weak_ptr<Session>> wakes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass::messaging
