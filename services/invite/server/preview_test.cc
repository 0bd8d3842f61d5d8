// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/preview.h"

#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "services/invite/server/resend.h"
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

class PreviewTest : public ServiceTest {
 protected:
  absl::StatusOr<v1::PreviewInviteResponse> Look(const rpc::Call& call, const std::string& secret) {
    v1::PreviewInviteRequest request;
    request.set_secret(secret);
    return preview_.Look(call, request);
  }
  std::string LookReason(const std::string& secret) { return ReasonOf(Look(ann_, secret).status()); }

  std::string Decline(const rpc::Call& call, const std::string& secret) {
    v1::DeclineInviteRequest request;
    request.set_secret(secret);
    return ReasonOf(preview_.Decline(call, request).status());
  }

  void SetState(const InviteName& name, const std::string& state) {
    Sql("UPDATE invites SET state = '" + state + "', end_us = create_us WHERE id = '" +
        name.invite.ToString() + "' RETURNING id");
  }
};

TEST_F(PreviewTest, WhoHasTheAddressSeesWhatItIsOfferedAndNothingIsUsed) {
  const Made made = MadeBy(GuestRequest());
  const std::string before = Sql("SELECT to_json(i)::text FROM invites i");
  const auto offer = Look(ann_, made.secret);
  ASSERT_TRUE(offer.ok()) << offer.status();
  EXPECT_EQ(offer->workspace_display_name(), "Acme");
  EXPECT_EQ(offer->role(), type::v1::ROLE_GUEST);
  EXPECT_EQ(offer->inviter(), Stored(made.name).inviter.text());
  EXPECT_EQ(offer->expire_time().seconds(), absl::ToUnixSeconds(Stored(made.name).expire_time));
  EXPECT_EQ(offer->guest_ttl().seconds(), 3);
  EXPECT_FALSE(offer->has_guest_expire_time());
  ASSERT_EQ(offer->channels_size(), 1);
  EXPECT_EQ(offer->channels(0), (ChannelName{workspace_, channel_}.ToString()));
  EXPECT_TRUE(offer->for_caller());
  EXPECT_EQ(Sql("SELECT to_json(i)::text FROM invites i"), before);
  EXPECT_EQ(Reservations(), "");
  EXPECT_TRUE(membership_.joins().empty());
  EXPECT_TRUE(Redeem(ann_, made.secret).ok());
}

TEST_F(PreviewTest, AStrangerSeesNoChannelsAndNobodyTheAddress) {
  const std::string secret = Invited();
  rpc::Call unverified = ann_;
  unverified.caller.user->email_verified = false;
  for (const rpc::Call& stranger : {bob_, unverified, NewUser("")}) {
    const auto offer = Look(stranger, secret);
    ASSERT_TRUE(offer.ok()) << offer.status();
    EXPECT_EQ(offer->channels_size(), 0);
    EXPECT_FALSE(offer->for_caller());
    EXPECT_EQ(offer->workspace_display_name(), "Acme");
  }
  EXPECT_FALSE(absl::StrContains(absl::AsciiStrToLower(Look(bob_, secret)->ShortDebugString()), "ann@"));
  EXPECT_FALSE(absl::StrContains(absl::AsciiStrToLower(Look(ann_, secret)->ShortDebugString()), "ann@"));
}

TEST_F(PreviewTest, ALinkIsForWhoeverHasIt) {
  const auto offer = Look(NewUser(""), Linked(2).secret);
  ASSERT_TRUE(offer.ok()) << offer.status();
  EXPECT_TRUE(offer->for_caller());
  EXPECT_EQ(offer->channels_size(), 1);
}

TEST_F(PreviewTest, UnknownAndMalformedSecretsAreAnsweredAlike) {
  const std::string secret = Invited();
  std::set<std::string> answers;
  for (const std::string& wrong :
       {std::string(), auth::NewSecret(), secret.substr(1), std::string(100'000, 'x')}) {
    answers.insert(Look(ann_, wrong).status().ToString());
    EXPECT_EQ(LookReason(wrong), "INVITE_NOT_FOUND");
    EXPECT_EQ(Decline(ann_, wrong), "INVITE_NOT_FOUND");
  }
  EXPECT_EQ(answers.size(), 1u);
}

// ResendInvite tells an admin the same as these tell who has the secret.
TEST_F(PreviewTest, WhatIsSaidOfAnEndedInviteSuitsWhoHasItAndWhoManagesIt) {
  const Made made = Linked(1);
  v1::ResendInviteRequest request;
  request.set_name(made.name.ToString());
  Resend resend(store_, membership_, no_mail_, options_);
  for (const char* state : {"REVOKED", "DECLINED", "REDEEMED"}) {
    SetState(made.name, state);
    Sql("UPDATE invites SET spent = 1 RETURNING id");
    const absl::Status told = Look(ann_, made.secret).status();
    EXPECT_EQ(told, resend.ResendInvite(admin_, request).status());
    EXPECT_FALSE(absl::StrContains(told.message(), "Ask")) << told;
  }
  const std::string other = Invited();
  membership_.workspace_stands = false;
  EXPECT_FALSE(absl::StrContains(Look(ann_, other).status().message(), "new one")) << "nobody can make any";
}

TEST_F(PreviewTest, WhatCannotBeRedeemedSaysWhy) {
  const Made revoked = Linked(1), declined = Linked(1), used = Linked(1), undelivered = Linked(1);
  SetState(revoked.name, "REVOKED");
  SetState(declined.name, "DECLINED");
  SetState(undelivered.name, "UNDELIVERED");
  ASSERT_TRUE(Redeem(bob_, used.secret).ok());
  EXPECT_EQ(LookReason(revoked.secret), "INVITE_REVOKED");
  EXPECT_EQ(LookReason(declined.secret), "INVITE_DECLINED");
  EXPECT_EQ(LookReason(undelivered.secret), "INVITE_NOT_FOUND");
  EXPECT_EQ(LookReason(used.secret), "INVITE_EXHAUSTED");
  const Made made = Linked(0);
  membership_.workspace_stands = false;
  EXPECT_EQ(LookReason(made.secret), "INVITE_NO_LONGER_VALID");
  membership_.unreachable = true;
  EXPECT_EQ(LookReason(made.secret), "SERVICE_UNAVAILABLE");
  Expire();
  EXPECT_EQ(LookReason(made.secret), "INVITE_EXPIRED");
  EXPECT_EQ(LookReason(used.secret), "INVITE_EXPIRED") << "as redeeming says it";
}

TEST_F(PreviewTest, AUseThatIsOnlyReservedDoesNotHideTheOffer) {
  const Made link = Linked(1);
  membership_.loses_request = membership_.unreachable = true;
  EXPECT_EQ(ReasonOf(Redeem(bob_, link.secret).status()), "SERVICE_UNAVAILABLE");
  membership_.unreachable = false;
  EXPECT_EQ(LookReason(link.secret), "OK");
}

TEST_F(PreviewTest, ADeclinedInviteIsDeclinedForGood) {
  const Made made = MadeBy(GuestRequest());
  EXPECT_EQ(Decline(ann_, made.secret), "OK");
  EXPECT_EQ(Decline(ann_, made.secret), "OK") << "twice is a success";
  EXPECT_EQ(Stored(made.name).state, State::kDeclined);
  EXPECT_EQ(ReasonOf(Redeem(ann_, made.secret).status()), "INVITE_DECLINED");
  EXPECT_EQ(Decline(bob_, made.secret), "INVITE_DECLINED");
  EXPECT_FALSE(Invited().empty()) << "a new one may be made";
}

TEST_F(PreviewTest, OnlyTheMatchingAccountDeclinesAndOnlyAMail) {
  const Made made = MadeBy(GuestRequest()), link = Linked(1);
  EXPECT_EQ(Decline(bob_, made.secret), "INVITE_EMAIL_MISMATCH");
  EXPECT_EQ(Decline(NewUser(""), made.secret), "EMAIL_NOT_VERIFIED");
  EXPECT_EQ(Decline(ann_, link.secret), "FIELD_INVALID");
  EXPECT_EQ(Decline(NewUser(""), link.secret), "EMAIL_NOT_VERIFIED");
  rpc::Call service;
  service.caller.service = "edge";
  EXPECT_EQ(Decline(service, made.secret), "CALLER_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Look(service, made.secret).status()), "CALLER_NOT_ALLOWED");
  EXPECT_EQ(Stored(made.name).state, State::kPending);
  EXPECT_EQ(Stored(link.name).state, State::kPending);
}

TEST_F(PreviewTest, WhatHasEndedOtherwiseIsNotDeclined) {
  const Made used = MadeBy(GuestRequest());
  ASSERT_TRUE(Redeem(ann_, used.secret).ok());
  EXPECT_EQ(Decline(ann_, used.secret), "INVITE_EXHAUSTED");
  const Made made = MadeBy(GuestRequest());
  SetState(made.name, "REVOKED");
  EXPECT_EQ(Decline(ann_, made.secret), "INVITE_REVOKED");
  EXPECT_EQ(Stored(used.name).state, State::kRedeemed);
  Expire();
  EXPECT_EQ(Decline(ann_, used.secret), "INVITE_EXPIRED");
}

TEST_F(PreviewTest, NobodyJoinsOnceDecliningIsAnswered) {
  const Made made = MadeBy(GuestRequest());
  membership_.delays_request = membership_.unreachable = true;
  EXPECT_EQ(ReasonOf(Redeem(ann_, made.secret).status()), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(Decline(ann_, made.secret), "SERVICE_UNAVAILABLE") << "nobody can say";
  membership_.unreachable = false;
  EXPECT_EQ(Decline(ann_, made.secret), "OK");
  EXPECT_EQ(Reservations(), "FREED");
  membership_.DeliverDelayed();
  EXPECT_EQ(membership_.member_count(), 0u);
}

TEST_F(PreviewTest, WhoHasJoinedMeanwhileCannotDecline) {
  const Made made = MadeBy(GuestRequest());
  membership_.loses_answer = membership_.unreachable = true;
  EXPECT_EQ(ReasonOf(Redeem(ann_, made.secret).status()), "SERVICE_UNAVAILABLE");
  membership_.unreachable = false;
  EXPECT_EQ(Decline(ann_, made.secret), "INVITE_EXHAUSTED");
  EXPECT_EQ(Stored(made.name).state, State::kRedeemed);
  EXPECT_EQ(Reservations(), "SPENT");
}

}  // namespace
}  // namespace guestpass::invite
