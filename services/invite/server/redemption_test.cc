// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/redemption.h"

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

class RedemptionTest : public ServiceTest {
 protected:
  // Redeems, while membership cannot be asked what became of it.
  void LeaveOpen(const std::string& secret) {
    membership_.unreachable = true;
    EXPECT_EQ(ReasonOf(Redeem(ann_, secret).status()), "SERVICE_UNAVAILABLE");
    membership_.unreachable = membership_.loses_request = membership_.loses_answer = false;
    EXPECT_EQ(Reservations(), "OPEN");
  }
};

TEST_F(RedemptionTest, TheInvitedAddressJoinsAsTheInviteSays) {
  const std::string secret = Invited();
  const auto redeemed = Redeem(ann_, secret);
  ASSERT_TRUE(redeemed.ok()) << redeemed.status();
  EXPECT_FALSE(redeemed->already_member());
  EXPECT_EQ(redeemed->member(), (MemberName{workspace_, ann_.caller.user->user}.ToString()));
  EXPECT_EQ(redeemed->role(), type::v1::ROLE_GUEST);
  ASSERT_EQ(redeemed->channels_size(), 1);
  EXPECT_EQ(redeemed->channels(0), (ChannelName{workspace_, channel_}.ToString()));
  EXPECT_EQ(redeemed->guest_expire_time().seconds(), 1'900'000'000);
  EXPECT_FALSE(redeemed->has_access_end_time());
  EXPECT_EQ(InviteState(), "REDEEMED");
  EXPECT_EQ(Reservations(), "SPENT");
  ASSERT_EQ(membership_.joins().size(), 1u);
  const Invite asked = membership_.joins()[0];
  EXPECT_EQ(asked.inviter, admin_.caller.user->user);
  EXPECT_EQ(asked.rights_n, 7u);
  EXPECT_EQ(asked.check_time, absl::FromUnixMicros(1'700'000'000'000'001));
  EXPECT_EQ(asked.guest_expiry, GuestExpiry(absl::Seconds(3)));
}

TEST_F(RedemptionTest, UnknownAndMalformedSecretsAreAnsweredAlike) {
  const std::string secret = Invited();
  std::set<std::string> answers;
  for (const std::string& wrong : {std::string(), auth::NewSecret(), secret.substr(1), secret + "a",
                                   std::string(3, '\0'), std::string(100'000, 'x'), auth::Sha256(secret)}) {
    const absl::Status status = Redeem(ann_, wrong).status();
    EXPECT_EQ(ReasonOf(status), "INVITE_NOT_FOUND");
    answers.insert(status.ToString());
  }
  EXPECT_EQ(answers.size(), 1u);
}

TEST_F(RedemptionTest, AnotherAccountLeavesTheInviteUntouched) {
  const std::string secret = Invited();
  const std::string before = Sql("SELECT to_json(i)::text FROM invites i");
  const absl::Status status = Redeem(bob_, secret).status();
  EXPECT_EQ(ReasonOf(status), "INVITE_EMAIL_MISMATCH");
  EXPECT_FALSE(absl::StrContains(absl::AsciiStrToLower(status.ToString()), "ann@"));
  EXPECT_EQ(ReasonOf(Redeem(CallOf(bob_.caller.user->user, ""), secret).status()), "EMAIL_NOT_VERIFIED");
  EXPECT_EQ(Sql("SELECT to_json(i)::text FROM invites i"), before);
  EXPECT_EQ(Reservations(), "");
  EXPECT_TRUE(membership_.joins().empty());
  EXPECT_TRUE(Redeem(ann_, secret).ok());
}

TEST_F(RedemptionTest, AnUnverifiedAddressDoesNotCountEvenIfItMatches) {
  rpc::Call unverified = ann_;
  unverified.caller.user->email_verified = false;
  EXPECT_EQ(ReasonOf(Redeem(unverified, Invited()).status()), "EMAIL_NOT_VERIFIED");
}

TEST_F(RedemptionTest, AServiceWithoutAUserIsNotAllowed) {
  rpc::Call service;
  service.caller.service = "edge";
  EXPECT_EQ(ReasonOf(Redeem(service, Invited()).status()), "CALLER_NOT_ALLOWED");
}

TEST_F(RedemptionTest, AnExpiredInviteSaysSoBeforeTheAddressIsLookedAt) {
  const std::string secret = Invited();
  Expire();
  const absl::Status status = Redeem(bob_, secret).status();
  EXPECT_EQ(ReasonOf(status), "INVITE_EXPIRED");
  EXPECT_EQ(DetailsOf(status)->metadata.count("expire_time"), 1u);
  EXPECT_EQ(Reservations(), "");
}

TEST_F(RedemptionTest, ARevokedInviteSaysSo) {
  const std::string secret = Invited();
  Sql("UPDATE invites SET state = 'REVOKED', end_us = create_us RETURNING id");
  EXPECT_EQ(ReasonOf(Redeem(ann_, secret).status()), "INVITE_REVOKED");
}

TEST_F(RedemptionTest, RepeatingIsTheSameSuccessWhileOneIsAMember) {
  const std::string secret = Invited();
  ASSERT_TRUE(Redeem(ann_, secret).ok());
  Expire();
  const auto again = Redeem(ann_, secret);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->already_member());
  EXPECT_EQ(again->channels_size(), 1);
  EXPECT_EQ(membership_.joins().size(), 1u);
}

TEST_F(RedemptionTest, RepeatingDoesNotBringARemovedMemberBack) {
  const std::string secret = Invited();
  ASSERT_TRUE(Redeem(ann_, secret).ok());
  membership_.Remove(ann_.caller.user->user);
  EXPECT_EQ(ReasonOf(Redeem(ann_, secret).status()), "INVITE_NO_LONGER_VALID");
  membership_.find_error = Error(Reason::kGuestEnded, "ended");
  EXPECT_EQ(ReasonOf(Redeem(ann_, secret).status()), "GUEST_ENDED");
  membership_.find_error = FakeMembership::Unavailable();
  EXPECT_EQ(ReasonOf(Redeem(ann_, secret).status()), "SERVICE_UNAVAILABLE");
  membership_.find_error.reset();
  Expire();
  EXPECT_EQ(ReasonOf(Redeem(ann_, secret).status()), "INVITE_EXPIRED");
  EXPECT_EQ(membership_.joins().size(), 1u);
}

TEST_F(RedemptionTest, AnotherAccountWithTheSameAddressFindsItUsed) {
  const std::string secret = Invited();
  ASSERT_TRUE(Redeem(ann_, secret).ok());
  EXPECT_EQ(ReasonOf(Redeem(CallOf(auth::NewId<UserId>(), "ann@example.com"), secret).status()),
            "INVITE_EXHAUSTED");
}

TEST_F(RedemptionTest, WhoFindsItUsedIsToldFirstWhatItIsItself) {
  const std::string secret = Invited();
  ASSERT_TRUE(Redeem(ann_, secret).ok());
  const rpc::Call twin = CallOf(auth::NewId<UserId>(), "ann@example.com");
  membership_.find_error = Error(Reason::kGuestEnded, "ended");
  EXPECT_EQ(ReasonOf(Redeem(twin, secret).status()), "GUEST_ENDED");
  EXPECT_EQ(ReasonOf(Redeem(bob_, secret).status()), "INVITE_EMAIL_MISMATCH");
  membership_.find_error = FakeMembership::Unavailable();
  EXPECT_EQ(ReasonOf(Redeem(twin, secret).status()), "SERVICE_UNAVAILABLE");
  membership_.find_error.reset();
  membership_.Add(twin.caller.user->user, {.role = rights::Role::kViewer});
  const auto found = Redeem(twin, secret);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(found->already_member());
  EXPECT_EQ(found->role(), type::v1::ROLE_VIEWER);
  EXPECT_EQ(membership_.joins().size(), 1u);
  EXPECT_EQ(Reservations(), "SPENT");
}

TEST_F(RedemptionTest, AnAdminOfTheOrganizationNeedsAUseOnlyToBecomeADirectMember) {
  const rpc::Call twin = CallOf(auth::NewId<UserId>(), "ann@example.com");
  membership_.Add(twin.caller.user->user, {.direct = false, .role = rights::Role::kAdmin});
  const std::string as_guest = Invited();
  ASSERT_TRUE(Redeem(ann_, as_guest).ok());
  EXPECT_TRUE(Redeem(twin, as_guest).ok());
  v1::CreateInviteRequest request = GuestRequest();
  request.mutable_invite()->set_role(type::v1::ROLE_MEMBER);
  request.mutable_invite()->clear_channels();
  request.mutable_invite()->clear_guest_expiry();
  const std::string as_member = creation_.Create(admin_, request)->secret();
  ASSERT_TRUE(Redeem(ann_, as_member).ok());
  EXPECT_EQ(ReasonOf(Redeem(twin, as_member).status()), "INVITE_EXHAUSTED");
}

TEST_F(RedemptionTest, AMemberConsumesTheInvite) {
  const std::string first = Invited("ann@example.com");
  ASSERT_TRUE(Redeem(ann_, first).ok());
  const std::string second = Invited("ann@example.com");
  const auto redeemed = Redeem(ann_, second);
  ASSERT_TRUE(redeemed.ok());
  EXPECT_TRUE(redeemed->already_member());
  EXPECT_EQ(InviteState(), "REDEEMED REDEEMED");
}

TEST_F(RedemptionTest, ARefusalOfMembershipsComesThroughAndFreesTheUse) {
  const std::string secret = Invited();
  for (Reason reason : {Reason::kInviteNoLongerValid, Reason::kGuestEnded, Reason::kTokenExpired}) {
    membership_.refusal = Error(reason, "no");
    EXPECT_EQ(ReasonOf(Redeem(ann_, secret).status()), ReasonName(reason));
  }
  EXPECT_EQ(Reservations(), "FREED FREED FREED");
  EXPECT_EQ(InviteState(), "PENDING");
  membership_.refusal = absl::OkStatus();
  EXPECT_TRUE(Redeem(ann_, secret).ok());
}

TEST_F(RedemptionTest, AConflictSaysWhenToTryAgain) {
  const std::string secret = Invited();
  membership_.refusal = Error(Reason::kConflict, "a rival won");
  const absl::Status status = Redeem(ann_, secret).status();
  EXPECT_EQ(ReasonOf(status), "CONFLICT");
  EXPECT_GT(DetailsOf(status)->retry_after, absl::ZeroDuration());
}

TEST_F(RedemptionTest, AnAnswerThatWasLostIsASuccessAllTheSame) {
  const std::string secret = Invited();
  membership_.loses_answer = true;
  const auto redeemed = Redeem(ann_, secret);
  ASSERT_TRUE(redeemed.ok()) << redeemed.status();
  EXPECT_FALSE(redeemed->already_member());
  EXPECT_EQ(redeemed->channels_size(), 1);
  EXPECT_EQ(Reservations(), "SPENT");
  EXPECT_EQ(InviteState(), "REDEEMED");
}

TEST_F(RedemptionTest, WhoIsRemovedBeforeALostAnswerIsFoundOutIsNoMember) {
  const std::string secret = Invited();
  membership_.loses_answer = true;
  membership_.on_find = [&] { membership_.Remove(ann_.caller.user->user); };
  EXPECT_EQ(ReasonOf(Redeem(ann_, secret).status()), "INVITE_NO_LONGER_VALID");
  EXPECT_EQ(Reservations(), "SPENT") << "it joined by it";
}

TEST_F(RedemptionTest, ARequestThatWasLostIsCancelledForGood) {
  const std::string secret = Invited();
  membership_.loses_request = true;
  EXPECT_EQ(ReasonOf(Redeem(ann_, secret).status()), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(Reservations(), "FREED");
  const std::string key = Sql("SELECT join_key FROM reservations");
  EXPECT_FALSE(membership_.Decide(ann_.caller.user->user, Invite(), key).ok()) << "it arrived late";
  EXPECT_EQ(membership_.member_count(), 0u);
  membership_.loses_request = false;
  EXPECT_TRUE(Redeem(ann_, secret).ok());
}

TEST_F(RedemptionTest, WhereNobodyKnowsItStaysOpenAndTheNextSettlesIt) {
  const std::string secret = Invited();
  membership_.loses_request = true;
  LeaveOpen(secret);
  const absl::Status early = Redeem(ann_, secret).status();
  EXPECT_EQ(ReasonOf(early), "CONFLICT");
  EXPECT_GT(DetailsOf(early)->retry_after, absl::ZeroDuration());
  Age();
  membership_.unreachable = true;
  EXPECT_EQ(ReasonOf(Redeem(ann_, secret).status()), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(Reservations(), "OPEN") << "never freed without an answer";
  membership_.unreachable = false;
  const auto redeemed = Redeem(ann_, secret);
  ASSERT_TRUE(redeemed.ok()) << redeemed.status();
  EXPECT_EQ(Reservations(), "FREED SPENT");
  EXPECT_EQ(membership_.member_count(), 1u);
}

TEST_F(RedemptionTest, WhoHasJoinedByAnOpenReservationIsToldSoEvenAfterTheInviteExpired) {
  const std::string secret = Invited();
  membership_.loses_answer = true;
  LeaveOpen(secret);
  Age();
  Expire();
  const auto redeemed = Redeem(ann_, secret);
  ASSERT_TRUE(redeemed.ok()) << redeemed.status();
  EXPECT_EQ(Reservations(), "SPENT");
  EXPECT_EQ(InviteState(), "REDEEMED");
  EXPECT_EQ(membership_.joins().size(), 1u);
}

TEST_F(RedemptionTest, AnothersOpenReservationIsSettledToo) {
  const rpc::Call twin = CallOf(auth::NewId<UserId>(), "ann@example.com");
  const std::string secret = Invited();
  membership_.loses_answer = true;
  LeaveOpen(secret);
  EXPECT_EQ(ReasonOf(Redeem(twin, secret).status()), "CONFLICT");
  EXPECT_EQ(ReasonOf(Redeem(bob_, secret).status()), "INVITE_EMAIL_MISMATCH");
  Age();
  EXPECT_EQ(ReasonOf(Redeem(bob_, secret).status()), "INVITE_EMAIL_MISMATCH");
  EXPECT_EQ(Reservations(), "OPEN") << "not for strangers to settle";
  EXPECT_EQ(ReasonOf(Redeem(twin, secret).status()), "INVITE_EXHAUSTED");
  EXPECT_EQ(Reservations(), "SPENT");
}

TEST_F(RedemptionTest, ADeathBetweenJoiningAndConfirmingIsHealedByTheNextCall) {
  const std::string secret = Invited();
  membership_.on_join = [&] { Sql("ALTER TABLE reservations RENAME TO gone"); };
  ASSERT_TRUE(Redeem(ann_, secret).ok()) << "the commit in membership is the moment";
  Sql("ALTER TABLE gone RENAME TO reservations");
  EXPECT_EQ(InviteState(), "PENDING");
  EXPECT_EQ(Reservations(), "OPEN");
  Age();
  const auto again = Redeem(ann_, secret);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->already_member());
  EXPECT_EQ(InviteState(), "REDEEMED");
  EXPECT_EQ(membership_.joins().size(), 1u);
}

TEST_F(RedemptionTest, ACallerWhoIsTakenForDeadCannotJoinLater) {
  const std::string secret = Invited();
  membership_.on_join = [&] {
    membership_.on_join = nullptr;
    Age();
    EXPECT_TRUE(Redeem(ann_, secret).ok());
  };
  const auto late = Redeem(ann_, secret);
  EXPECT_EQ(ReasonOf(late.status()), "CONFLICT");
  EXPECT_EQ(Reservations(), "FREED SPENT");
  EXPECT_EQ(membership_.member_count(), 1u);
}

TEST_F(RedemptionTest, TwinsThatRaceBecomeOneMember) {
  const std::string secret = Invited();
  std::atomic<int> joined = 0, succeeded = 0, conflicts = 0;
  std::vector<std::thread> twins;
  for (int i = 0; i < 12; ++i) {
    twins.emplace_back([&] {
      const auto redeemed = Redeem(ann_, secret);
      succeeded += redeemed.ok();
      joined += redeemed.ok() && !redeemed->already_member();
      conflicts += HasReason(redeemed.status(), Reason::kConflict) &&
                   DetailsOf(redeemed.status())->retry_after > absl::ZeroDuration();
    });
  }
  for (std::thread& twin : twins) twin.join();
  EXPECT_EQ(joined, 1);
  EXPECT_EQ(succeeded + conflicts, 12);
  EXPECT_EQ(Reservations(), "SPENT");
}

TEST_F(RedemptionTest, OneUseIsRedeemedOnceHoweverManyAccountsRaceAndWhateverIsLost) {
  for (int round = 0; round < 4; ++round) {
    const std::string secret = Invited("ann@example.com");
    membership_.loses_answer = round % 2 == 1;
    const size_t before = membership_.member_count();
    std::atomic<int> succeeded = 0;
    std::vector<std::thread> racers;
    for (int i = 0; i < 8; ++i) {
      racers.emplace_back(
          [&] { succeeded += Redeem(CallOf(auth::NewId<UserId>(), "ann@example.com"), secret).ok(); });
    }
    for (std::thread& racer : racers) racer.join();
    EXPECT_EQ(succeeded, 1);
    EXPECT_EQ(membership_.member_count(), before + 1);
  }
  EXPECT_EQ(Sql("SELECT count(*)::text FROM reservations WHERE state = 'OPEN'"), "0");
}

}  // namespace
}  // namespace guestpass::invite
