// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/resend.h"

#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "services/invite/server/fake_courier.h"
#include "services/invite/server/faulty_store.h"
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

class ResendTest : public ServiceTest {
 protected:
  static v1::ResendInviteRequest RequestFor(const InviteName& name) {
    v1::ResendInviteRequest request;
    request.set_name(name.ToString());
    return request;
  }

  absl::StatusOr<v1::ResendInviteResponse> Send(const InviteName& name) {
    return resend_.ResendInvite(admin_, RequestFor(name));
  }
  absl::StatusOr<v1::ResendInviteResponse> Mail(const InviteName& name) {
    return mailing_.ResendInvite(admin_, RequestFor(name));
  }
  Made Emailed(const std::string& email = "ann@example.com") { return MadeBy(GuestRequest(email)); }

  void SetState(const std::string& state) {
    Sql("UPDATE invites SET end_us = now_us(), state = '" + state + "' RETURNING id");
  }
  // The whole row, as text.
  std::string Row() { return Sql("SELECT (invites.*)::text FROM invites"); }
  std::string CountSends() { return Sql("SELECT count(*)::text FROM sends"); }

  FakeCourier courier_;
  Resend resend_{store_, membership_, no_mail_, options_};
  Resend mailing_{store_, membership_, courier_, options_};
};

TEST_F(ResendTest, RenewsTheExpiryAndMakesTheCallerInviter) {
  const Made made = Emailed();
  Expire();
  membership_.check = InviteCheck{.rights_n = 9,
                                  .database_time = absl::FromUnixSeconds(1'750'000'000),
                                  .workspace_display_name = "Acme & Sons",
                                  .rights_revision = "r9"};
  const auto sent = Send(made.name);
  ASSERT_TRUE(sent.ok()) << sent.status();
  EXPECT_EQ(sent->invite().name(), made.name.ToString());
  EXPECT_EQ(sent->invite().state(), v1::Invite::STATE_PENDING);
  EXPECT_EQ(sent->invite().inviter(), UserOf(admin_).text());
  EXPECT_EQ(sent->invite().expire_time().seconds() - sent->invite().resend_time().seconds(), 7 * 24 * 3600);
  EXPECT_EQ(sent->rights_revision(), "r9");
  EXPECT_EQ(sent->accept_url(), "https://chat.example.com/join#" + sent->secret());
  const Invite stored = Stored(made.name);
  EXPECT_EQ(stored.rights_n, 9u);
  EXPECT_EQ(stored.check_time, absl::FromUnixSeconds(1'750'000'000));
  EXPECT_EQ(stored.workspace_display_name, "Acme & Sons");
  EXPECT_EQ(stored.generation, 2);
  EXPECT_EQ(stored.inviter, UserOf(admin_));
  EXPECT_TRUE(Redeem(ann_, sent->secret()).ok());
}

TEST_F(ResendTest, AnEmailInvitesSecretBeforeWorksUntilItsOwnExpiryAndNoneBeforeThat) {
  const Made made = Emailed();
  const std::string second = Send(made.name)->secret();
  EXPECT_NE(second, made.secret);
  const std::string third = Send(made.name)->secret();
  EXPECT_EQ(ReasonOf(Redeem(ann_, made.secret).status()), "INVITE_NOT_FOUND");
  Sql("UPDATE invites SET previous_expire_us = now_us() RETURNING id");
  EXPECT_EQ(ReasonOf(Redeem(ann_, second).status()), "INVITE_EXPIRED");
  Sql("UPDATE invites SET previous_expire_us = now_us() + 60000000 RETURNING id");
  EXPECT_TRUE(Redeem(ann_, second).ok());
  EXPECT_EQ(ReasonOf(Redeem(bob_, third).status()), "INVITE_EMAIL_MISMATCH");
}

TEST_F(ResendTest, ALinksOldSecretIsDeadAtOnce) {
  const Made made = Linked(3);
  EXPECT_TRUE(Redeem(ann_, made.secret).ok());
  const auto sent = Mail(made.name);
  ASSERT_TRUE(sent.ok()) << sent.status();
  EXPECT_EQ(sent->invite().delivery(), v1::Invite::DELIVERY_NOT_MAILED);
  EXPECT_EQ(sent->invite().link().used(), 1);
  EXPECT_TRUE(courier_.got().empty());
  EXPECT_EQ(ReasonOf(Redeem(bob_, made.secret).status()), "INVITE_NOT_FOUND");
  EXPECT_TRUE(Redeem(bob_, sent->secret()).ok());
}

TEST_F(ResendTest, WhoIsJoiningByALinksOldSecretNeverWillOnceItIsAnswered) {
  for (const int uses : {2, 0}) {
    const Made link = Linked(uses);
    absl::Notification joining, answered;
    membership_.on_join = [&] {
      joining.Notify();
      answered.WaitForNotification();
    };
    std::thread late([&] { EXPECT_FALSE(Redeem(NewUser(), link.secret).ok()); });
    joining.WaitForNotification();
    v1::ResendInviteRequest request = RequestFor(link.name);
    request.set_request_id("once");
    membership_.unreachable = true;
    EXPECT_EQ(ReasonOf(resend_.ResendInvite(admin_, request).status()), "SERVICE_UNAVAILABLE");
    EXPECT_EQ(ReasonOf(resend_.ResendInvite(admin_, request).status()), "SERVICE_UNAVAILABLE");
    membership_.unreachable = false;
    const auto sent = resend_.ResendInvite(admin_, request);
    EXPECT_TRUE(sent.ok()) << sent.status();
    answered.Notify();
    late.join();
    EXPECT_TRUE(membership_.joined_by(link.name).empty());
    membership_.on_join = nullptr;
    Sql("TRUNCATE request_answers");
  }
}

TEST_F(ResendTest, WhileAMailIsUnderWayThereIsNoOther) {
  const Made made = Emailed();
  courier_.deliver = [&](const Invitation&) -> FakeCourier::Outcome {
    Sql("UPDATE sends SET at_us = at_us - 60000000 RETURNING at_us");
    EXPECT_EQ(ReasonOf(Mail(made.name).status()), "CONFLICT");
    return FakeCourier::Refused();
  };
  EXPECT_EQ(Mail(made.name).status(), FakeCourier::Refused());
  EXPECT_EQ(courier_.got().size(), 1u);
  EXPECT_TRUE(Redeem(ann_, made.secret).ok()) << "nothing was changed";
}

TEST_F(ResendTest, ACommitWhoseAnswerIsLostGoesOnToItsMail) {
  const Made made = Emailed();
  FaultyStore faulty(store_);
  Resend resend(faulty, membership_, courier_, options_);
  v1::ResendInviteRequest request = RequestFor(made.name);
  request.set_request_id("once");
  courier_.deliver = [](const Invitation&) { return mail::Handover::kDevRestricted; };
  faulty.loses = faulty.skips = 1;  // looking for an answer comes first
  const auto sent = resend.ResendInvite(admin_, request);
  ASSERT_TRUE(sent.ok()) << sent.status();
  EXPECT_NE(sent->secret(), "");
  EXPECT_EQ(courier_.got().size(), 1u);
}

TEST_F(ResendTest, WhatWasErasedIsRevokedAndNotResent) {
  for (const char* state : {"EXPIRED", "UNDELIVERED"}) {
    const Made made = Emailed();
    SetState(state);
    EXPECT_GT(*upkeep_.EraseAddress("ann@example.com", 10), 0);
    EXPECT_EQ(ReasonOf(Send(made.name).status()), "INVITE_REVOKED") << state;
    Sql("TRUNCATE invites");
  }
}

TEST_F(ResendTest, WhatHasEndedForGoodStaysSoAndWhatHasNotComesBack) {
  const Made made = Emailed();
  for (const auto& [state, reason] :
       std::vector<std::pair<std::string, std::string>>{{"REVOKED", "INVITE_REVOKED"},
                                                        {"DECLINED", "INVITE_DECLINED"},
                                                        {"REDEEMED", "INVITE_EXHAUSTED"}}) {
    SetState(state);
    membership_.check = Error(Reason::kMemberExists, "and this comes after it");
    EXPECT_EQ(ReasonOf(Send(made.name).status()), reason);
  }
  membership_.check = InviteCheck{};
  for (const char* state : {"EXPIRED", "UNDELIVERED"}) {
    SetState(state);
    EXPECT_TRUE(Send(made.name).ok()) << state;
    EXPECT_EQ(InviteState(), "PENDING");
  }
}

TEST_F(ResendTest, AnExpiredOneDoesNotComeBackBesideANewerOneUnlessThatIsStaleToo) {
  const Made old = Emailed();
  Expire();
  const Made newer = Emailed();
  EXPECT_EQ(ReasonOf(Send(old.name).status()), "INVITE_PENDING_FOR_EMAIL");
  membership_.check->rights_n = 9;
  membership_.check->removed_n = 8;
  EXPECT_TRUE(Send(old.name).ok());
  EXPECT_EQ(InviteState(), "PENDING REVOKED");
}

TEST_F(ResendTest, AuthorityComesFirstWhetherOrNotTheInviteIsThere) {
  const Made made = Emailed();
  v1::ResendInviteRequest request = RequestFor(made.name);
  *request.mutable_expire_time() = rpc::ToProto(absl::FromUnixSeconds(1));
  EXPECT_EQ(FieldsOf(resend_.ResendInvite(admin_, request).status()), "expire_time ");
  const InviteName unknown{made.name.workspace, auth::NewId<InviteId>()};
  EXPECT_EQ(ReasonOf(Send(unknown).status()), "INVITE_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Send({auth::NewId<WorkspaceId>(), made.name.invite}).status()), "INVITE_NOT_FOUND");
  membership_.check = Error(Reason::kRoleTooLow, "no");
  EXPECT_EQ(ReasonOf(resend_.ResendInvite(admin_, request).status()), "ROLE_TOO_LOW");
  EXPECT_EQ(ReasonOf(Send(unknown).status()), "ROLE_TOO_LOW");
  EXPECT_EQ(FieldsOf(resend_.ResendInvite(admin_, {}).status()), "name ");
}

TEST_F(ResendTest, TheInviteIsJudgedAnewAsOneLikeItWouldBe) {
  const Made made = Emailed();
  ASSERT_TRUE(Send(made.name).ok());
  const Draft draft = membership_.drafts().back();
  EXPECT_EQ(draft.address.folded, "ann@example.com");
  EXPECT_EQ(draft.role, rights::Role::kGuest);
  EXPECT_EQ(draft.channels, std::vector<ChannelId>{channel_});
  EXPECT_EQ(draft.guest_expiry, GuestExpiry(absl::Seconds(3)));
  const std::string before = Row();
  for (Reason reason : {Reason::kChannelArchived, Reason::kEmailDomainNotAllowed, Reason::kMemberExists}) {
    membership_.check = Error(reason, "no");
    EXPECT_EQ(ReasonOf(Send(made.name).status()), ReasonName(reason));
  }
  EXPECT_EQ(Row(), before);
}

TEST_F(ResendTest, WhereTheGuestsTimeNoLongerHoldsTheAdminIsToldToMakeANewOne) {
  v1::CreateInviteRequest request = GuestRequest();
  const absl::Time time = membership_.check->database_time + absl::Hours(1);
  *request.mutable_invite()->mutable_guest_expire_time() = rpc::ToProto(time);
  const Made made = MadeBy(request);
  const auto expect_refusal = [&] {
    const absl::Status status = Send(made.name).status();
    EXPECT_EQ(ReasonOf(status), "INVITE_NO_LONGER_VALID");
    EXPECT_TRUE(absl::EndsWith(status.message(), "Revoke it and make a new one.")) << status;
    EXPECT_EQ(DetailsOf(status)->metadata, (Metadata{{"invite", made.name.ToString()}}));
  };
  membership_.check->database_time = time - absl::Microseconds(1);
  EXPECT_TRUE(Send(made.name).ok());
  membership_.check->database_time = time;
  expect_refusal();
  membership_.check = FieldInvalid("invite.guest_expire_time", "has passed");
  expect_refusal();
  membership_.check = Error(Reason::kGuestLifetimeExceeded, "Set one up to the latest.");
  expect_refusal();
}

// A store in front of another, whose clock is late until a transaction has begun.
class LateStore : public FaultyStore {
 public:
  using FaultyStore::FaultyStore;

  absl::StatusOr<absl::Time> Now() override {
    ASSIGN_OR_RETURN(const absl::Time now, FaultyStore::Now());
    return now - absl::Minutes(2);
  }
};

TEST_F(ResendTest, WhatHasExpiredMeanwhileIsNotStored) {
  const Made made = Emailed();
  const std::string before = Row();
  LateStore late(store_);
  Resend resend(late, membership_, no_mail_, options_);
  v1::ResendInviteRequest request = RequestFor(made.name);
  *request.mutable_expire_time() = rpc::ToProto(*store_.Now() - absl::Minutes(1));
  EXPECT_EQ(FieldsOf(resend.ResendInvite(admin_, request).status()), "expire_time ");
  EXPECT_EQ(Row(), before);
}

TEST_F(ResendTest, OneMailAMinuteAndEachCountsForItsInviter) {
  const Made made = Emailed();
  EXPECT_TRUE(Mail(made.name).ok()) << "creating it mailed nothing";
  EXPECT_EQ(ReasonOf(Mail(made.name).status()), "INVITE_RATE_LIMITED");
  Sql("UPDATE sends SET at_us = at_us - 60000000 RETURNING at_us");
  EXPECT_TRUE(Mail(made.name).ok());
  EXPECT_EQ(courier_.got().size(), 2u);
  EXPECT_EQ(courier_.got()[0].generation, 2);
  EXPECT_EQ(courier_.got()[1].generation, 3) << "another mail has another Message-ID";
  EXPECT_EQ(Sql("SELECT count(*)::text FROM sends WHERE inviter = '" + UserOf(admin_).ToString() + "'"), "2");
}

TEST_F(ResendTest, AFailedSendChangesNothing) {
  const Made made = Emailed();
  const std::string before = Row(), sends = CountSends();
  courier_.deliver = [](const Invitation&) { return FakeCourier::Refused(); };
  v1::ResendInviteRequest request = RequestFor(made.name);
  request.set_request_id("once");
  EXPECT_EQ(mailing_.ResendInvite(admin_, request).status(), FakeCourier::Refused());
  EXPECT_EQ(Row(), before);
  EXPECT_EQ(CountSends(), sends);
  EXPECT_EQ(Sql("SELECT count(*)::text FROM request_answers"), "0");
  EXPECT_TRUE(Redeem(ann_, made.secret).ok());
}

TEST_F(ResendTest, AFailedSendOfOneThatIsBeingRedeemedTakesNothingBack) {
  const Made made = Emailed();
  courier_.deliver = [&](const Invitation& invitation) -> FakeCourier::Outcome {
    EXPECT_TRUE(Redeem(ann_, invitation.secret).ok());
    return FakeCourier::Refused();
  };
  EXPECT_TRUE(Mail(made.name).ok());
  EXPECT_EQ(InviteState(), "REDEEMED");
}

TEST_F(ResendTest, ARepeatedRequestGetsTheSameAnswerWithoutItsSecret) {
  v1::ResendInviteRequest request = RequestFor(Linked(1).name);
  request.set_request_id("once");
  auto first = *resend_.ResendInvite(admin_, request);
  const auto again = resend_.ResendInvite(admin_, request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->secret_omitted());
  EXPECT_EQ(again->secret() + again->accept_url(), "");
  EXPECT_EQ(again->invite().SerializeAsString(), first.invite().SerializeAsString());
  EXPECT_TRUE(Redeem(ann_, first.secret()).ok()) << "the second call made no other secret";
  *request.mutable_expire_time() = rpc::ToProto(*store_.Now() + absl::Hours(1));
  EXPECT_EQ(ReasonOf(resend_.ResendInvite(admin_, request).status()), "REQUEST_ID_REUSED");
}

TEST_F(ResendTest, WhatBecameOfTheMailIsToldAndRecorded) {
  const Made made = Emailed();
  courier_.deliver = [](const Invitation&) { return mail::Handover::kUnknown; };
  const auto sent = Mail(made.name);
  ASSERT_TRUE(sent.ok()) << sent.status();
  EXPECT_EQ(sent->invite().delivery(), v1::Invite::DELIVERY_UNKNOWN);
  EXPECT_EQ(sent->secret(), "");
  EXPECT_EQ(Stored(made.name).delivery, Delivery::kUnknown);
  EXPECT_TRUE(Redeem(ann_, courier_.got()[0].secret).ok());
}

}  // namespace
}  // namespace guestpass::invite
