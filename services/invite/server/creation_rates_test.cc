// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "services/invite/server/creation.h"
#include "services/invite/server/fake_courier.h"
#include "services/invite/server/service_fixture.h"

// How much may be sent (I8).
namespace guestpass::invite {
namespace {

class CreationRatesTest : public ServiceTest {
 protected:
  static constexpr int kLimit = 7;

  std::string CountSends() { return Sql("SELECT count(*)::text FROM sends"); }

  v1::CreateInviteRequest MemberRequest(const WorkspaceId& workspace, const std::string& email) const {
    v1::CreateInviteRequest request;
    request.set_parent(ToName(workspace));
    request.mutable_invite()->set_email(email);
    request.mutable_invite()->set_role(type::v1::ROLE_MEMBER);
    return request;
  }

  std::string Create(Creation& creation, int i) {
    return ReasonOf(creation.Create(admin_, GuestRequest(absl::StrCat("user", i, "@example.com"))).status());
  }

  FakeCourier courier_;
  Creation limited_{store_, membership_, no_mail_, {.limits = {.per_inviter_and_hour = kLimit}}};
  Creation mailing_{store_, membership_, courier_, {.limits = {.mails_per_address_and_day = 5}}};
};

TEST_F(CreationRatesTest, FiftyThatRaceTakeExactlyTheLimit) {
  std::atomic<int> created = 0, limited = 0;
  std::vector<std::thread> racers;
  for (int i = 0; i < 50; ++i) {
    racers.emplace_back([&, i] {
      const std::string reason = Create(limited_, i);
      created += reason == "OK";
      limited += reason == "INVITE_RATE_LIMITED";
    });
  }
  for (std::thread& racer : racers) racer.join();
  EXPECT_EQ(created, kLimit);
  EXPECT_EQ(limited, 50 - kLimit);
  EXPECT_EQ(CountSends(), absl::StrCat(kLimit)) << "the refused ones do not count";
}

TEST_F(CreationRatesTest, TheLimitIsOfOneInviterInOneWorkspaceAndItsNumberIsNotTold) {
  for (int i = 0; i < kLimit; ++i) EXPECT_EQ(Create(limited_, i), "OK");
  const absl::Status status = limited_.Create(admin_, GuestRequest("late@example.com")).status();
  const auto details = DetailsOf(status);
  ASSERT_TRUE(details.has_value()) << status;
  EXPECT_EQ(details->reason, Reason::kInviteRateLimited);
  EXPECT_GT(details->retry_after, absl::Minutes(59));
  EXPECT_LE(details->retry_after, absl::Hours(1));
  EXPECT_TRUE(details->metadata.empty());
  EXPECT_FALSE(absl::StrContains(status.message(), absl::StrCat(kLimit))) << status;
  EXPECT_TRUE(limited_.Create(NewUser(), GuestRequest("late@example.com")).ok());
  EXPECT_TRUE(limited_.Create(admin_, MemberRequest(auth::NewId<WorkspaceId>(), "late@example.com")).ok());
}

TEST_F(CreationRatesTest, TheHourSlidesAndNeitherCollisionsNorRevocationsChangeTheCount) {
  for (int i = 0; i < kLimit - 1; ++i) EXPECT_EQ(Create(limited_, i), "OK");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Create(limited_, 0), "INVITE_PENDING_FOR_EMAIL");
  EXPECT_EQ(Create(limited_, 100), "OK");
  const std::string newest =
      Sql("SELECT workspace || ' ' || id FROM invites ORDER BY create_us DESC LIMIT 1");
  const std::vector<std::string> ids = absl::StrSplit(newest, ' ');
  EXPECT_TRUE(Revoke({*WorkspaceId::Parse(ids[0]), *InviteId::Parse(ids[1])}).ok());
  EXPECT_EQ(Create(limited_, 101), "INVITE_RATE_LIMITED");
  Sql("UPDATE sends SET at_us = at_us - 3600000000 WHERE at_us = (SELECT min(at_us) FROM sends) RETURNING "
      "at_us");
  EXPECT_EQ(Create(limited_, 101), "OK");
  EXPECT_EQ(Create(limited_, 102), "INVITE_RATE_LIMITED");
}

TEST_F(CreationRatesTest, AnAddressGetsFiveMailsADayOverAllWorkspaces) {
  const auto create = [&](Creation& creation, const std::string& email) {
    return ReasonOf(creation.Create(NewUser(), MemberRequest(auth::NewId<WorkspaceId>(), email)).status());
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(create(mailing_, "ann@example.com"), "OK");
  EXPECT_EQ(create(mailing_, "ANN@example.com"), "INVITE_RATE_LIMITED");
  EXPECT_EQ(create(mailing_, "bob@example.com"), "OK");
  EXPECT_EQ(create(creation_, "ann@example.com"), "OK") << "nothing is mailed";
  EXPECT_EQ(courier_.got().size(), 6u);
  Sql("UPDATE sends SET at_us = at_us - 86400000000 WHERE at_us = (SELECT min(at_us) FROM sends) RETURNING "
      "at_us");
  EXPECT_EQ(create(mailing_, "ann@example.com"), "OK");
}

TEST_F(CreationRatesTest, AMailThatFailedDoesNotCount) {
  courier_.deliver = [](const Invitation&) { return FakeCourier::Refused(); };
  for (int i = 0; i < 8; ++i) EXPECT_EQ(Create(mailing_, 0), "EMAIL_DELIVERY_FAILED");
  EXPECT_EQ(CountSends(), "0");
}

}  // namespace
}  // namespace guestpass::invite
