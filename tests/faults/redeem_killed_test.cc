// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "tests/faults/armed_test.h"

namespace guestpass::faults {
namespace {

// 1,000 attempts at redeeming, each stopped at a step of its own when its process, or the one that it waits
// for, is killed.
constexpr int kGroups = 5;
constexpr int kKillsOfAGroup = 10;
constexpr int kAttemptsOfAKill = 20;
constexpr absl::string_view kServices[] = {"invite", "membership"};

struct Step {
  const char* point;
  absl::string_view service;  // whose step it is
};
constexpr Step kJoining[] = {{"redeem.reserved", "invite"},
                             {"join.begun", "membership"},
                             {"join.committed", "membership"},
                             {"redeem.joined", "invite"},
                             {"redeem.settled", "invite"}};
constexpr Step kJoiningUnlimited[] = {{"redeem.reserved", "invite"},
                                      {"join.committed", "membership"},
                                      {"redeem.joined", "invite"},
                                      {"settler.taken", "invite"}};
// Inside the transaction, which joins share: one at a time is stopped there.
constexpr Step kJudged = {"join.judged", "membership"};
constexpr Step kRefused[] = {{"join.begun", "membership"},      {"join.refused", "membership"},
                             {"redeem.failed", "invite"},       {"resolve.begun", "membership"},
                             {"resolve.decided", "membership"}, {"redeem.settled", "invite"}};

struct Attempt {
  std::string user;
  Link link;
  Step step;
  bool late = false;  // membership goes on with it only once it was given up for good
  ArmedStack::Outcome outcome;
};

class RedeemKilled : public ArmedTest {
 protected:
  void SetUp() override {
    ArmedTest::SetUp();
    const char* given = getenv("GUESTPASS_SEED");
    const unsigned seed = given != nullptr ? std::stoul(given) : std::random_device()();
    RecordProperty("seed", absl::StrCat(seed));
    fprintf(stderr, "GUESTPASS_SEED=%u\n", seed);
    random_.seed(seed);
  }

  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <size_t N>
  const Step& AnyOf(const Step (&steps)[N]) {
    return steps[Below(N)];
  }

  std::string KeyOf(const Attempt& attempt) { return armed_->KeyOf(attempt.link, attempt.user); }

  Link Make(int uses, const std::string& channel = "") {
    auto link = armed_->MakeLink(place_, uses, "olga", channel);
    EXPECT_TRUE(link.ok()) << link.status();
    return link.value_or(Link());
  }

  // Begins an attempt, and has it stop at that step. Who comes to the same link before it has may be of one
  // crowd with it, which stops where it does.
  void Begin(const Link& link, const Step& step) {
    Attempt attempt = {.user = absl::StrCat("user", ++users_), .link = link, .step = step};
    attempt.late = some_late_ && absl::StartsWith(step.point, "join.") && OneIn(2);
    armed_->Hold(step.point, KeyOf(attempt));
    attempt.outcome = armed_->Redeem(attempt.user, link.secret);
    attempts_.push_back(std::move(attempt));
    AwaitStop(attempts_.back());
  }

  // Attempts at links for one, for several, without a limit, and at what membership refuses; all of them
  // stopped, each at its step.
  void BeginAll() {
    attempts_.clear();
    const Link several = Make(10), unlimited = Make(0);
    std::vector<Link> refused;
    for (int i = 0; i < 4; ++i) refused.push_back(NewRefused());
    for (int i = 0; i < 7; ++i) Begin(several, AnyOf(kJoining));
    for (int i = 0; i < 4; ++i) Begin(Make(1), AnyOf(kJoining));
    for (int i = 0; i < 4; ++i) Begin(unlimited, i == 0 ? AnyOf(kJoiningUnlimited) : kJoining[Below(4)]);
    for (const Link& link : refused) Begin(link, AnyOf(kRefused));
    Begin(several, kJudged);
  }

  void AwaitStop(const Attempt& attempt) {
    const bool stopped = armed_->AwaitReached(attempt.step.point, KeyOf(attempt));
    EXPECT_TRUE(stopped) << attempt.step.point;
    rounds_ += stopped;
  }

  // A link of a channel that is archived before anybody redeems it.
  Link NewRefused() {
    const auto channel = harness::MakePrivateChannel(armed_->stack(), place_, absl::StrCat("c", ++channels_));
    EXPECT_TRUE(channel.ok()) << channel.status();
    const Link link = Make(1, channel.value_or(""));
    membership::v1::ArchiveChannelRequest request;
    request.set_name(channel.value_or(""));
    const auto archived =
        armed_->stack().User("olga").Call(&membership::v1::MembershipService::Stub::ArchiveChannel, request);
    EXPECT_TRUE(archived.ok()) << archived.status();
    return link;
  }

  // Some whom nothing stops, together wherever they are when a service is killed.
  std::vector<Attempt> BeginCrowd() {
    std::vector<Attempt> crowd;
    const Link link = Make(0);
    for (int i = 0; i < 6; ++i) {
      Attempt& attempt = crowd.emplace_back(Attempt{.user = absl::StrCat("user", ++users_), .link = link});
      attempt.outcome = armed_->Redeem(attempt.user, link.secret);
    }
    return crowd;
  }

  // Kills a service, lets go who is stopped in the other one before or after it is back, and has some come
  // again, and some links revoked.
  void KillOne(absl::string_view killed) {
    BeginAll();
    std::vector<Attempt> crowd = BeginCrowd();
    harness::ServiceProcess& service = armed_->stack().service(killed);
    service.Kill();
    const bool go_on_alone = OneIn(2);
    for (const Attempt& attempt : attempts_) {
      if (attempt.step.service == killed || (go_on_alone && !attempt.late)) LetGo(attempt);
    }
    const absl::Status back = service.Restart();
    ASSERT_TRUE(back.ok()) << back;
    for (Attempt& attempt : attempts_) Finish(attempt);
    for (Attempt& attempt : crowd) {
      if (attempt.outcome.get().ok()) members_.push_back(attempt.user);
    }
    for (const Attempt& attempt : attempts_) {
      if (OneIn(8)) Revoke(attempt.link);
    }
  }

  void LetGo(const Attempt& attempt) { armed_->Release(attempt.step.point, KeyOf(attempt)); }

  void Finish(Attempt& attempt) {
    if (attempt.late) {
      late_.push_back({attempt.step.point, KeyOf(attempt)});
    } else {
      LetGo(attempt);
    }
    absl::Status status = attempt.outcome.get();
    if (!status.ok() && !attempt.late && OneIn(2)) {
      status = armed_->Redeem(attempt.user, attempt.link.secret).get();
    }
    if (status.ok()) members_.push_back(attempt.user);
  }

  // Nobody joins after its OK: how many had joined by then is how many have in the end.
  void Revoke(const Link& link) {
    const auto joined = armed_->RevokeInsisting(link.name);
    EXPECT_TRUE(joined.ok()) << joined.status();
    if (joined.ok()) revoked_.push_back({link.id, *joined});
  }

  // Lets membership go on with what was given up long ago.
  void LetLateOnesGoOn() {
    for (const auto& [point, key] : late_) {
      const bool was_to_join = point == "join.begun" || point == "join.judged";
      if (was_to_join) armed_->Hold("join.refused", key);
      armed_->Release(point, key);
      EXPECT_TRUE(!was_to_join || armed_->AwaitReached("join.refused", key)) << point;
    }
    late_.clear();
    armed_->ReleaseAll();
  }

  void ExpectSound() {
    armed_->ExpectSettled();
    std::map<std::string, Uses> all = armed_->AllUses();
    for (const auto& [link, joined] : revoked_) EXPECT_EQ(all[link].joined, joined) << link;
    const auto found = armed_->members().Run("SELECT user_id FROM members");
    ASSERT_TRUE(found.ok()) << found.status();
    std::set<std::string> members;
    for (int row = 0; row < found->rows(); ++row) members.emplace(found->Text(row, 0));
    for (const std::string& user : members_) {
      EXPECT_TRUE(members.contains(armed_->stack().UserId(user))) << user << " was told that it has joined";
    }
    int64_t joined = 0;
    for (const auto& [link, uses] : all) joined += uses.joined;
    EXPECT_EQ(static_cast<int64_t>(members.size()), joined + 1) << "each joined once; and olga";
  }

  std::mt19937 random_;
  bool some_late_ = false;
  int users_ = 0, channels_ = 0, rounds_ = 0;
  std::vector<Attempt> attempts_;                          // of the present kill
  std::vector<std::pair<std::string, std::string>> late_;  // (point, key) that membership still holds
  std::vector<std::pair<std::string, int64_t>> revoked_;   // (link, how many had joined)
  std::vector<std::string> members_;                       // who was told so
};

TEST_F(RedeemKilled, AThousandRoundsLeaveAsManyUsesSpentAsMembersJoined) {
  for (int group = 0; group < kGroups; ++group) {
    for (int kill = 0; kill < kKillsOfAGroup; ++kill) {
      // Late is later than an attempt is given up, and sooner than its transaction is.
      some_late_ = kill + 1 == kKillsOfAGroup;
      KillOne(some_late_ ? "invite" : kServices[Below(2)]);
      if (HasFailure()) return;
    }
    ExpectSound();
    LetLateOnesGoOn();
    ExpectSound();
    if (HasFailure()) return;
  }
  EXPECT_GE(rounds_, kGroups * kKillsOfAGroup * kAttemptsOfAKill);
}

}  // namespace
}  // namespace guestpass::faults
