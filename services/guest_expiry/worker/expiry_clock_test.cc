// SPDX-License-Identifier: Apache-2.0
#include "services/guest_expiry/worker/expiry_clock.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "common/nats/simulated_bus.h"
#include "common/rights_feed/signed_payload.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/test_peer.h"
#include "common/telemetry/log.h"
#include "gtest/gtest.h"
#include "guestpass/rights/v1/rights_service.grpc.pb.h"
#include "services/guest_expiry/client/membership_rights.h"
#include "services/guest_expiry/worker/deadline_feed.h"

namespace guestpass::guest_expiry {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

// Membership as the clock sees it: deadlines by a database clock that is not this host's.
class FakeMembership final : public rights::v1::RightsService::Service {
 public:
  static absl::Time DatabaseTime() { return absl::Now() + absl::Minutes(7); }

  void Add(absl::Time deadline, int guests = 1) {
    absl::MutexLock lock(&mutex_);
    deadlines_.insert(deadlines_.end(), guests, deadline);
  }

  // What NextDeadline does not tell, but ApplyDueExpirations knows of.
  void Hide(bool hide) {
    absl::MutexLock lock(&mutex_);
    hide_ = hide;
  }

  void SetAway(bool away) {
    absl::MutexLock lock(&mutex_);
    away_ = away;
  }

  // Lets applies wait, until they may go on.
  void Hold(bool hold) {
    absl::MutexLock lock(&mutex_);
    hold_ = hold;
  }

  bool Await(const std::function<bool(const FakeMembership&)>& condition) {
    absl::MutexLock lock(&mutex_);
    const auto holds = [&] { return condition(*this); };
    return mutex_.AwaitWithTimeout(absl::Condition(&holds), kPatience);
  }

  bool AwaitRecorded(size_t guests) {
    return Await([guests](const FakeMembership& fake) { return fake.lateness.size() >= guests; });
  }

  // Guarded by the lock that Await holds.
  std::vector<absl::Duration> lateness;  // of each recorded guest
  int asked = 0;
  int refused = 0;
  int applying = 0;
  int answered_applies = 0;
  std::string credential;

 private:
  grpc::Status NextDeadline(grpc::ServerContext* context, const rights::v1::NextDeadlineRequest*,
                            rights::v1::NextDeadlineResponse* response) override {
    absl::MutexLock lock(&mutex_);
    if (away_) {
      ++refused;
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "away");
    }
    ++asked;
    const auto& metadata = context->client_metadata();
    const auto sent = metadata.find("authorization");
    credential = sent == metadata.end() ? "" : std::string(sent->second.data(), sent->second.size());
    if (!hide_ && !deadlines_.empty()) {
      *response->mutable_deadline() = rpc::ToProto(*std::min_element(deadlines_.begin(), deadlines_.end()));
    }
    *response->mutable_database_time() = rpc::ToProto(DatabaseTime());
    return grpc::Status::OK;
  }

  grpc::Status ApplyDueExpirations(grpc::ServerContext*,
                                   const rights::v1::ApplyDueExpirationsRequest* request,
                                   rights::v1::ApplyDueExpirationsResponse* response) override {
    absl::MutexLock lock(&mutex_);
    ++applying;
    const auto may_go_on = [this] { return !hold_; };
    mutex_.Await(absl::Condition(&may_go_on));
    const absl::Time now = DatabaseTime();
    for (auto it = deadlines_.begin(); it != deadlines_.end() && response->applied() < request->limit();) {
      if (*it > now) {
        ++it;
        continue;
      }
      lateness.push_back(now - *it);
      it = deadlines_.erase(it);
      response->set_applied(response->applied() + 1);
    }
    ++answered_applies;
    return grpc::Status::OK;
  }

  absl::Mutex mutex_;
  std::vector<absl::Time> deadlines_;
  bool hide_ = false;
  bool away_ = false;
  bool hold_ = false;
};

class ExpiryClockTest : public testing::Test {
 protected:
  void SetUp() override {
    telemetry::SetLogSink([this](absl::string_view line) {
      absl::MutexLock lock(&log_mutex_);
      log_ += std::string(line);
    });
  }

  void TearDown() override {
    clock_.reset();
    peer_.Stop();
    telemetry::SetLogSink({});
  }

  void StartClock() { clock_ = std::make_unique<ExpiryClock>(*rights_, SystemClock()); }

  bool AwaitAsked() {
    return membership_.Await([](const FakeMembership& fake) { return fake.asked > 0; });
  }

  int LinesWith(const std::string& text) {
    absl::MutexLock lock(&log_mutex_);
    int lines = 0;
    for (size_t at = log_.find(text); at != std::string::npos; at = log_.find(text, at + 1)) ++lines;
    return lines;
  }

  absl::Mutex log_mutex_;
  std::string log_;
  FakeMembership membership_;
  rpc::TestPeer peer_{membership_, "the-token"};
  const std::unique_ptr<MembershipRights> rights_ =
      std::make_unique<MembershipRights>(peer_.channel(), peer_.token());
  std::unique_ptr<ExpiryClock> clock_;
};

TEST_F(ExpiryClockTest, ATransitionIsRecordedAtItsDeadlineAndWithTheServicesCredential) {
  membership_.Add(FakeMembership::DatabaseTime() + absl::Milliseconds(300));
  StartClock();
  ASSERT_TRUE(membership_.AwaitRecorded(1));
  ASSERT_TRUE(membership_.Await([](const FakeMembership& fake) {
    EXPECT_GE(fake.lateness[0], absl::ZeroDuration());
    EXPECT_LE(fake.applying, 1) << "applied before the deadline";
    EXPECT_EQ(fake.credential, "Bearer the-token");
    return true;
  }));
}

TEST_F(ExpiryClockTest, WhatCameDueWhileNoClockRanIsCaughtUpInBatches) {
  membership_.Add(FakeMembership::DatabaseTime() - absl::Hours(3), 2 * ExpiryClock::kBatch + 500);
  StartClock();
  EXPECT_TRUE(membership_.AwaitRecorded(2 * ExpiryClock::kBatch + 500));
  EXPECT_TRUE(membership_.Await([](const FakeMembership& fake) { return fake.answered_applies >= 3; }));
}

TEST_F(ExpiryClockTest, ANearerDeadlineIsFoundWithoutTheFeed) {
  membership_.Add(FakeMembership::DatabaseTime() + absl::Hours(1));
  StartClock();
  ASSERT_TRUE(AwaitAsked());
  membership_.Add(FakeMembership::DatabaseTime() + absl::Milliseconds(10));
  EXPECT_TRUE(membership_.AwaitRecorded(1));
}

TEST_F(ExpiryClockTest, TheFeedWakesTheClockForAGuestAndForNothingElse) {
  nats::SimulatedBus bus;
  const rights_feed::Signer signer({{.id = "k", .secret = std::string(32, 's')}});
  membership_.Hide(true);
  StartClock();
  const auto feed = FollowDeadlines(bus, signer, *clock_);
  ASSERT_TRUE(feed.ok()) << feed.status();
  ASSERT_TRUE(AwaitAsked());
  const absl::Time due = FakeMembership::DatabaseTime() + absl::Milliseconds(20);
  membership_.Add(due);
  const rights::MemberState guest{.workspace = *WorkspaceId::Parse(std::string(26, 'w')),
                                  .user = *UserId::Parse(std::string(26, 'u')),
                                  .role = rights::Role::kGuest,
                                  .expire_time = due,
                                  .access_end_time = due + absl::Hours(24)};
  rights::MemberState member = guest;
  member.role = rights::Role::kMember;
  const auto publish = [&](const rights_feed::Signer& by, const rights::MemberState& state) {
    const rights_feed::Entries entries{"epoch", 3, {{.n = 1, .object = state}}};
    ASSERT_TRUE(bus.Publish(rights_feed::RightsSubject(3), by.SealEntries(entries)).ok());
  };
  publish(rights_feed::Signer({{.id = "k", .secret = std::string(32, 'x')}}), guest);
  publish(signer, member);
  ASSERT_TRUE(membership_.Await([before = -1](const FakeMembership& fake) mutable {
    if (before < 0) before = fake.asked;
    return fake.asked >= before + 3;
  }));
  EXPECT_TRUE(membership_.Await([](const FakeMembership& fake) { return fake.applying == 0; }))
      << "a forged entry or a member's woke the clock";
  publish(signer, guest);
  EXPECT_TRUE(membership_.AwaitRecorded(1));
}

TEST_F(ExpiryClockTest, ItGoesOnWhenMembershipWasAwayAndSaysSoOnceEachTime) {
  membership_.Add(FakeMembership::DatabaseTime() + absl::Milliseconds(20));
  membership_.SetAway(true);
  StartClock();
  ASSERT_TRUE(membership_.Await([](const FakeMembership& fake) { return fake.refused >= 3; }));
  EXPECT_EQ(LinesWith("membership cannot be asked"), 1);
  EXPECT_EQ(LinesWith("membership can be asked again"), 0);
  membership_.SetAway(false);
  ASSERT_TRUE(membership_.AwaitRecorded(1));
  clock_->Stop();
  EXPECT_EQ(LinesWith("membership cannot be asked"), 1);
  EXPECT_EQ(LinesWith("membership can be asked again"), 1);
}

TEST_F(ExpiryClockTest, StoppingLetsTheCallUnderWayFinish) {
  membership_.Hold(true);
  membership_.Add(FakeMembership::DatabaseTime());
  StartClock();
  ASSERT_TRUE(membership_.Await([](const FakeMembership& fake) { return fake.applying == 1; }));
  std::thread stopper([this] { clock_->Stop(); });
  membership_.Hold(false);
  stopper.join();
  EXPECT_TRUE(membership_.Await([](const FakeMembership& fake) { return fake.answered_applies >= 1; }));
  EXPECT_EQ(LinesWith("membership cannot be asked"), 0) << "the call was given up";
}

}  // namespace
}  // namespace guestpass::guest_expiry
