// SPDX-License-Identifier: Apache-2.0
// Plays the rights feed's model at random: commits, losses, repeats, replays, reorderings, forgeries,
// truncations and new epochs, with answers that take any time. A failure prints its seed.

#include <random>

#include "common/nats/simulated_bus.h"
#include "common/rights_feed/decide_now.h"
#include "common/rights_feed/feed.h"
#include "common/rights_feed/signed_payload.h"
#include "common/rights_feed/simulated_membership.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::rights_feed {
namespace {

constexpr uint32_t kShard = 200;
constexpr int kUsers = 3;
constexpr int kSeeds = 4'000;
constexpr int kSteps = 250;

const auto kOrganization = TestId<OrganizationId>(1);
const auto kWorkspace = TestId<WorkspaceId>(2);
const auto kChannel = TestId<ChannelId>(3);

// A request on its way: first asked, then answered, then taken in; each at any time.
template <typename Question, typename Answer>
struct Flight {
  absl::Duration sent;
  Question question;
  std::optional<Answer> answer;
};

class World {
 public:
  explicit World(int seed)
      : random_(seed), feed_(nullptr, {.entries_per_shard = seed % 2 == 0 ? size_t{3} : size_t{4'096}}) {
    subscription_ =
        *bus_.Subscribe(kAllRightsSubjects, [this](absl::string_view subject, absl::string_view bytes) {
          const auto entries = signer_.OpenEntries(subject, bytes);
          if (entries.ok()) feed_.OnEntries(*entries, clock_.Boot());
        });
    membership_.Commit(rights::WorkspaceState{.workspace = kWorkspace, .organization = kOrganization});
    membership_.Commit(rights::ChannelState{
        .channel = kChannel, .workspace = kWorkspace, .kind = rights::ChannelKind::kPrivate});
  }

  void Step() {
    Pass();
    const int dice = Draw(100);
    if (dice < 15) return Commit();
    if (dice < 30) return DeliverAny();
    if (dice < 33) return Forge();
    if (dice < 55) return MoveHeads();
    if (dice < 75) return MoveSnapshot();
    if (dice < 90) return MovePull();
    if (dice < 96) return MoveReread();
    if (dice < 98) return Forget();
    if (dice < 99) return membership_.Prune(Draw(static_cast<int>(membership_.head()) + 1));
    if (Draw(4) == 0) BeginEpoch();
  }

  // The promise: nobody writes later than the lease after the removal's commit.
  void CheckPromise() {
    for (int user = 0; user < kUsers; ++user) {
      const bool may_lag = joined_[user] || clock_.Boot() < removed_at_[user] + kGuestWriteLease;
      ASSERT_TRUE(may_lag || !MayPost(user)) << "user " << user;
    }
  }

  // At rest, with everything reachable, the cache equals the truth.
  void CheckRest() {
    for (const Flight<Feed::Pull, LogPage>& pull : pulls_)
      feed_.OnPullFailed(pull.question.shard, clock_.Boot());
    for (int round = 0; round < 8; ++round) {
      clock_.Advance(absl::Milliseconds(250));
      feed_.OnHeads(clock_.Boot(), clock_.Boot(), *membership_.GetRightsHeads());
      clock_.Advance(absl::Milliseconds(21));
      for (const Feed::Pull& pull : feed_.PullsWanted(clock_.Boot())) EndPull(pull, Answer(pull));
      for (const RightsQuery& query : feed_.RereadsWanted(100))
        TakeIn(query, *membership_.BatchGetRights({query}));
    }
    ASSERT_EQ(feed_.applied(kShard), membership_.head());
    for (int user = 0; user < kUsers; ++user) {
      if (!held_[user].has_value()) TakeSnapshot(user, *membership_.BatchGetRights({QueryOf(user)}));
      ASSERT_TRUE(held_[user].has_value());
      ASSERT_EQ(MayPost(user), joined_[user]) << "user " << user;
    }
  }

 private:
  int Draw(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

  RightsQuery QueryOf(int user) const {
    return {.workspace = kWorkspace, .user = TestId<UserId>(10 + user), .channels = {kChannel}};
  }

  bool MayPost(int user) {
    return held_[user].has_value() &&
           !Decide(*held_[user], rights::Action::kPost, clock_.Boot()).refusal.has_value();
  }

  void Pass() {
    const int dice = Draw(20);
    if (dice < 8) clock_.Advance(absl::Milliseconds(1 + Draw(20)));
    if (dice == 8) clock_.Advance(absl::Milliseconds(Draw(1'500)));
  }

  void Commit() {
    const int user = Draw(kUsers);
    joined_[user] = !joined_[user];
    if (!joined_[user]) removed_at_[user] = clock_.Boot();
    const Entries entries = joined_[user]
                                ? membership_.CommitGuest(kWorkspace, QueryOf(user).user, {kChannel})
                                : membership_.CommitNoMember(kWorkspace, QueryOf(user).user);
    published_.push_back({RightsSubject(kShard), signer_.SealEntries(entries)});
    if (Draw(2) == 0) bus_.Deliver(published_.back());
  }

  void DeliverAny() {
    if (!published_.empty()) bus_.Deliver(published_[Draw(static_cast<int>(published_.size()))]);
  }

  void Forge() {
    Entries wish{.epoch = feed_.epoch(), .shard = kShard};
    wish.entries.push_back({.n = membership_.head() + Draw(3),
                            .object = rights::MemberState{.workspace = kWorkspace,
                                                          .user = QueryOf(Draw(kUsers)).user,
                                                          .role = rights::Role::kAdmin,
                                                          .grants = {kChannel}}});
    bus_.Deliver({RightsSubject(kShard), stranger_.SealEntries(wish)});
  }

  void MoveHeads() {
    if (heads_.size() < 2 && Draw(3) == 0) return heads_.push_back({.sent = clock_.Boot()});
    if (heads_.empty()) return;
    const int i = Draw(static_cast<int>(heads_.size()));
    if (!heads_[i].answer.has_value()) {
      heads_[i].answer = *membership_.GetRightsHeads();
    } else {
      feed_.OnHeads(heads_[i].sent, clock_.Boot(), *heads_[i].answer);
      heads_.erase(heads_.begin() + i);
    }
  }

  void MoveSnapshot() {
    const int user = Draw(kUsers);
    auto& flight = snapshots_[user];
    if (!flight.has_value()) {
      if (!held_[user].has_value()) flight = {.question = QueryOf(user)};
    } else if (!flight->answer.has_value()) {
      flight->answer = *membership_.BatchGetRights({flight->question});
    } else {
      TakeSnapshot(user, *flight->answer);
      flight.reset();
    }
  }

  void TakeSnapshot(int user, const RightsBatch& batch) {
    auto held = feed_.OnSnapshot(QueryOf(user), batch.epoch, batch.snapshots[0], clock_.Boot());
    if (held.has_value()) held_[user] = held->channels[0];
  }

  void TakeIn(const RightsQuery& query, const RightsBatch& batch) {
    feed_.OnSnapshot(query, batch.epoch, batch.snapshots[0], clock_.Boot());
  }

  void MovePull() {
    for (const Feed::Pull& pull : feed_.PullsWanted(clock_.Boot())) pulls_.push_back({.question = pull});
    if (pulls_.empty()) return;
    if (!pulls_[0].answer.has_value() && !pull_failed_) {
      const absl::StatusOr<LogPage> page = Answer(pulls_[0].question);
      pull_failed_ = !page.ok();
      if (page.ok()) pulls_[0].answer = *page;
      return;
    }
    const Feed::Pull pull = pulls_[0].question;
    const std::optional<LogPage> page = pulls_[0].answer;
    pulls_.clear();
    const bool failed = std::exchange(pull_failed_, false);
    if (failed) return feed_.OnTruncated(pull.shard, clock_.Boot());
    if (Draw(5) == 0) return feed_.OnPullFailed(pull.shard, clock_.Boot());
    feed_.OnPulled(pull.shard, *page, clock_.Boot());
  }

  absl::StatusOr<LogPage> Answer(const Feed::Pull& pull) {
    return membership_.ListRightsChanges(pull.shard, pull.after_n);
  }

  void EndPull(const Feed::Pull& pull, const absl::StatusOr<LogPage>& page) {
    if (page.ok()) return feed_.OnPulled(pull.shard, *page, clock_.Boot());
    ASSERT_TRUE(HasReason(page.status(), Reason::kFeedTruncated));
    feed_.OnTruncated(pull.shard, clock_.Boot());
  }

  void MoveReread() {
    if (!reread_.has_value()) {
      const auto wanted = feed_.RereadsWanted(100);
      if (!wanted.empty()) reread_ = {.question = wanted[Draw(static_cast<int>(wanted.size()))]};
    } else if (!reread_->answer.has_value()) {
      reread_->answer = *membership_.BatchGetRights({reread_->question});
    } else {
      TakeIn(reread_->question, *reread_->answer);
      reread_.reset();
    }
  }

  void Forget() { held_[Draw(kUsers)].reset(); }

  void BeginEpoch() {
    const size_t forgotten = Draw(2) == 0 ? 0 : Draw(static_cast<int>(membership_.head()) - 1);
    membership_.Prune(0);
    membership_.BeginEpoch("epoch-" + std::to_string(++epochs_), forgotten);
    for (int user = 0; user < kUsers; ++user) {
      const rights::Object truth =
          membership_.Truth(rights::MemberState{.workspace = kWorkspace, .user = QueryOf(user).user});
      const bool joined = std::get_if<rights::MemberState>(&truth)->role.has_value();
      if (joined_[user] && !joined) removed_at_[user] = clock_.Boot();
      joined_[user] = joined;
    }
  }

  std::mt19937 random_;
  SimulatedClock clock_;
  SimulatedMembership membership_{clock_, kShard};
  nats::SimulatedBus bus_;
  const Signer signer_{Keys{{"k1", std::string(32, 's')}}};
  const Signer stranger_{Keys{{"k1", std::string(32, 'x')}}};
  Feed feed_;
  std::unique_ptr<nats::Subscription> subscription_;
  std::vector<nats::SimulatedBus::Message> published_;
  std::array<bool, kUsers> joined_ = {};
  std::array<absl::Duration, kUsers> removed_at_ = {};
  std::array<std::optional<ChannelRights>, kUsers> held_;
  std::vector<Flight<std::monostate, Heads>> heads_;
  std::array<std::optional<Flight<RightsQuery, RightsBatch>>, kUsers> snapshots_;
  std::optional<Flight<RightsQuery, RightsBatch>> reread_;
  std::vector<Flight<Feed::Pull, LogPage>> pulls_;  // one at most: there is one shard
  bool pull_failed_ = false;
  int epochs_ = 1;
};

TEST(FeedModel, NobodyWritesLaterThanTheLeaseAfterTheRemovalAndAtRestTheCacheIsTheTruth) {
  for (int seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    for (int step = 0; step < kSteps; ++step) {
      world.Step();
      world.CheckPromise();
      if (HasFatalFailure()) return;
    }
    world.CheckRest();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace guestpass::rights_feed
