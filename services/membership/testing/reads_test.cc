// SPDX-License-Identifier: Apache-2.0
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/membership/testing/records.h"

// Where a viewer stands, its organizations and workspaces, and the audit log.
namespace guestpass::membership {
namespace {

using rights::OrganizationRole;
using rights::Role;
using testing::ElementsAre;
using testing::IsEmpty;

using Names = std::vector<std::string>;

// "owner" has the organization "org", "orgadmin" is its admin and a direct VIEWER of "team", "both" an admin
// of two organizations. "guest" is one of "team", and a MEMBER elsewhere.
class ReadsTest : public testing::Test {
 protected:
  ReadsTest() {
    here_.SetOrganizationRole("owner", "OWNER");
    here_.SetOrganizationRole("orgadmin", "ADMIN");
    here_.SetOrganizationRole("both", "ADMIN");
    here_.SetOrganizationRole("both", "ADMIN", "other");
    here_.AddMember("admin", "ADMIN");
    here_.AddMember("orgadmin", "VIEWER");
    here_.AddMember("guest", "MEMBER", "elsewhere");
    here_.AddChannel("public", "PUBLIC");
    here_.AddGuest("guest", {"public"});
  }

  static Viewing OrganizationAs(const std::string& user, const std::string& organization = "org") {
    return {.organization = Named<OrganizationId>(organization), .user = User(user)};
  }

  View ViewOf(const Viewing& viewing) {
    View seen;
    here_.Read(viewing, [&](MembershipReads&, const View& view) { seen = view; });
    return seen;
  }

  std::vector<WorkspaceView> WorkspacesOf(const Viewing& viewing) {
    std::vector<WorkspaceView> listed;
    here_.Read(viewing, [&](MembershipReads& reads, const View&) {
      listed = *reads.ListWorkspaces({}, 1000);
      const auto walked = Walk<WorkspaceId>(
          1, [&](const WorkspaceId& after, int limit) { return reads.ListWorkspaces(after, limit); },
          [](const WorkspaceView& view) { return view.workspace.state.workspace; });
      EXPECT_EQ(NamesOf(walked), NamesOf(listed));
    });
    return listed;
  }

  static Names NamesOf(const std::vector<WorkspaceView>& workspaces) {
    Names names;
    for (const WorkspaceView& view : workspaces) names.push_back(NameOf(view.workspace.state.workspace));
    return names;
  }

  Names OrganizationsOf(const Viewing& viewing) {
    Names names;
    here_.Read(viewing, [&](MembershipReads& reads, const View&) {
      const auto list = [&](const OrganizationId& after, int limit) {
        return reads.ListOrganizations(after, limit);
      };
      for (const auto& organization :
           Walk<OrganizationId>(1, list, [](const auto& last) { return last.id; })) {
        names.push_back(NameOf(organization.id));
      }
      EXPECT_EQ(list({}, 1000)->size(), names.size());
    });
    return names;
  }

  Records here_;
};

TEST_F(ReadsTest, AViewSaysWhereTheViewerStands) {
  const View owner = ViewOf(Records::TeamAs("owner"));
  EXPECT_TRUE(owner.position.organization_exists);
  EXPECT_TRUE(owner.position.workspace_exists);
  EXPECT_EQ(owner.position.organization_role, OrganizationRole::kOwner);
  EXPECT_EQ(owner.position.authority.role, Role::kAdmin);
  EXPECT_EQ(owner.member.has_value(), false);
  EXPECT_EQ(owner.organization->display_name, "org");
  EXPECT_EQ(owner.workspace->display_name, "team");
  EXPECT_EQ(owner.workspace->settings.guest_grace, absl::Hours(24));
  EXPECT_EQ(owner.revision.shard, 7u);
  EXPECT_FALSE(owner.revision.epoch.empty());

  here_.SetTimes("guest", absl::Hours(1), absl::Hours(2));
  const View guest = ViewOf(Records::TeamAs("guest"));
  EXPECT_EQ(guest.position.organization_role, std::nullopt);
  EXPECT_EQ(guest.position.authority.role, Role::kGuest);
  EXPECT_EQ(guest.position.authority.expire_time, guest.member->state.expire_time);
  EXPECT_GT(guest.position.authority.expire_time, guest.position.now);
  EXPECT_THAT(guest.member->state.grants, ElementsAre(Named<ChannelId>("public")));
  EXPECT_EQ(ViewOf(Records::TeamAs("stranger")).position.authority.role, std::nullopt);
  EXPECT_EQ(ViewOf(OrganizationAs("orgadmin")).position.organization_role, OrganizationRole::kAdmin);
}

TEST_F(ReadsTest, WhatDoesNotExistIsAbsentInAView) {
  const View nothing = ViewOf({.workspace = Named<WorkspaceId>("missing"), .user = User("owner")});
  EXPECT_FALSE(nothing.position.organization_exists);
  EXPECT_FALSE(nothing.position.workspace_exists);
  EXPECT_FALSE(nothing.organization.has_value() || nothing.workspace.has_value());
  EXPECT_EQ(nothing.revision.epoch, "");
  Viewing mixed = OrganizationAs("both", "other");
  mixed.workspace = Named<WorkspaceId>("team");
  EXPECT_FALSE(ViewOf(mixed).workspace.has_value());
  EXPECT_FALSE(ViewOf(mixed).position.workspace_exists);
  EXPECT_EQ(ViewOf(mixed).position.authority.role, std::nullopt);
}

TEST_F(ReadsTest, ADeletedWorkspaceIsThereWithoutAuthority) {
  here_.DeleteWorkspace("team");
  for (const std::string user : {"owner", "admin", "guest"}) {
    const View view = ViewOf(Records::TeamAs(user));
    ASSERT_TRUE(view.workspace.has_value());
    EXPECT_TRUE(view.workspace->state.deleted);
    EXPECT_FALSE(view.position.workspace_exists);
    EXPECT_EQ(view.position.authority, rights::Authority());
  }
  EXPECT_EQ(ViewOf(Records::TeamAs("owner")).position.organization_role, OrganizationRole::kOwner);
}

TEST_F(ReadsTest, TheRevisionMovesWithACommitAndEverythingReadIsOfOneMoment) {
  here_.ReadAs("admin", [&](MembershipReads& reads, const View& before) {
    here_.AddMember("later", "MEMBER");
    here_.Run("UPDATE rights_heads SET n = n + 1 WHERE shard = 7");
    EXPECT_THAT(*reads.FindMembers({User("later")}), IsEmpty());
    const View after = ViewOf(Records::TeamAs("admin"));
    EXPECT_EQ(after.revision.n, before.revision.n + 1);
    EXPECT_EQ(after.revision.epoch, before.revision.epoch);
  });
  here_.ReadAs("admin", [](MembershipReads& reads, const View&) {
    EXPECT_EQ(reads.FindMembers({User("later")})->size(), 1u);
  });
}

TEST_F(ReadsTest, WorkspacesAreThoseOfADirectMemberAndThoseOfItsOrganizationsEachOnce) {
  here_.AddWorkspace("second", "org");
  here_.AddWorkspace("gone", "org");
  here_.AddMember("guest", "MEMBER", "gone");
  here_.DeleteWorkspace("gone");
  const auto owners = WorkspacesOf({.user = User("owner")});
  EXPECT_THAT(NamesOf(owners), ElementsAre("second", "team"));
  EXPECT_TRUE(owners[0].via_org && owners[1].via_org);
  EXPECT_EQ(owners[0].authority.role, Role::kAdmin);

  const auto admins = WorkspacesOf({.user = User("orgadmin")});
  EXPECT_THAT(NamesOf(admins), ElementsAre("second", "team"));
  EXPECT_TRUE(admins[0].via_org);
  EXPECT_FALSE(admins[1].via_org);
  EXPECT_EQ(admins[1].authority.role, Role::kAdmin);

  here_.SetTimes("guest", -absl::Hours(1), absl::Hours(2));
  const auto guests = WorkspacesOf({.user = User("guest")});
  EXPECT_THAT(NamesOf(guests), ElementsAre("elsewhere", "team"));
  EXPECT_EQ(guests[0].authority.role, Role::kMember);
  EXPECT_EQ(guests[1].authority.role, Role::kGuest);
  EXPECT_LT(guests[1].authority.expire_time, guests[1].authority.access_end_time);
  EXPECT_FALSE(guests[1].via_org);

  EXPECT_THAT(NamesOf(WorkspacesOf({.user = User("both")})), ElementsAre("elsewhere", "second", "team"));
  EXPECT_THAT(NamesOf(WorkspacesOf({.user = User("stranger")})), IsEmpty());
  EXPECT_THAT(NamesOf(WorkspacesOf({})), IsEmpty());
}

TEST_F(ReadsTest, WorkspacesAreOfTheViewedOrganizationWhereThereIsOne) {
  EXPECT_THAT(NamesOf(WorkspacesOf(OrganizationAs("both"))), ElementsAre("team"));
  EXPECT_THAT(NamesOf(WorkspacesOf(OrganizationAs("both", "other"))), ElementsAre("elsewhere"));
  EXPECT_THAT(NamesOf(WorkspacesOf(OrganizationAs("guest", "other"))), ElementsAre("elsewhere"));
  EXPECT_THAT(NamesOf(WorkspacesOf(OrganizationAs("owner", "missing"))), IsEmpty());
}

TEST_F(ReadsTest, AnOperatorIsShownAllWorkspacesAndWhatItIsThere) {
  here_.AddWorkspace("gone", "org");
  here_.DeleteWorkspace("gone");
  Viewing viewing{.user = User("operator"), .everything = true};
  const auto all = WorkspacesOf(viewing);
  EXPECT_THAT(NamesOf(all), ElementsAre("elsewhere", "team"));
  EXPECT_EQ(all[0].authority.role, std::nullopt);
  EXPECT_FALSE(all[0].via_org);
  viewing = OrganizationAs("orgadmin");
  viewing.everything = true;
  const auto ours = WorkspacesOf(viewing);
  EXPECT_THAT(NamesOf(ours), ElementsAre("team"));
  EXPECT_EQ(ours[0].authority.role, Role::kAdmin);
}

TEST_F(ReadsTest, OrganizationsAreThoseInWhichTheViewerHasARole) {
  EXPECT_THAT(OrganizationsOf({.user = User("both")}), ElementsAre("org", "other"));
  EXPECT_THAT(OrganizationsOf({.user = User("owner")}), ElementsAre("org"));
  EXPECT_THAT(OrganizationsOf({.user = User("admin")}), IsEmpty());
  EXPECT_THAT(OrganizationsOf({.user = User("admin"), .everything = true}), ElementsAre("org", "other"));
}

TEST_F(ReadsTest, AnOrganizationsMembersAreToldToThemAndToOperators) {
  const auto list = [&](const Viewing& viewing) {
    Names names;
    here_.Read(viewing, [&](MembershipReads& reads, const View&) {
      const auto page = [&](const UserId& after, int limit) {
        return reads.ListOrganizationMembers(after, limit);
      };
      for (const auto& member : Walk<UserId>(1, page, [](const auto& last) { return last.user; })) {
        EXPECT_EQ(member.organization, Named<OrganizationId>("org"));
        names.push_back(NameOf(member.user) + (member.role == OrganizationRole::kOwner ? "*" : ""));
      }
    });
    return names;
  };
  EXPECT_THAT(list(OrganizationAs("orgadmin")), ElementsAre("both", "orgadmin", "owner*"));
  EXPECT_THAT(list(OrganizationAs("admin")), IsEmpty());
  Viewing viewing = OrganizationAs("operator");
  viewing.everything = true;
  EXPECT_THAT(list(viewing), ElementsAre("both", "orgadmin", "owner*"));
}

// The audit log: entries 1 to 6, of which 4 is another workspace's and 5 the organization's own.
class AuditReadsTest : public ReadsTest {
 protected:
  AuditReadsTest() {
    here_.AddWorkspace("second", "org");
    Add(1, "team", "admin", "member.created", "workspaces/team/members/a");
    Add(2, "team", "admin", "member.removed", "workspaces/team/members/a");
    Add(3, "team", "owner", "member.created", "workspaces/team/members/b");
    Add(4, "second", "owner", "member.created", "workspaces/second/members/b");
    Add(5, "", "owner", "organization.updated", "organizations/org");
    Add(6, "team", "", "member.ended", "workspaces/team/members/a");
  }

  void Add(int number, const std::string& workspace, const std::string& actor, const std::string& action,
           const std::string& target) {
    here_.Run(
        "INSERT INTO audit_entries VALUES (7, $1::bigint, $2, $3, $4, $5, $4::text IS NULL, $6, $7, NULL, "
        "'{\"role\": \"GUEST\"}', 1000, 900, 'request')",
        postgres::Params::Of(number, Named<OrganizationId>("org"),
                             workspace.empty() ? WorkspaceId() : Named<WorkspaceId>(workspace),
                             actor.empty() ? UserId() : User(actor),
                             actor.empty() ? std::optional<std::string>("guest-expiry") : std::nullopt,
                             action, target));
  }

  std::vector<int64_t> NumbersOf(const Viewing& viewing, const AuditQuery& query, int limit = 1000) {
    std::vector<int64_t> numbers;
    here_.Read(viewing, [&](MembershipReads& reads, const View&) {
      const AuditPage page = *reads.ListAudit(query, limit);
      for (const AuditRecord& record : page.records) numbers.push_back(record.number);
      read_to_ = page.read_to;
    });
    return numbers;
  }

  std::optional<int64_t> read_to_;  // as the latest page says
};

TEST_F(AuditReadsTest, AWorkspacesLogIsReadByItsAdminsInTheOrderOfNumbers) {
  const Viewing admin = Records::TeamAs("admin");
  EXPECT_THAT(NumbersOf(admin, {}), ElementsAre(1, 2, 3, 6));
  EXPECT_THAT(NumbersOf(Records::TeamAs("owner"), {}), ElementsAre(1, 2, 3, 6));
  for (const std::string user : {"guest", "stranger"}) {
    EXPECT_THAT(NumbersOf(Records::TeamAs(user), {}), IsEmpty());
  }
  EXPECT_THAT(NumbersOf(admin, {.after_number = 2}), ElementsAre(3, 6));
  EXPECT_THAT(NumbersOf(admin, {.after_number = 1}, 2), ElementsAre(2, 3));
  EXPECT_THAT(NumbersOf(admin, {.whole_organization = true}), IsEmpty());
}

TEST_F(AuditReadsTest, AnOrganizationsLogIsReadByItsAdminsWithAllOfItsWorkspaces) {
  EXPECT_THAT(NumbersOf(OrganizationAs("orgadmin"), {.whole_organization = true}),
              ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(NumbersOf(OrganizationAs("both", "other"), {.whole_organization = true}), IsEmpty());
  EXPECT_THAT(NumbersOf(OrganizationAs("admin"), {.whole_organization = true}), IsEmpty());
}

TEST_F(AuditReadsTest, AnOperatorReadsADeletedWorkspacesLog) {
  here_.DeleteWorkspace("team");
  Viewing viewing = Records::TeamAs("operator");
  EXPECT_THAT(NumbersOf(viewing, {}), IsEmpty());
  viewing.everything = true;
  EXPECT_THAT(NumbersOf(viewing, {}), ElementsAre(1, 2, 3, 6));
}

TEST_F(AuditReadsTest, IsFilteredByActionTargetAndActor) {
  const Viewing admin = Records::TeamAs("admin");
  EXPECT_THAT(NumbersOf(admin, {.action = "member.created"}), ElementsAre(1, 3));
  EXPECT_THAT(NumbersOf(admin, {.target = "workspaces/team/members/a"}), ElementsAre(1, 2, 6));
  EXPECT_THAT(NumbersOf(admin, {.actor = User("owner")}), ElementsAre(3));
  EXPECT_THAT(NumbersOf(admin, {.action = "member.created", .actor = User("admin")}), ElementsAre(1));
}

TEST_F(AuditReadsTest, NoMoreThanTenThousandAreLookedAtHoweverFewAreAskedFor) {
  here_.Run(
      "INSERT INTO audit_entries SELECT 7, 10 * i, $1, $2, NULL, NULL, false, CASE WHEN i IN (10000, 10001, "
      "20000) THEN 'rare' ELSE 'usual' END, 'target', NULL, NULL, 1000, 900, 'request' FROM "
      "generate_series(1, 20000) i",
      postgres::Params::Of(Named<OrganizationId>("org"), Named<WorkspaceId>("team")));
  const Viewing admin = Records::TeamAs("admin");
  EXPECT_THAT(NumbersOf(admin, {.after_number = 9, .action = "rare"}), ElementsAre(100'000));
  EXPECT_EQ(read_to_, 100'000) << "the last one, asked for";
  EXPECT_THAT(NumbersOf(admin, {.after_number = 6, .action = "member.created"}), IsEmpty());
  EXPECT_EQ(read_to_, 100'000) << "the last one, not asked for";
  EXPECT_THAT(NumbersOf(admin, {.action = "rare"}), IsEmpty());
  EXPECT_EQ(read_to_, 99'960) << "behind 1, 2, 3 and 6";
  EXPECT_THAT(NumbersOf(admin, {.after_number = 100'000, .action = "rare"}, 1), ElementsAre(100'010));
  EXPECT_EQ(read_to_, std::nullopt) << "the page is full before";
  EXPECT_THAT(NumbersOf(admin, {.after_number = 100'010, .action = "rare"}), ElementsAre(200'000));
  EXPECT_EQ(read_to_, std::nullopt) << "the log ends before";
  EXPECT_THAT(NumbersOf(admin, {.after_number = 9}, 3), ElementsAre(10, 20, 30));
}

TEST_F(AuditReadsTest, ARecordHasAllThatWasWritten) {
  here_.ReadAs("admin", [](MembershipReads& reads, const View&) {
    const auto records = reads.ListAudit({}, 1000)->records;
    const AuditRecord &first = records.at(0), &last = records.at(3);
    EXPECT_EQ(first.entry.action, "member.created");
    EXPECT_EQ(first.entry.target, "workspaces/team/members/a");
    EXPECT_EQ(first.entry.organization, Named<OrganizationId>("org"));
    EXPECT_EQ(first.entry.workspace, Named<WorkspaceId>("team"));
    EXPECT_EQ(first.before, "");
    EXPECT_EQ(first.after, "{\"role\": \"GUEST\"}");
    EXPECT_EQ(first.actor.user, User("admin"));
    EXPECT_EQ(first.actor.request_id, "request");
    EXPECT_FALSE(first.entry.platform);
    EXPECT_EQ(first.record_time, absl::FromUnixMicros(1000));
    EXPECT_EQ(first.entry.effective_time, absl::FromUnixMicros(900));
    EXPECT_EQ(last.actor.user, UserId());
    EXPECT_EQ(last.actor.service, "guest-expiry");
    EXPECT_TRUE(last.entry.platform);
  });
}

}  // namespace
}  // namespace guestpass::membership
