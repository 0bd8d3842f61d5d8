// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/nats/simulated_bus.h"
#include "common/rights_feed/decide_now.h"
#include "common/rights_feed/feed.h"
#include "common/rights_feed/signed_payload.h"
#include "common/rights_feed/simulated_membership.h"
#include "gtest/gtest.h"

// What the tests of the feed share.
namespace guestpass::rights_feed {

using nats::SimulatedBus;
using rights::Action;
using rights::Refusal;

inline constexpr absl::Duration kTick = absl::Microseconds(1);
inline constexpr uint32_t kShard = 7;

inline const auto kOrganization = TestId<OrganizationId>(1);
inline const auto kWorkspace = TestId<WorkspaceId>(2);
inline const auto kChannel = TestId<ChannelId>(3);
inline const auto kGuest = TestId<UserId>(4);
inline const auto kOther = TestId<UserId>(5);
inline const RightsQuery kQuery{.workspace = kWorkspace, .user = kGuest, .channels = {kChannel}};

class Told : public Observer {
 public:
  void OnChanged(uint32_t, const rights::Entry& entry) override { changed.push_back(entry.n); }
  void OnProgress(uint32_t shard) override { progress.insert(shard); }
  std::vector<uint64_t> changed;
  std::set<uint32_t> progress;
};

// A feed of a workspace with a guest in one channel, whose bus holds everything that is published.
class FeedTest : public testing::Test {
 protected:
  explicit FeedTest(KeptLimits limits = {}) : feed_(&told_, limits) {
    bus_.Hold(true);
    subscription_ =
        *bus_.Subscribe(kAllRightsSubjects, [this](absl::string_view subject, absl::string_view bytes) {
          const auto entries = signer_.OpenEntries(subject, bytes);
          if (entries.ok()) feed_.OnEntries(*entries, Boot());
          if (!entries.ok()) ++refused_;
        });
    membership_.Commit(rights::WorkspaceState{.workspace = kWorkspace, .organization = kOrganization});
    membership_.Commit(rights::ChannelState{
        .channel = kChannel, .workspace = kWorkspace, .kind = rights::ChannelKind::kPrivate});
    membership_.CommitGuest(kWorkspace, kGuest, {kChannel});
  }

  absl::Duration Boot() const { return clock_.Boot(); }

  // Heads, asked for and answered at once.
  void ReadHeads() { feed_.OnHeads(Boot(), Boot(), *membership_.GetRightsHeads()); }

  RightsBatch Read(const RightsQuery& query = kQuery) { return *membership_.BatchGetRights({query}); }

  std::optional<ChannelRights> Take(const RightsBatch& batch, const RightsQuery& query = kQuery) {
    auto held = feed_.OnSnapshot(query, batch.epoch, batch.snapshots[0], Boot());
    if (!held.has_value()) return std::nullopt;
    return held->channels.front();
  }

  ChannelRights Load(const RightsQuery& query = kQuery) { return *Take(Read(query), query); }

  SimulatedBus::Message Sealed(const Entries& entries) {
    return {RightsSubject(entries.shard), signer_.SealEntries(entries)};
  }
  SimulatedBus::Message Removal() { return Sealed(membership_.CommitNoMember(kWorkspace, kGuest)); }
  SimulatedBus::Message Return() { return Sealed(membership_.CommitGuest(kWorkspace, kGuest, {kChannel})); }
  SimulatedBus::Message Elsewhere() { return Sealed(membership_.CommitGuest(kWorkspace, kOther, {})); }

  std::optional<Refusal> Post(const ChannelRights& rights) {
    return Decide(rights, Action::kPost, Boot()).refusal;
  }

  void Pull() {
    for (const Feed::Pull& pull : feed_.PullsWanted(Boot())) {
      feed_.OnPulled(pull.shard, *membership_.ListRightsChanges(pull.shard, pull.after_n), Boot());
    }
  }

  SimulatedClock clock_;
  SimulatedMembership membership_{clock_, kShard};
  SimulatedBus bus_;
  const Signer signer_{Keys{{"k1", std::string(32, 's')}}};
  const Signer stranger_{Keys{{"k1", std::string(32, 'x')}}};
  Told told_;
  Feed feed_;
  int refused_ = 0;
  std::unique_ptr<nats::Subscription> subscription_;
};

}  // namespace guestpass::rights_feed
