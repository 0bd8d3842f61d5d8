// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/revocation.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

class RevocationTest : public ServiceTest {
 protected:
  static v1::RevokeInviteRequest Request(const InviteName& name, const std::string& request_id = "") {
    v1::RevokeInviteRequest request;
    request.set_name(name.ToString());
    request.set_request_id(request_id);
    return request;
  }

  // An attempt of which nobody knows what became.
  void LeaveOpen(const rpc::Call& call, const std::string& secret) {
    membership_.unreachable = true;
    EXPECT_EQ(ReasonOf(Redeem(call, secret).status()), "SERVICE_UNAVAILABLE");
    membership_.unreachable = membership_.loses_request = membership_.loses_answer = false;
    EXPECT_EQ(OpenCount(), 1);
  }
};

TEST_F(RevocationTest, ARevokedInviteIsRedeemedByNobodyAndTwiceIsASuccess) {
  const Made made = MadeBy(GuestRequest());
  for (int i = 0; i < 2; ++i) {
    const auto revoked = Revoke(made.name);
    ASSERT_TRUE(revoked.ok()) << revoked.status();
    EXPECT_EQ(revoked->invite().state(), v1::Invite::STATE_REVOKED);
    EXPECT_EQ(revoked->invite().name(), made.name.ToString());
    EXPECT_EQ(revoked->joined(), 0);
  }
  EXPECT_EQ(ReasonOf(Redeem(ann_, made.secret).status()), "INVITE_REVOKED");
  EXPECT_TRUE(membership_.joins().empty());
}

TEST_F(RevocationTest, WhoMayNotInviteIsToldNothingOfTheInvite) {
  const Made made = MadeBy(GuestRequest());
  membership_.check = Error(Reason::kRoleTooLow, "no");
  const absl::Status here = Revoke(made.name).status();
  const absl::Status nowhere = Revoke({workspace_, auth::NewId<InviteId>()}).status();
  EXPECT_EQ(ReasonOf(here), "ROLE_TOO_LOW");
  EXPECT_EQ(here, nowhere);
  membership_.check = FakeMembership::Unavailable();
  EXPECT_EQ(ReasonOf(Revoke(made.name).status()), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(Stored(made.name).state, State::kPending);
}

TEST_F(RevocationTest, AnOperatorEndsWhatItMayNotMake) {
  const Made made = MadeBy(GuestRequest());
  membership_.check = Error(Reason::kRoleTooLow, "no");
  rpc::Call service;
  service.caller.service = "provisioning";
  service.caller.is_operator = true;
  for (int i = 0; i < 2; ++i) {
    const auto revoked = revocation_.Revoke(service, Request(made.name, "once"));
    ASSERT_TRUE(revoked.ok()) << revoked.status();
    EXPECT_EQ(revoked->invite().state(), v1::Invite::STATE_REVOKED);
  }
  membership_.workspace_stands = false;
  EXPECT_EQ(ReasonOf(revocation_.Revoke(service, Request(made.name)).status()), "WORKSPACE_NOT_FOUND");
}

TEST_F(RevocationTest, AnotherWorkspacesInviteIsNotFound) {
  const Made made = MadeBy(GuestRequest());
  EXPECT_EQ(ReasonOf(Revoke({auth::NewId<WorkspaceId>(), made.name.invite}).status()), "INVITE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Revoke({workspace_, auth::NewId<InviteId>()}).status()), "INVITE_NOT_FOUND");
  v1::RevokeInviteRequest malformed;
  malformed.set_name("invites/x");
  EXPECT_EQ(FieldsOf(revocation_.Revoke(admin_, malformed).status()), "name ");
  EXPECT_EQ(Stored(made.name).state, State::kPending);
}

TEST_F(RevocationTest, WhatHasEndedForGoodStaysAsItIsAndWhatAResendCouldBringBackDoesNot) {
  const Made redeemed = MadeBy(GuestRequest());
  ASSERT_TRUE(Redeem(ann_, redeemed.secret).ok());
  const auto first = Revoke(redeemed.name);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->invite().state(), v1::Invite::STATE_REDEEMED);
  EXPECT_EQ(first->joined(), 1);
  for (const char* state : {"EXPIRED", "UNDELIVERED"}) {
    const Made made = MadeBy(GuestRequest());
    Sql("UPDATE invites SET end_us = now_us(), state = '" + std::string(state) +
        "' WHERE end_us IS NULL RETURNING id");
    const auto second = Revoke(made.name);
    ASSERT_TRUE(second.ok()) << second.status();
    EXPECT_EQ(second->invite().state(), v1::Invite::STATE_REVOKED) << state;
    EXPECT_EQ(ReasonOf(Redeem(ann_, made.secret).status()), "INVITE_REVOKED") << state;
  }
}

TEST_F(RevocationTest, ALinksAnswerSaysHowManyHaveJoinedEver) {
  for (const int uses : {3, 0}) {
    const Made link = Linked(uses);
    ASSERT_TRUE(Redeem(NewUser(), link.secret).ok());
    ASSERT_TRUE(Redeem(NewUser(), link.secret).ok());
    EXPECT_EQ(Revoke(link.name)->joined(), 2);
    EXPECT_EQ(Revoke(link.name)->joined(), 2);
  }
}

TEST_F(RevocationTest, ARepeatedRequestGetsTheSameAnswerAndAnotherOneIsRefused) {
  const Made first = MadeBy(GuestRequest()), other = Linked(1);
  const auto revoked = revocation_.Revoke(admin_, Request(first.name, "r-1"));
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  const auto again = revocation_.Revoke(admin_, Request(first.name, "r-1"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), revoked->SerializeAsString());
  EXPECT_EQ(ReasonOf(revocation_.Revoke(admin_, Request(other.name, "r-1")).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(FieldsOf(revocation_.Revoke(admin_, Request(other.name, "a b")).status()), "request_id ");
  EXPECT_EQ(Stored(other.name).state, State::kPending);
  membership_.check = Error(Reason::kRoleTooLow, "no");
  EXPECT_EQ(ReasonOf(revocation_.Revoke(admin_, Request(first.name, "r-1")).status()), "ROLE_TOO_LOW")
      << "authority is judged again";
}

TEST_F(RevocationTest, WhoHasJoinedWithoutAnAnswerIsCounted) {
  const Made made = MadeBy(GuestRequest());
  membership_.loses_answer = true;
  LeaveOpen(ann_, made.secret);
  const auto revoked = Revoke(made.name);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->joined(), 1);
  EXPECT_EQ(revoked->invite().state(), v1::Invite::STATE_REDEEMED);
  EXPECT_EQ(OpenCount(), 0);
}

TEST_F(RevocationTest, WhoIsJoiningRightNowNeverWill) {
  for (const int uses : {2, 0}) {
    const Made link = Linked(uses);
    absl::Notification joining, revoked;
    membership_.on_join = [&] {
      joining.Notify();
      revoked.WaitForNotification();
    };
    std::thread late([&] { EXPECT_EQ(ReasonOf(Redeem(NewUser(), link.secret).status()), "CONFLICT"); });
    joining.WaitForNotification();
    const auto answer = Revoke(link.name);
    EXPECT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->joined(), 0);
    EXPECT_EQ(OpenCount(), 0) << "settled before the answer, however fresh";
    revoked.Notify();
    late.join();
    EXPECT_TRUE(membership_.joined_by(link.name).empty());
    membership_.on_join = nullptr;
  }
}

TEST_F(RevocationTest, WhereMembershipDoesNotAnswerItIsNoSuccessAndLaterOneIs) {
  const Made link = Linked(0);
  membership_.delays_request = true;
  LeaveOpen(ann_, link.secret);
  membership_.delays_request = false;
  membership_.unreachable = true;
  EXPECT_EQ(ReasonOf(revocation_.Revoke(admin_, Request(link.name, "r-1")).status()), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(Stored(link.name).state, State::kRevoked) << "nobody begins any more";
  EXPECT_EQ(ReasonOf(Redeem(bob_, link.secret).status()), "INVITE_REVOKED");
  membership_.unreachable = false;
  const auto revoked = revocation_.Revoke(admin_, Request(link.name, "r-1"));
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(revoked->joined(), 0);
  membership_.DeliverDelayed();
  EXPECT_EQ(membership_.member_count(), 0u) << "what arrives late";
}

TEST_F(RevocationTest, NobodyJoinsAfterTheOkHoweverRedeemersRace) {
  int joined_in_all = 0, refused_in_all = 0;
  for (int round = 0; round < 200; ++round) {
    const Made made = round % 3 == 2 ? MadeBy(GuestRequest()) : Linked(round % 3 == 0 ? 2 : 0);
    std::atomic<int> redeemed = 0;
    std::vector<std::thread> racers;
    for (int i = 0; i < 3; ++i) {
      racers.emplace_back([&] {
        const rpc::Call ann = NewUser("ann@example.com");
        for (int turn = 0; turn < round % 4; ++turn) std::this_thread::yield();
        redeemed += Redeem(ann, made.secret).ok();
      });
    }
    if (round % 2 == 0) absl::SleepFor(absl::Microseconds(200 * (round % 20)));
    const auto revoked = Revoke(made.name);
    const size_t joined = membership_.joined_by(made.name).size();
    for (std::thread& racer : racers) racer.join();
    ASSERT_TRUE(revoked.ok()) << revoked.status();
    EXPECT_EQ(membership_.joined_by(made.name).size(), joined) << "nobody after the OK";
    EXPECT_EQ(revoked->joined(), static_cast<int>(joined));
    EXPECT_EQ(redeemed, static_cast<int>(joined));
    EXPECT_EQ(Stored(made.name).spent, static_cast<int>(joined));
    joined_in_all += redeemed;
    refused_in_all += 3 - redeemed;
  }
  EXPECT_EQ(OpenCount(), 0);
  EXPECT_GT(joined_in_all, 0) << "the race was one";
  EXPECT_GT(refused_in_all, 0) << "the race was one";
}

}  // namespace
}  // namespace guestpass::invite
