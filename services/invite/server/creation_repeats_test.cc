// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "services/invite/server/creation.h"
#include "services/invite/server/fake_courier.h"
#include "services/invite/server/faulty_store.h"
#include "services/invite/server/service_fixture.h"

// Requests that are sent again (A4), and those that only judge.
namespace guestpass::invite {
namespace {

class CreationRepeatsTest : public ServiceTest {
 protected:
  std::string CountInvites() { return Sql("SELECT count(*)::text FROM invites"); }

  v1::CreateInviteRequest Keyed(const std::string& email = "ann@example.com") const {
    v1::CreateInviteRequest request = GuestRequest(email);
    request.set_request_id("once");
    return request;
  }
  v1::CreateInviteRequest KeyedLink() const {
    v1::CreateInviteRequest request = Keyed();
    request.mutable_invite()->mutable_link();
    return request;
  }

  FakeCourier courier_;
  Creation mailing_{store_, membership_, courier_, options_};
};

TEST_F(CreationRepeatsTest, ARepeatedRequestGetsTheSameAnswerWithoutItsSecret) {
  membership_.check->rights_revision = "r7";
  auto first = *creation_.Create(admin_, KeyedLink());
  EXPECT_EQ(first.rights_revision(), "r7");
  membership_.check->rights_revision = "r8";
  const auto again = creation_.Create(admin_, KeyedLink());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(first.secret_omitted());
  EXPECT_TRUE(again->secret_omitted());
  first.clear_secret();
  first.clear_accept_url();
  first.set_secret_omitted(true);
  EXPECT_EQ(again->SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(CountInvites(), "1");
  EXPECT_EQ(Sql("SELECT count(*)::text FROM sends"), "1");
}

TEST_F(CreationRepeatsTest, AnotherRequestUnderTheIdIsRefusedAndAnotherCallersIsItsOwn) {
  EXPECT_TRUE(creation_.Create(admin_, Keyed()).ok());
  EXPECT_EQ(ReasonOf(creation_.Create(admin_, Keyed("bob@example.com")).status()), "REQUEST_ID_REUSED");
  EXPECT_TRUE(creation_.Create(NewUser(), Keyed("bob@example.com")).ok());
}

TEST_F(CreationRepeatsTest, AuthorityIsJudgedAgainAndNothingElseIs) {
  const auto first = creation_.Create(admin_, Keyed());
  ASSERT_TRUE(first.ok()) << first.status();
  membership_.check = Error(Reason::kMemberExists, "Ann has joined.");
  const auto again = creation_.Create(admin_, Keyed());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->invite().name(), first->invite().name());
  membership_.check = Error(Reason::kRoleTooLow, "no");
  EXPECT_EQ(ReasonOf(creation_.Create(admin_, Keyed()).status()), "ROLE_TOO_LOW");
}

TEST_F(CreationRepeatsTest, ABadIdIsToldBehindTheAuthority) {
  v1::CreateInviteRequest request = GuestRequest();
  request.set_request_id("two words");
  EXPECT_EQ(FieldsOf(creation_.Create(admin_, request).status()), "request_id ");
  membership_.check = Error(Reason::kRoleTooLow, "no");
  EXPECT_EQ(ReasonOf(creation_.Create(admin_, request).status()), "ROLE_TOO_LOW");
}

TEST_F(CreationRepeatsTest, WhatBecameOfTheMailIsInTheAnswerThatIsKept) {
  EXPECT_EQ(mailing_.Create(admin_, Keyed())->invite().delivery(), v1::Invite::DELIVERY_SENT);
  const auto again = mailing_.Create(admin_, Keyed());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->invite().delivery(), v1::Invite::DELIVERY_SENT);
  EXPECT_FALSE(again->secret_omitted()) << "there was none";
  EXPECT_EQ(courier_.got().size(), 1u);
}

TEST_F(CreationRepeatsTest, WhileTheMailIsOnItsWayARepeatIsToldToComeAgain) {
  courier_.deliver = [&](const Invitation&) -> FakeCourier::Outcome {
    EXPECT_EQ(ReasonOf(mailing_.Create(admin_, Keyed()).status()), "CONFLICT") << "it may be refused yet";
    return mail::Handover::kDevRestricted;
  };
  EXPECT_NE(mailing_.Create(admin_, Keyed())->secret(), "");
  EXPECT_EQ(courier_.got().size(), 1u);
  EXPECT_TRUE(mailing_.Create(admin_, Keyed())->secret_omitted());
}

TEST_F(CreationRepeatsTest, AMailOfWhichNothingWasHeardIsUnknownInTheRepeatToo) {
  FaultyStore faulty(store_);
  Creation dying(faulty, membership_, courier_, options_);
  courier_.deliver = [&](const Invitation&) {
    faulty.refuses = FaultyStore::kAlways;
    return mail::Handover::kSent;
  };
  EXPECT_TRUE(dying.Create(admin_, Keyed()).ok());
  EXPECT_EQ(ReasonOf(mailing_.Create(admin_, Keyed()).status()), "CONFLICT");
  Sql("UPDATE invites SET lease_us = now_us() RETURNING id");
  EXPECT_EQ(*upkeep_.EndLeases(10), 1);
  EXPECT_EQ(mailing_.Create(admin_, Keyed())->invite().delivery(), v1::Invite::DELIVERY_UNKNOWN);
}

TEST_F(CreationRepeatsTest, AnAnswerThatWasErasedMeanwhileIsNotKeptAgain) {
  courier_.deliver = [&](const Invitation&) {
    EXPECT_EQ(*upkeep_.EraseAddress("ann@example.com", 10), 3);
    return mail::Handover::kSent;
  };
  EXPECT_TRUE(mailing_.Create(admin_, Keyed()).ok());
  EXPECT_EQ(*upkeep_.CountAddress("ann@example.com", 10), 0);
  EXPECT_EQ(Sql("SELECT length(answer)::text FROM request_answers"), "0");
}

TEST_F(CreationRepeatsTest, AnErrorIsNotRemembered) {
  courier_.deliver = [](const Invitation&) { return FakeCourier::Refused(); };
  EXPECT_EQ(ReasonOf(mailing_.Create(admin_, Keyed()).status()), "EMAIL_DELIVERY_FAILED");
  EXPECT_EQ(Sql("SELECT count(*)::text FROM request_answers"), "0");
  courier_.deliver = [](const Invitation&) { return mail::Handover::kSent; };
  EXPECT_TRUE(mailing_.Create(admin_, Keyed()).ok());
}

TEST_F(CreationRepeatsTest, TwentyThatRaceUnderOneIdMakeOneInvite) {
  for (const v1::CreateInviteRequest& request : {Keyed(), KeyedLink()}) {
    Sql("TRUNCATE invites, request_answers, sends");
    std::atomic<int> secrets = 0, others = 0;
    std::vector<std::thread> racers;
    for (int i = 0; i < 20; ++i) {
      racers.emplace_back([&] {
        const auto created = creation_.Create(admin_, request);
        EXPECT_TRUE(created.ok()) << created.status();
        if (!created.ok()) return;
        secrets += !created->secret().empty();
        others += created->secret_omitted();
      });
    }
    for (std::thread& racer : racers) racer.join();
    EXPECT_EQ(secrets, 1);
    EXPECT_EQ(others, 19);
    EXPECT_EQ(CountInvites(), "1");
  }
}

TEST_F(CreationRepeatsTest, WhoOnlyAsksGetsTheJudgementAndNothingHappens) {
  v1::CreateInviteRequest request = Keyed();
  request.set_validate_only(true);
  const auto judged = mailing_.Create(admin_, request);
  ASSERT_TRUE(judged.ok()) << judged.status();
  EXPECT_EQ(judged->invite().name(), "");
  EXPECT_EQ(judged->invite().email(), "ann@example.com");
  EXPECT_TRUE(judged->invite().has_expire_time());
  request.mutable_invite()->mutable_link();
  EXPECT_EQ(mailing_.Create(admin_, request)->secret(), "");
  EXPECT_TRUE(courier_.got().empty());
  for (const char* table : {"invites", "sends", "request_answers"}) {
    EXPECT_EQ(Sql(absl::StrCat("SELECT count(*)::text FROM ", table)), "0") << table;
  }
  request = GuestRequest();
  request.set_validate_only(true);
  Invited();
  EXPECT_EQ(ReasonOf(mailing_.Create(admin_, request).status()), "INVITE_PENDING_FOR_EMAIL");
  membership_.check = Error(Reason::kMemberExists, "no");
  EXPECT_EQ(ReasonOf(mailing_.Create(admin_, request).status()), "MEMBER_EXISTS");
}

}  // namespace
}  // namespace guestpass::invite
