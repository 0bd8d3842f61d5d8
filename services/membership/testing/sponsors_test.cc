// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "common/rpc/wire_status.h"
#include "services/membership/testing/member_calls.h"

// Who answers for a guest: UpdateMember and BatchReassignGuests.
namespace guestpass::membership {
namespace {

using type::v1::ROLE_GUEST;
using type::v1::ROLE_MEMBER;
using type::v1::ROLE_VIEWER;

// A store whose database goes away once it has been read.
class LostStore : public PgMembershipStore {
 public:
  using PgMembershipStore::PgMembershipStore;
  absl::StatusOr<Committed> Transact(const LockPlan&, const Actor&,
                                     absl::FunctionRef<absl::Status(MembershipTx&, const Locked&)>) override {
    ++asked;
    return Error(Reason::kDatabaseUnavailable, "The database does not answer.");
  }
  int asked = 0;
};

class SponsorsTest : public MemberCalls {
 protected:
  v1::BatchReassignGuestsRequest Reassigning(const std::vector<std::string>& guests,
                                             const std::string& sponsor) const {
    v1::BatchReassignGuestsRequest request;
    request.set_parent(ToName(here_.workspace));
    for (const std::string& guest : guests) request.add_users(Id(guest));
    request.set_sponsor(Id(sponsor));
    return request;
  }
  absl::StatusOr<v1::BatchReassignGuestsResponse> Reassign(const std::string& by,
                                                           const v1::BatchReassignGuestsRequest& request) {
    return here_.members.BatchReassignGuests(As(by), request);
  }
  std::function<absl::Status(const rpc::Call&)> Asking(const v1::BatchReassignGuestsRequest& request) {
    return [this, request](const rpc::Call& call) {
      return here_.members.BatchReassignGuests(call, request).status();
    };
  }
  // "OK" or the reason of each, in order.
  static std::vector<std::string> OutcomesOf(const v1::BatchReassignGuestsResponse& response) {
    std::vector<std::string> outcomes;
    for (const auto& outcome : response.outcomes()) {
      outcomes.push_back(outcome.has_error() ? Told(rpc::FromWire(outcome.error())) : "OK");
    }
    return outcomes;
  }
  std::vector<std::string> BadFields(const v1::BatchReassignGuestsRequest& request) {
    return FieldsOf(Reassign("admin", request).status());
  }
};

TEST_F(SponsorsTest, AChangeIsOneEntryAndSaysWhoItWasBefore) {
  absl::StatusOr<v1::Member> guest;
  const Written written = WrittenBy([&] { guest = Update("admin", NewSponsor("guest", "member")); });
  ASSERT_TRUE(guest.ok()) << guest.status();
  EXPECT_EQ(guest->sponsor(), Id("member"));
  EXPECT_EQ(written.entries, std::vector<rights::Object>{here_.StateOf("guest")});
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_EQ(written.audit[0].action, "member.sponsor_changed");
  EXPECT_EQ(written.audit[0].target, NameOf("guest"));
  EXPECT_NE(written.audit[0].after.find(Id("member")), std::string::npos) << written.audit[0].after;
  EXPECT_NE(written.audit[0].after.find(Id("owner")), std::string::npos) << written.audit[0].after;
  EXPECT_TRUE(WrittenBy([&] { guest = Update("admin", NewSponsor("guest", "member")); }).nothing());
  EXPECT_TRUE(guest.ok()) << guest.status();
}

TEST_F(SponsorsTest, IsAMemberOrAdminDirectOrThroughTheOrganization) {
  for (const char* sponsor : {"member", "admin", "orgadmin", "owner"}) {
    EXPECT_EQ(Told(Update("admin", NewSponsor("guest", sponsor)).status()), "OK") << sponsor;
  }
  for (const char* sponsor : {"viewer", "guest", "locked", "ended", "stranger"}) {
    EXPECT_EQ(FieldsOf(Update("admin", NewSponsor("guest", sponsor)).status()),
              std::vector<std::string>{"member.sponsor"});
    EXPECT_EQ(BadFields(Reassigning({"guest"}, sponsor)), std::vector<std::string>{"sponsor"});
  }
  v1::UpdateMemberRequest nobody = NewSponsor("guest", "member");
  nobody.mutable_member()->clear_sponsor();
  nobody.mutable_update_mask()->add_paths("sponsor");
  EXPECT_EQ(FieldsOf(Update("admin", nobody).status()), std::vector<std::string>{"member.sponsor"});
  EXPECT_EQ(SponsorOf("guest"), Id("owner"));
}

TEST_F(SponsorsTest, WhoIsNoneOfTheGuestsIsToldWhoMayListItsGrants) {
  v1::ListGuestGrantsRequest request;
  request.set_parent(NameOf("guest"));
  const absl::Status status = here_.guest_grants.ListGuestGrants(As("member"), request).status();
  ExpectReason(status, Reason::kRoleTooLow);
  EXPECT_EQ(status.message(),
            "Only admins of the workspace, and owners and admins of its organization, and sponsors of the "
            "guest, can do this.");
  request.set_parent(NameOf("nobody"));
  EXPECT_EQ(here_.guest_grants.ListGuestGrants(As("member"), request).status(), status);
}

TEST_F(SponsorsTest, OnlyGuestsHaveOne) {
  for (const char* user : {"owner", "admin", "member", "viewer"}) {
    ExpectReason(Update("orgadmin", NewSponsor(user, "orgadmin")).status(), Reason::kNotAGuest);
  }
  v1::UpdateMemberRequest promoted = NewSponsor("guest", "admin");
  promoted.mutable_member()->set_role(ROLE_MEMBER);
  ExpectReason(Update("admin", promoted).status(), Reason::kNotAGuest);
}

TEST_F(SponsorsTest, CanBeNamedForWhoBecomesAGuestAndCountsForItsCap) {
  v1::UpdateMemberRequest request = NewRole("viewer", ROLE_GUEST);
  request.mutable_member()->set_sponsor(Id("viewer"));
  EXPECT_EQ(FieldsOf(Update("admin", request).status()), std::vector<std::string>{"member.sponsor"});
  SetCaps(/*cap=*/0, /*sponsor_cap=*/2);  // the owner has two that have not ended
  request.mutable_member()->set_sponsor(Id("owner"));
  ExpectReason(Update("admin", request).status(), Reason::kGuestLimitReached);
  request.mutable_member()->set_sponsor(Id("member"));
  const Written written = WrittenBy([&] { EXPECT_TRUE(Update("admin", request).ok()); });
  EXPECT_EQ(SponsorOf("viewer"), Id("member"));
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_EQ(written.audit[0].action, "member.role_changed");
  EXPECT_NE(written.audit[0].after.find(Id("member")), std::string::npos) << written.audit[0].after;
}

TEST_F(SponsorsTest, OnlyAdminAuthorityReassignsAndNobodyElseLearnsAnything) {
  EXPECT_EQ(TellEverybody(Asking(Reassigning({"guest"}, "member"))), AdminsOnly());
  v1::BatchReassignGuestsRequest senseless;
  senseless.set_parent(ToName(here_.workspace));
  EXPECT_EQ(TellEverybody(Asking(senseless)), AdminsOnly("FIELD_INVALID"));
  ExpectSameRefusals(Asking(Reassigning({"guest"}, "member")), Asking(senseless));
  ExpectSameRefusals(Asking(Reassigning({"guest"}, "member")), Asking(Reassigning({"nobody"}, "nobody")));
}

TEST_F(SponsorsTest, EachGuestHasAnOutcomeOfItsOwnInTheOrderAskedFor) {
  const auto request =
      Reassigning({"locked", "nobody", "guest", "viewer", "orgadmin", "ended", "owner"}, "member");
  absl::StatusOr<v1::BatchReassignGuestsResponse> response;
  const Written written = WrittenBy([&] { response = Reassign("admin", request); });
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(OutcomesOf(*response), (std::vector<std::string>{"OK", "MEMBER_NOT_FOUND", "OK", "NOT_A_GUEST",
                                                             "MEMBER_NOT_FOUND", "OK", "NOT_A_GUEST"}));
  for (int i = 0; i < response->outcomes_size(); ++i) {
    EXPECT_EQ(response->outcomes(i).user(), request.users(i));
  }
  EXPECT_EQ(response->outcomes(0).member().sponsor(), Id("member"));
  EXPECT_EQ(response->outcomes(0).member().name(), NameOf("locked"));
  EXPECT_EQ(response->outcomes(5).member().rights_revision(), LatestRevision());
  EXPECT_EQ(DetailsOf(rpc::FromWire(response->outcomes(1).error()))->metadata,
            (Metadata{{"member", NameOf("nobody")}}));
  EXPECT_EQ(written.entries.size(), 3u);
  ASSERT_EQ(written.audit.size(), 3u);
  for (const Audited& entry : written.audit) EXPECT_EQ(entry.action, "member.sponsor_changed");
  for (const char* guest : {"guest", "locked", "ended"}) EXPECT_EQ(SponsorOf(guest), Id("member"));
  EXPECT_TRUE(WrittenBy([&] { response = Reassign("admin", request); }).nothing());
  EXPECT_EQ(OutcomesOf(*response)[0], "OK");
}

TEST_F(SponsorsTest, EachBadFieldOfABatchIsNamed) {
  EXPECT_EQ(BadFields(Reassigning({}, "member")), std::vector<std::string>{"users"});
  auto request = Reassigning({"guest", "locked", "guest"}, "member");
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"users[2]"});
  request.set_users(0, "somebody");
  request.set_sponsor("");
  EXPECT_EQ(BadFields(request), (std::vector<std::string>{"users[0]", "sponsor"}));
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) many.push_back("nobody" + std::to_string(i));
  EXPECT_TRUE(Reassign("admin", Reassigning(many, "member")).ok());
  many.push_back("one more");
  EXPECT_EQ(BadFields(Reassigning(many, "member")), std::vector<std::string>{"users"});
}

TEST_F(SponsorsTest, AGuestWhoseSponsorLeftIsListedUntilItIsReassigned) {
  const auto listed = [&] {
    v1::ListMembersRequest request;
    request.set_parent(ToName(here_.workspace));
    request.set_without_valid_sponsor(true);
    std::vector<std::string> users;
    const auto page = here_.members.ListMembers(As("admin"), request);
    for (const v1::Member& guest : page->members()) {
      users.push_back(guest.user());
    }
    return users;
  };
  ASSERT_TRUE(Update("admin", NewSponsor("guest", "member")).ok());
  EXPECT_EQ(listed(), std::vector<std::string>());
  ASSERT_TRUE(Update("admin", NewRole("member", ROLE_VIEWER)).ok());
  EXPECT_EQ(listed(), std::vector<std::string>{Id("guest")});
  ASSERT_TRUE(Reassign("admin", Reassigning({"guest"}, "orgadmin")).ok());
  EXPECT_EQ(listed(), std::vector<std::string>());
}

TEST_F(SponsorsTest, TheAuthorityIsJudgedAgainForEachGuest) {
  const auto head = here_.NewSession();  // keeps the removal from committing
  ASSERT_TRUE(head->Script("BEGIN; SELECT FROM rights_heads FOR UPDATE").ok());
  std::thread removal([&] { EXPECT_TRUE(here_.Remove("owner", "admin").ok()); });
  here_.AwaitWaiters(1);
  absl::StatusOr<v1::BatchReassignGuestsResponse> response;
  std::thread batch([&] { response = Reassign("admin", Reassigning({"guest", "locked"}, "member")); });
  here_.AwaitWaiters(2);
  ASSERT_TRUE(head->Script("COMMIT").ok());
  removal.join();
  batch.join();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(OutcomesOf(*response), (std::vector<std::string>{"ROLE_TOO_LOW", "ROLE_TOO_LOW"}));
  EXPECT_EQ(SponsorOf("guest"), Id("owner"));
}

TEST_F(SponsorsTest, ADatabaseThatIsAwayIsAskedOnceForTheWholeBatch) {
  LostStore lost(here_.pool, here_.recorder);
  Members members(lost, here_.pages);
  const auto response = members.BatchReassignGuests(As("admin"), Reassigning({"guest", "locked"}, "member"));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(OutcomesOf(*response),
            (std::vector<std::string>{"DATABASE_UNAVAILABLE", "DATABASE_UNAVAILABLE"}));
  EXPECT_EQ(lost.asked, 1);
}

}  // namespace
}  // namespace guestpass::membership
