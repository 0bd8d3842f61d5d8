// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "common/nats/bus.h"
#include "common/rights_feed/feed.h"
#include "common/rights_feed/rights_source.h"
#include "common/rights_feed/signed_payload.h"
#include "common/time/clock.h"

namespace guestpass::rights_feed {

// Keeps a Feed current: the subscription to the bus, heads every 250 ms, pulls of holes, re-reads, and the
// loading of what streams need. Threads of its own from Start to Stop. Thread-safe. What is passed in must
// outlive it.
class Follower {
 public:
  Follower(Feed& feed, nats::Bus& bus, RightsSource& source, const Signer& signer, const Clock& clock);
  ~Follower();  // stops
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // Subscribes, then reads the first heads as soon as there are any: neither needs to be reachable now.
  // INTERNAL if the bus refuses the subscription itself.
  absl::Status Start();

  // Ends the threads, after a call that runs; loads that wait get RIGHTS_STALE. Idempotent.
  void Stop();

  // Blocks until the member is cached and current, at most `timeout`. A workspace that never was:
  // ROLE_TOO_LOW {role = NONE}, as for who is no member; a workspace that is known, with a user who is no
  // member, is held like any other (Decide refuses). RIGHTS_STALE where membership does not answer in time.
  absl::StatusOr<MemberRights> Load(const WorkspaceId& workspace, const UserId& user,
                                    absl::Duration timeout = absl::Seconds(2));

  // The same for a channel of the member's workspace; one that does not exist is held too (Decide refuses).
  absl::StatusOr<ChannelRights> LoadChannel(const MemberRights& member, const ChannelId& channel,
                                            absl::Duration timeout = absl::Seconds(2));

  // OK while heads come in; else a sentence that says what to do.
  absl::Status ready() const;

  // Messages on the rights subjects that were not genuine or not well-formed.
  uint64_t refused_messages() const { return refused_.load(); }

 private:
  struct PendingLoad;

  absl::StatusOr<Feed::Held> LoadQuery(RightsQuery query, absl::Duration timeout);
  void OnMessage(absl::string_view subject, absl::string_view bytes);
  void HeadsLoop();
  void PullLoop();
  void LoadLoop();
  absl::Status ReadHeads();
  void Pull(const Feed::Pull& pull);
  std::vector<std::shared_ptr<PendingLoad>> NextLoads(absl::Duration patience);
  void Read(const std::vector<std::shared_ptr<PendingLoad>>& loads);
  bool Reread(const std::vector<RightsQuery>& queries);  // false: something is to be read again
  bool Pause(absl::Duration duration);                   // false: stopping

  Feed& feed_;
  nats::Bus& bus_;
  RightsSource& source_;
  const Signer& signer_;
  const Clock& clock_;
  std::atomic<uint64_t> refused_{0};
  std::atomic<int64_t> last_heads_boot_us_{INT64_MIN};

  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::shared_ptr<PendingLoad>> loads_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<nats::Subscription> subscription_;
  std::vector<std::thread> threads_;
};

}  // namespace guestpass::rights_feed
