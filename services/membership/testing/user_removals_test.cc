// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "services/membership/testing/hooked_upkeep.h"
#include "services/membership/testing/organization_cast.h"

namespace guestpass::membership {
namespace {

using type::v1::ROLE_ADMIN;

class UserRemovalsTest : public OrganizationCast {
 protected:
  using Response = v1::RemoveUserFromOrganizationResponse;

  v1::RemoveUserFromOrganizationRequest Request(const std::string& user) const {
    v1::RemoveUserFromOrganizationRequest request;
    request.set_organization(Name());
    request.set_user(user.empty() ? "malformed" : IdOf(user).ToString());
    return request;
  }
  absl::StatusOr<Response> RemoveAs(const std::string& by,
                                    const v1::RemoveUserFromOrganizationRequest& request) {
    rpc::Call call = As(by);
    call.deadline = absl::InfiniteFuture();
    return removals_.RemoveUserFromOrganization(call, request);
  }
  Response RemoveUser(const std::string& user) {
    const auto response = RemoveAs("owner", Request(user));
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(Response());
  }

  static std::string NameIn(const WorkspaceId& workspace, const std::string& user) {
    return guestpass::MemberName{workspace, IdOf(user)}.ToString();
  }
  int64_t Records(const std::string& user) {
    return here_.Count(
        absl::StrCat("SELECT count(*) FROM members WHERE user_id = '", IdOf(user).text(), "'"));
  }
  absl::Status RemoveMember(const WorkspaceId& workspace, const std::string& user) {
    v1::DeleteMemberRequest request;
    request.set_name(NameIn(workspace, user));
    return here_.members.DeleteMember(As("owner"), request).status();
  }
  absl::Status DeleteWorkspace(const WorkspaceId& workspace) {
    v1::DeleteWorkspaceRequest request;
    request.set_name(ToName(workspace));
    return here_.workspaces.DeleteWorkspace(As("owner"), request).status();
  }
  // Blocked ones as "workspaces/… REASON".
  static std::vector<std::string> Blocked(const Response& response) {
    std::vector<std::string> blocked;
    for (const auto& each : response.blocked()) {
      EXPECT_FALSE(each.message().empty());
      blocked.push_back(absl::StrCat(each.member(), " ", each.reason()));
    }
    return blocked;
  }

  HookedUpkeep upkeep_{here_.pool};
  UserRemovals removals_{here_.store, upkeep_};
};

TEST_F(UserRemovalsTest, OwnersAndOperatorsRemoveAUserAndOthersLearnNothing) {
  const auto remove = [&](const v1::RemoveUserFromOrganizationRequest& request) {
    return [&, request](const rpc::Call& call) {
      return removals_.RemoveUserFromOrganization(call, request).status();
    };
  };
  Answers expected;
  for (const std::string& name : Everybody()) expected[name] = "ROLE_TOO_LOW";
  expected.erase("owner");
  expected.erase("operator");
  EXPECT_EQ(TellEverybody(remove(Request("member"))), expected);
  v1::RemoveUserFromOrganizationRequest elsewhere = Request("member");
  elsewhere.set_organization(nowhere_);
  for (const std::string caller : {"admin", "ended", "stranger"}) {
    const absl::Status refused = remove(Request("member"))(As(caller));
    EXPECT_EQ(DetailsOf(refused)->metadata, (Metadata{{"role", "NONE"}}));
    EXPECT_EQ(remove(Request("nobody"))(As(caller)), refused);
    EXPECT_EQ(remove(Request(""))(As(caller)), refused);
    EXPECT_EQ(remove(elsewhere)(As(caller)), refused);
  }
  EXPECT_EQ(DetailsOf(remove(Request(""))(As("orgadmin")))->metadata, (Metadata{{"role", "ORG_ADMIN"}}));
  EXPECT_EQ(Told(remove(elsewhere)(As("operator"))), "ORGANIZATION_NOT_FOUND");
  EXPECT_EQ(FieldsOf(remove(Request(""))(As("owner"))), std::vector<std::string>{"user"});
  elsewhere.set_organization("organizations");
  EXPECT_EQ(FieldsOf(remove(elsewhere)(As("stranger"))), std::vector<std::string>{"organization"});
}

TEST_F(UserRemovalsTest, AUserGoesFromEveryWorkspaceOfTheOrganizationThatStandsAndFromNoOther) {
  const WorkspaceId deleted = AddWorkspace();
  for (const WorkspaceId& workspace : {AddWorkspace(), AddWorkspace(), deleted}) {
    ASSERT_EQ(Told(AddDirect(workspace, "member")), "OK");
  }
  ASSERT_EQ(Told(DeleteWorkspace(deleted)), "OK");
  const WorkspaceId foreign = AddWorkspace();
  ASSERT_EQ(Told(AddDirect(foreign, "member")), "OK");
  ASSERT_TRUE(here_.NewSession()
                  ->Script(absl::StrCat(
                      "INSERT INTO organizations VALUES ('other', 3, 'other', 0); UPDATE workspaces "
                      "SET organization = 'other', shard = 3 WHERE id = '",
                      foreign.text(), "'"))
                  .ok());
  const Response response = RemoveUser("member");
  EXPECT_EQ(response.removed(), 3);
  EXPECT_TRUE(response.done());
  EXPECT_EQ(response.remaining(), 0);
  EXPECT_EQ(response.blocked_size(), 0);
  EXPECT_EQ(response.rights_revision(), LatestRevision());
  EXPECT_EQ(
      here_.Count(absl::StrCat("SELECT count(*) FROM members m JOIN workspaces w ON w.id = m.workspace WHERE "
                               "user_id = '",
                               IdOf("member").text(), "' AND organization = '", here_.organization.text(),
                               "' AND NOT deleted")),
      0);
  EXPECT_EQ(
      here_.Count(absl::StrCat("SELECT count(*) FROM members WHERE workspace = '", foreign.text(), "'")), 2);
}

TEST_F(UserRemovalsTest, AnAdminLosesItsRoleFirstAndWithItWhatThatAloneGave) {
  const WorkspaceId other = AddWorkspace();
  const ChannelId through_role = AddPrivateChannel(other, "orgadmin");
  ASSERT_EQ(Told(AddDirect(here_.workspace, "orgadmin", ROLE_ADMIN)), "OK");
  const ChannelId as_member = AddPrivateChannel(here_.workspace, "orgadmin");
  const UserId user = IdOf("orgadmin");
  const Written written = WrittenBy([&] { EXPECT_EQ(RemoveUser("orgadmin").removed(), 1); });
  EXPECT_EQ(written.entries, (std::vector<rights::Object>{
                                 rights::OrganizationMemberState{here_.organization, user, std::nullopt},
                                 rights::ParticipantState{.channel = through_role, .user = user},
                                 rights::MemberState{.workspace = here_.workspace, .user = user},
                                 rights::ParticipantState{.channel = as_member, .user = user}}));
  std::vector<std::string> actions;
  for (const Audited& audited : written.audit) {
    EXPECT_EQ(audited.actor, IdOf("owner"));
    actions.push_back(audited.action);
  }
  EXPECT_EQ(actions, (std::vector<std::string>{"organization.member_removed", "channel.participant_removed",
                                               "organization.user_removed", "member.removed",
                                               "channel.participant_removed"}));
  EXPECT_EQ(written.audit[3].target, here_.MemberName("orgadmin"));
  EXPECT_EQ(here_.Count(absl::StrCat("SELECT count(*) FROM removed_members WHERE user_id = '", user.text(),
                                     "' AND place = '", here_.workspace.text(), "'")),
            1);
}

TEST_F(UserRemovalsTest, WhereAUserIsTheLastAdminItIsReportedAndLeft) {
  std::vector<WorkspaceId> workspaces;
  for (int i = 0; i < 4; ++i) workspaces.push_back(AddWorkspace());
  std::sort(workspaces.begin(), workspaces.end());
  for (const WorkspaceId& workspace : workspaces)
    ASSERT_EQ(Told(AddDirect(workspace, "ann", ROLE_ADMIN)), "OK");
  for (int i : {0, 2}) {
    ASSERT_TRUE(here_.NewSession()
                    ->Script(absl::StrCat("DELETE FROM members WHERE workspace = '", workspaces[i].text(),
                                          "' AND user_id = '", IdOf("owner").text(), "'"))
                    .ok());
  }
  const std::vector<std::string> blocked{NameIn(workspaces[0], "ann") + " LAST_ADMIN",
                                         NameIn(workspaces[2], "ann") + " LAST_ADMIN"};
  const Response response = RemoveUser("ann");
  EXPECT_EQ(response.removed(), 2);
  EXPECT_TRUE(response.done());
  EXPECT_EQ(Blocked(response), blocked);
  EXPECT_EQ(Records("ann"), 2);
  ASSERT_EQ(Told(AddDirect(workspaces[0], "ben", ROLE_ADMIN)), "OK");
  const Response again = RemoveUser("ann");
  EXPECT_EQ(again.removed(), 1);
  EXPECT_EQ(Blocked(again), std::vector<std::string>{blocked[1]});
}

TEST_F(UserRemovalsTest, AnOwnersPlaceIsReportedInEachWorkspaceAndLeft) {
  const WorkspaceId other = AddWorkspace();
  std::vector<std::string> blocked = {ToName(here_.organization) + " ORG_OWNER_PROTECTED"};
  for (const WorkspaceId& workspace : {here_.workspace, other}) {
    blocked.push_back(NameIn(workspace, "owner") + " ORG_OWNER_PROTECTED");
  }
  std::sort(blocked.begin(), blocked.end());
  const Written written = WrittenBy([&] {
    const auto response = RemoveAs("operator", Request("owner"));
    EXPECT_EQ(Blocked(*response), blocked);
    EXPECT_EQ(response->removed(), 0);
    EXPECT_TRUE(response->done());
  });
  EXPECT_TRUE(written.nothing());
  EXPECT_EQ(RoleOf("owner"), "OWNER");
}

TEST_F(UserRemovalsTest, WhoIsNowhereIsRemovedFromNothingButKeptOut) {
  const Written written = WrittenBy([&] {
    const Response response = RemoveUser("stranger");
    EXPECT_EQ(response.removed(), 0);
    EXPECT_TRUE(response.done());
    EXPECT_FALSE(response.rights_revision().empty());
  });
  EXPECT_EQ(written.entries, (std::vector<rights::Object>{rights::OrganizationMemberState{
                                 here_.organization, IdOf("stranger"), std::nullopt}}));
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_EQ(written.audit[0].action, "organization.user_removed");
  EXPECT_EQ(written.audit[0].target, Name());
}

TEST_F(UserRemovalsTest, ADryRunTellsWhatWouldBeAndChangesNothing) {
  const WorkspaceId blocked = AddWorkspace(), free = AddWorkspace();
  for (const WorkspaceId& workspace : {blocked, free, here_.workspace}) {
    ASSERT_EQ(Told(AddDirect(workspace, "orgadmin", ROLE_ADMIN)), "OK");
  }
  ASSERT_TRUE(here_.NewSession()
                  ->Script(absl::StrCat("DELETE FROM members WHERE workspace = '", blocked.text(),
                                        "' AND user_id = '", IdOf("owner").text(), "'"))
                  .ok());
  v1::RemoveUserFromOrganizationRequest request = Request("orgadmin");
  request.set_validate_only(true);
  absl::StatusOr<Response> dry;
  EXPECT_TRUE(WrittenBy([&] { dry = RemoveAs("owner", request); }).nothing());
  ASSERT_TRUE(dry.ok()) << dry.status();
  EXPECT_EQ(RoleOf("orgadmin"), "ADMIN");
  EXPECT_EQ(Records("orgadmin"), 3);
  const Response real = RemoveUser("orgadmin");
  EXPECT_EQ(real.removed(), 2);
  EXPECT_EQ(real.removed(), dry->removed());
  EXPECT_EQ(Blocked(real), Blocked(*dry));
  EXPECT_EQ(real.done(), dry->done());
}

TEST_F(UserRemovalsTest, AnOperatorsRemovalIsAuditedAsThePlatforms) {
  const Written written = WrittenBy([&] { EXPECT_TRUE(RemoveAs("operator", Request("member")).ok()); });
  ASSERT_EQ(written.audit.size(), 2u);
  EXPECT_EQ(written.audit[1].action, "member.removed");
  EXPECT_EQ(written.audit[1].before, R"({"role": "MEMBER"})");
  for (const Audited& audited : written.audit) {
    EXPECT_EQ(audited.actor, IdOf("operator"));
    EXPECT_TRUE(audited.platform);
  }
}

TEST_F(UserRemovalsTest, TheCallersRightIsJudgedAgainInEveryTransaction) {
  ASSERT_EQ(Told(Add("owner", "ann", kOwner)), "OK");
  upkeep_.hook = [&] { ASSERT_EQ(Told(Remove("ann", "owner")), "OK"); };
  EXPECT_EQ(Told(RemoveAs("owner", Request("member")).status()), "ROLE_TOO_LOW");
  EXPECT_EQ(Records("member"), 1);
}

TEST_F(UserRemovalsTest, WhoBecomesTheLastAdminMeanwhileStays) {
  upkeep_.hook = [&] {
    ASSERT_TRUE(here_.NewSession()
                    ->Script(absl::StrCat("DELETE FROM members WHERE role = 'ADMIN' AND user_id <> '",
                                          IdOf("admin").text(), "'"))
                    .ok());
  };
  const Response response = RemoveUser("admin");
  EXPECT_EQ(response.removed(), 0);
  EXPECT_EQ(Blocked(response), std::vector<std::string>{here_.MemberName("admin") + " LAST_ADMIN"});
}

TEST_F(UserRemovalsTest, WhoBecomesAnOwnerMeanwhileStays) {
  upkeep_.hook = [&] { ASSERT_EQ(Told(Add("owner", "member", kOwner)), "OK"); };
  const Response response = RemoveUser("member");
  EXPECT_EQ(Blocked(response), std::vector<std::string>{here_.MemberName("member") + " ORG_OWNER_PROTECTED"});
}

TEST_F(UserRemovalsTest, WhatWentMeanwhileIsNothingToReport) {
  const WorkspaceId other = AddWorkspace();
  ASSERT_EQ(Told(AddDirect(other, "member")), "OK");
  upkeep_.hook = [&] {
    ASSERT_EQ(Told(RemoveMember(here_.workspace, "member")), "OK");
    v1::DeleteWorkspaceRequest request;
    ASSERT_TRUE(
        here_.NewSession()
            ->Script(absl::StrCat("UPDATE workspaces SET deleted = true WHERE id = '", other.text(), "'"))
            .ok());
  };
  const Response response = RemoveUser("member");
  EXPECT_EQ(response.removed(), 0);
  EXPECT_EQ(response.blocked_size(), 0);
  EXPECT_TRUE(response.done());
  EXPECT_EQ(Records("member"), 1) << "the deleted workspace's record is not looked at";
}

}  // namespace
}  // namespace guestpass::membership
