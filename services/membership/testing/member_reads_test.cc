// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/membership/domain/guest_times.h"
#include "services/membership/testing/records.h"

// Who sees whom (M1, M2), and what lists of members can be asked.
namespace guestpass::membership {
namespace {

using rights::GuestState;
using rights::OrganizationRole;
using rights::Role;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

using Names = std::vector<std::string>;

Names NamesOf(const absl::StatusOr<std::vector<MemberView>>& members) {
  EXPECT_TRUE(members.ok()) << members.status();
  Names names;
  for (const MemberView& view : *members) names.push_back(NameOf(view.member.state.user));
  return names;
}

// A team with an owner who is there through the organization only and an admin of the organization who is a
// direct VIEWER; "gina" is a guest.
class MemberReadsTest : public testing::Test {
 protected:
  MemberReadsTest() {
    here_.SetOrganizationRole("owner", "OWNER");
    here_.SetOrganizationRole("orgadmin", "ADMIN");
    here_.SetOrganizationRole("stranger", "OWNER", "other");
    here_.AddMember("admin", "ADMIN");
    here_.AddMember("member", "MEMBER");
    here_.AddMember("orgadmin", "VIEWER");
    here_.AddMember("viewer", "VIEWER");
    here_.AddMember("faraway", "MEMBER", "elsewhere");
    for (const std::string name : {"public", "publictwo"}) here_.AddChannel(name, "PUBLIC");
    for (const std::string name : {"private", "privatetwo"}) here_.AddChannel(name, "PRIVATE");
    for (const std::string name : {"direct", "directtwo"}) here_.AddChannel(name, "DIRECT");
    here_.AddGuest("gina", {"private", "public"}, "member");
    here_.AddParticipants("direct", {"gina"});
  }

  Names ListAs(const std::string& user, const MemberQuery& query = {}) {
    Names names;
    here_.ReadAs(user, [&](MembershipReads& reads, const View&) {
      names = NamesOf(reads.ListMembers(query, {}, 1000));
      EXPECT_EQ(*reads.CountMembers(query), static_cast<int64_t>(names.size()));
    });
    return names;
  }

  // Whom `user` finds: of those asked for one by one, and the same all at once.
  Names FindAs(const std::string& user, const Names& asked) {
    Names found;
    here_.ReadAs(user, [&](MembershipReads& reads, const View&) {
      std::vector<UserId> all;
      for (const std::string& name : asked) {
        all.push_back(User(name));
        if (!NamesOf(reads.FindMembers({User(name)})).empty()) found.push_back(name);
      }
      std::sort(found.begin(), found.end());
      EXPECT_THAT(NamesOf(reads.FindMembers(all)), ElementsAreArray(found));
    });
    return found;
  }

  // Lists, finds and counts are alike.
  void ExpectSees(const std::string& user, const Names& expected) {
    EXPECT_THAT(ListAs(user), ElementsAreArray(expected)) << "in " << user << "'s list";
    const auto rows = here_.Run("SELECT user_id FROM members UNION SELECT user_id FROM organization_members");
    Names everybody = {"nobody"};
    for (int row = 0; row < rows.rows(); ++row) everybody.push_back(NameOf(rows.As<UserId>(row, 0)));
    EXPECT_THAT(FindAs(user, everybody), ElementsAreArray(expected)) << "found by " << user;
  }

  Records here_;
};

TEST_F(MemberReadsTest, WhoIsHereThroughTheOrganizationIsListedOnceAndByUserAmongTheOthers) {
  here_.ReadAs("viewer", [](MembershipReads& reads, const View&) {
    const auto members = *reads.ListMembers({}, {}, 1000);
    EXPECT_THAT(NamesOf(members), ElementsAre("admin", "gina", "member", "orgadmin", "owner", "viewer"));
    const MemberView &orgadmin = members[3], &owner = members[4], &viewer = members[5];
    EXPECT_FALSE(orgadmin.via_org);
    EXPECT_EQ(orgadmin.member.state.role, Role::kViewer);
    EXPECT_EQ(orgadmin.organization_role, OrganizationRole::kAdmin);
    EXPECT_TRUE(owner.via_org);
    EXPECT_EQ(owner.member.state.workspace, Named<WorkspaceId>("team"));
    EXPECT_EQ(owner.member.state.role, Role::kAdmin);
    EXPECT_EQ(owner.organization_role, OrganizationRole::kOwner);
    EXPECT_FALSE(viewer.via_org);
    EXPECT_EQ(viewer.organization_role, std::nullopt);
    EXPECT_EQ(viewer.member.address, "viewer@example.com");
  });
}

TEST_F(MemberReadsTest, EveryoneButGuestsSeesEveryone) {
  const Names everyone = {"admin", "gina", "member", "orgadmin", "owner", "viewer"};
  for (const std::string user : {"admin", "member", "viewer", "orgadmin", "owner"})
    ExpectSees(user, everyone);
}

TEST_F(MemberReadsTest, WhoIsNotOfTheWorkspaceSeesNobody) {
  for (const std::string user : {"stranger", "faraway", "nobody"}) ExpectSees(user, {});
  here_.Read({.workspace = Named<WorkspaceId>("team")}, [](MembershipReads& reads, const View&) {
    EXPECT_THAT(NamesOf(reads.ListMembers({}, {}, 1000)), IsEmpty());
  });
}

TEST_F(MemberReadsTest, AnEndedGuestSeesNobody) {
  here_.SetTimes("gina", -absl::Hours(2), -absl::Microseconds(1));
  ExpectSees("gina", {});
  here_.SetTimes("gina", -absl::Hours(2), absl::Hours(1));
  ExpectSees("gina", {"gina"});
}

TEST_F(MemberReadsTest, AGuestSeesItselfAndWhomItSharesAChannelWith) {
  ExpectSees("gina", {"gina"});
  here_.AddGuest("apublic", {"public"});
  here_.AddGuest("bprivate", {"private", "privatetwo"});
  here_.AddGuest("cother", {"publictwo", "privatetwo"});
  here_.AddParticipants("private", {"member", "owner"});
  here_.AddParticipants("privatetwo", {"viewer"});
  here_.AddParticipants("direct", {"admin"});
  here_.AddParticipants("directtwo", {"orgadmin", "cother"});
  ExpectSees("gina", {"admin", "apublic", "bprivate", "gina", "member", "owner"});
  ExpectSees("apublic", {"apublic", "gina"});
  ExpectSees("bprivate", {"bprivate", "cother", "gina", "member", "owner", "viewer"});
  ExpectSees("cother", {"bprivate", "cother", "orgadmin", "viewer"});
}

TEST_F(MemberReadsTest, WhatIsNoLongerSharedIsNoLongerSeen) {
  here_.AddGuest("other", {"public"});
  here_.AddParticipants("private", {"member"});
  here_.AddParticipants("direct", {"admin"});
  ExpectSees("gina", {"admin", "gina", "member", "other"});
  here_.Run("DELETE FROM participants WHERE user_id = $1", postgres::Params::Of(User("admin")));
  ExpectSees("gina", {"gina", "member", "other"});
  here_.Run("UPDATE members SET grants = array[$2] WHERE user_id = $1",
            postgres::Params::Of(User("gina"), Named<ChannelId>("private")));
  ExpectSees("gina", {"gina", "member"});
  here_.Run("DELETE FROM participants WHERE user_id = $1", postgres::Params::Of(User("member")));
  ExpectSees("gina", {"gina"});
}

TEST_F(MemberReadsTest, WhoTakesPartThroughTheOrganizationIsSeenAsSuch) {
  here_.AddParticipants("private", {"owner"});
  here_.ReadAs("gina", [](MembershipReads& reads, const View&) {
    const auto found = *reads.FindMembers({User("owner")});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_TRUE(found[0].via_org);
    EXPECT_EQ(found[0].organization_role, OrganizationRole::kOwner);
  });
}

TEST_F(MemberReadsTest, AGuestWithARoleInTheOrganizationSeesEveryone) {
  here_.SetOrganizationRole("gina", "ADMIN");
  ExpectSees("gina", {"admin", "gina", "member", "orgadmin", "owner", "viewer"});
}

TEST_F(MemberReadsTest, AnOperatorSeesEveryoneWhateverItIsThere) {
  const auto sees_all = [](MembershipReads& reads, const View&) {
    EXPECT_EQ(*reads.CountMembers({}), 6);
    EXPECT_EQ(reads.FindMembers({User("viewer")})->size(), 1u);
    EXPECT_EQ(reads.ListMembers({}, {}, 1000)->size(), 6u);
  };
  here_.ReadAsOperator(sees_all);
  Viewing gina = Records::TeamAs("gina");
  gina.everything = true;
  here_.Read(gina, sees_all);
}

TEST_F(MemberReadsTest, AGuestIsToldOfNoOthersSponsorOrAddress) {
  here_.AddGuest("other", {"public"}, "member");
  here_.ReadAs("gina", [](MembershipReads& reads, const View&) {
    const auto members = *reads.ListMembers({}, {}, 1000);
    ASSERT_THAT(NamesOf(members), ElementsAre("gina", "other"));
    EXPECT_EQ(members[0].member.sponsor, User("member"));
    EXPECT_EQ(members[0].member.address, "gina@example.com");
    EXPECT_EQ(members[1].member.sponsor, UserId());
    EXPECT_EQ(members[1].member.address, "");
  });
  EXPECT_THAT(ListAs("gina", {.sponsor = User("member")}), ElementsAre("gina"));
  EXPECT_THAT(ListAs("other", {.without_valid_sponsor = true}), IsEmpty());
  EXPECT_THAT(ListAs("gina", {.role = Role::kGuest}), ElementsAre("gina", "other"));
}

TEST_F(MemberReadsTest, RolesAreTheDirectOnesAndThroughTheOrganizationAdmin) {
  EXPECT_THAT(ListAs("member", {.role = Role::kAdmin}), ElementsAre("admin", "owner"));
  EXPECT_THAT(ListAs("member", {.role = Role::kMember}), ElementsAre("member"));
  EXPECT_THAT(ListAs("member", {.role = Role::kViewer}), ElementsAre("orgadmin", "viewer"));
  EXPECT_THAT(ListAs("member", {.role = Role::kGuest}), ElementsAre("gina"));
  here_.AddParticipants("private", {"owner", "viewer"});
  EXPECT_THAT(ListAs("gina", {.role = Role::kAdmin}), ElementsAre("owner"));
  EXPECT_THAT(ListAs("gina", {.role = Role::kViewer}), ElementsAre("viewer"));
}

TEST_F(MemberReadsTest, AGuestsStateFollowsFromItsTimesAndIsNeverEarlierThanTheRecordedOne) {
  const absl::Duration past = -absl::Microseconds(1), future = absl::Hours(1);
  for (const std::string guest : {"active", "ended", "endedbyrecord", "locked", "lockedbyrecord"}) {
    here_.AddGuest(guest, {"public"});
  }
  here_.SetTimes("active", future, 2 * future);
  here_.SetTimes("ended", past, past);
  here_.SetTimes("locked", past, future);
  here_.Run("UPDATE members SET recorded_state = 'ENDED' WHERE user_id = $1",
            postgres::Params::Of(User("endedbyrecord")));
  here_.Run("UPDATE members SET recorded_state = 'SOFT_LOCKED' WHERE user_id = $1",
            postgres::Params::Of(User("lockedbyrecord")));
  const std::map<GuestState, Names> expected = {{GuestState::kActive, {"active", "gina"}},
                                                {GuestState::kSoftLocked, {"locked", "lockedbyrecord"}},
                                                {GuestState::kEnded, {"ended", "endedbyrecord"}}};
  for (const auto& [state, names] : expected) {
    EXPECT_THAT(ListAs("member", {.guest_state = state}), ElementsAreArray(names));
    EXPECT_THAT(ListAs("gina", {.guest_state = state}), ElementsAreArray(names));
    here_.ReadAs("member", [state = state](MembershipReads& reads, const View& view) {
      const auto guests = *reads.ListMembers({.guest_state = state}, {}, 1000);
      for (const MemberView& guest : guests) {
        EXPECT_EQ(StateAt(guest.member.state, view.position.now), state);
      }
    });
  }
}

TEST_F(MemberReadsTest, GuestsAreListedBySponsorAndByTime) {
  here_.AddGuest("soon", {"public"}, "admin");
  here_.AddGuest("late", {"public"}, "admin");
  here_.Run("UPDATE members SET expire_us = 1000, access_end_us = 2000 WHERE user_id = $1",
            postgres::Params::Of(User("soon")));
  here_.Run("UPDATE members SET expire_us = 1001, access_end_us = 2000 WHERE user_id = $1",
            postgres::Params::Of(User("late")));
  EXPECT_THAT(ListAs("member", {.sponsor = User("admin")}), ElementsAre("late", "soon"));
  EXPECT_THAT(ListAs("member", {.sponsor = User("member")}), ElementsAre("gina"));
  EXPECT_THAT(ListAs("member", {.expire_before = absl::FromUnixMicros(1000)}), IsEmpty());
  EXPECT_THAT(ListAs("member", {.expire_before = absl::FromUnixMicros(1001)}), ElementsAre("soon"));
  EXPECT_THAT(ListAs("member", {.expire_before = absl::FromUnixMicros(1002)}), ElementsAre("late", "soon"));
  EXPECT_THAT(ListAs("member", {.sponsor = User("admin"), .expire_before = absl::FromUnixMicros(1001)}),
              ElementsAre("soon"));
  EXPECT_THAT(ListAs("member", {.role = Role::kMember, .sponsor = User("admin")}), IsEmpty());
  EXPECT_THAT(ListAs("gina", {.expire_before = absl::FromUnixMicros(1001)}), ElementsAre("soon"));
}

TEST_F(MemberReadsTest, ASponsorIsValidAsAMemberOrAdminOrThroughTheOrganization) {
  const std::map<std::string, std::string> sponsors = {
      {"gadmin", "admin"},   {"gguest", "gina"},        {"ggone", "gone"},   {"gmember", "member"},
      {"gnone", ""},         {"gorgadmin", "orgadmin"}, {"gowner", "owner"}, {"gstranger", "stranger"},
      {"gviewer", "viewer"}, {"gfaraway", "faraway"},
  };
  for (const auto& [guest, sponsor] : sponsors) here_.AddGuest(guest, {"public"}, sponsor);
  EXPECT_THAT(ListAs("member", {.without_valid_sponsor = true}),
              ElementsAre("gfaraway", "ggone", "gguest", "gnone", "gstranger", "gviewer"));
}

TEST_F(MemberReadsTest, PagesNeitherRepeatNorSkip) {
  here_.AddGuest("apublic", {"public"});
  here_.AddParticipants("private", {"member", "owner"});
  here_.AddParticipants("direct", {"member", "viewer"});
  for (const std::string user : {"viewer", "gina"}) {
    const Names all = ListAs(user);
    EXPECT_GE(all.size(), 5u);
    for (const int limit : {1, 2, 3}) {
      here_.ReadAs(user, [&](MembershipReads& reads, const View&) {
        const auto walked = Walk<UserId>(
            limit, [&](const UserId& after, int most) { return reads.ListMembers({}, after, most); },
            [](const MemberView& view) { return view.member.state.user; });
        EXPECT_THAT(NamesOf(walked), ElementsAreArray(all)) << user << " in pages of " << limit;
      });
    }
  }
}

TEST_F(MemberReadsTest, NobodyIsInADeletedWorkspace) {
  here_.DeleteWorkspace("team");
  for (const std::string user : {"admin", "owner", "gina"}) ExpectSees(user, {});
  here_.ReadAsOperator([](MembershipReads& reads, const View&) { EXPECT_EQ(*reads.CountMembers({}), 0); });
}

// The members of all of an organization's workspaces.
class MembersOfAllTest : public MemberReadsTest {
 protected:
  MembersOfAllTest() {
    here_.AddWorkspace("gone", "org");
    here_.AddWorkspace("second", "org");
    here_.AddMember("member", "ADMIN", "gone");
    here_.AddMember("member", "ADMIN", "second");
    here_.AddMember("viewer", "MEMBER", "second");
    here_.DeleteWorkspace("gone");
  }

  static Viewing OrganizationAs(const std::string& user, bool everything = false) {
    return {.organization = Named<OrganizationId>("org"), .user = User(user), .everything = everything};
  }

  static Names PlacesOf(const std::vector<MemberView>& members) {
    Names places;
    for (const MemberView& view : members) {
      places.push_back(NameOf(view.member.state.workspace) + "/" + NameOf(view.member.state.user));
    }
    return places;
  }

  Names ListAll(const Viewing& viewing, const MemberQuery& query = {}) {
    Names places;
    here_.Read(viewing, [&](MembershipReads& reads, const View&) {
      places = PlacesOf(*reads.ListMembersOfAll(query, {}, 1000));
      EXPECT_EQ(*reads.CountMembersOfAll(query), static_cast<int64_t>(places.size()));
    });
    return places;
  }
};

TEST_F(MembersOfAllTest, AreListedByWorkspaceAndUserForTheOrganizationsAdminsAndOperators) {
  const Names all = {"second/member", "second/viewer", "team/admin", "team/gina",
                     "team/member",   "team/orgadmin", "team/viewer"};
  EXPECT_THAT(ListAll(OrganizationAs("owner")), ElementsAreArray(all));
  EXPECT_THAT(ListAll(OrganizationAs("orgadmin")), ElementsAreArray(all));
  EXPECT_THAT(ListAll(OrganizationAs("nobody", true)), ElementsAreArray(all));
  for (const std::string user : {"admin", "gina", "stranger"}) {
    EXPECT_THAT(ListAll(OrganizationAs(user)), IsEmpty());
  }
}

TEST_F(MembersOfAllTest, HaveTheSameFilters) {
  EXPECT_THAT(ListAll(OrganizationAs("owner"), {.role = Role::kAdmin}),
              ElementsAre("second/member", "team/admin"));
  EXPECT_THAT(ListAll(OrganizationAs("owner"), {.sponsor = User("member")}), ElementsAre("team/gina"));
  EXPECT_THAT(ListAll(OrganizationAs("owner"), {.without_valid_sponsor = true}), IsEmpty());
  EXPECT_THAT(ListAll(OrganizationAs("owner"), {.role = Role::kViewer, .guest_state = GuestState::kActive}),
              IsEmpty());
}

TEST_F(MembersOfAllTest, HaveTheirRoleInTheOrganizationAndPagesThatNeitherRepeatNorSkip) {
  here_.Read(OrganizationAs("owner"), [](MembershipReads& reads, const View&) {
    const auto all = *reads.ListMembersOfAll({}, {}, 1000);
    EXPECT_EQ(all.at(5).organization_role, OrganizationRole::kAdmin);
    EXPECT_EQ(all.at(6).organization_role, std::nullopt);
    for (const int limit : {1, 2, 3}) {
      const auto walked = Walk<MemberPlace>(
          limit, [&](const MemberPlace& after, int most) { return reads.ListMembersOfAll({}, after, most); },
          [](const MemberView& view) {
            return MemberPlace{view.member.state.workspace, view.member.state.user};
          });
      EXPECT_EQ(PlacesOf(walked), PlacesOf(all)) << "in pages of " << limit;
    }
  });
}

}  // namespace
}  // namespace guestpass::membership
