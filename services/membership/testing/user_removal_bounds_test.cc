// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/rights/names.h"
#include "services/membership/testing/hooked_upkeep.h"
#include "services/membership/testing/organization_cast.h"

namespace guestpass::membership {
namespace {

// Lets no member of the workspace $0 be removed.
constexpr char kConflicts[] = R"sql(
  CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql
    AS $$$$BEGIN RAISE EXCEPTION 'a rival' USING ERRCODE = '40001'; END$$$$;
  CREATE TRIGGER conflicts BEFORE DELETE ON members FOR EACH ROW WHEN (OLD.workspace = '$0')
    EXECUTE FUNCTION conflict();
)sql";

// What a removal from an organization binds, from when, and what one removal is.
class UserRemovalBoundsTest : public OrganizationCast {
 protected:
  using Request = v1::RemoveUserFromOrganizationRequest;
  using Response = v1::RemoveUserFromOrganizationResponse;
  using Invite = rights::v1::JoinMemberRequest;

  Request RequestFor(const std::string& user, const std::string& request_id = "") const {
    Request request;
    request.set_organization(Name());
    request.set_user(IdOf(user).ToString());
    request.set_request_id(request_id);
    return request;
  }
  absl::StatusOr<Response> Ask(const Request& request, absl::Time deadline = absl::InfiniteFuture(),
                               const std::string& by = "owner") {
    rpc::Call call = As(by);
    call.deadline = deadline;
    return removals_.RemoveUserFromOrganization(call, request);
  }
  Response Remove(const Request& request, absl::Time deadline = absl::InfiniteFuture()) {
    const auto response = Ask(request, deadline);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(Response());
  }

  std::string Join(const std::string& user, const std::string& address, const WorkspaceId& workspace,
                   Invite invite) {
    invite.set_join_key(absl::StrCat(invite.join_key(), workspace.text(), user));
    invite.set_workspace(workspace.ToString());
    invite.set_role(type::v1::ROLE_MEMBER);
    invite.clear_channels();
    rpc::Call call = Installation::AsService("invite", user);
    call.caller.user->email = address;
    return Told(here_.rights.JoinMember(call, invite).status());
  }
  std::string Join(const std::string& user, const WorkspaceId& workspace, const Invite& invite) {
    return Join(user, user + "@example.com", workspace, invite);
  }
  void ShowAddress(const std::string& user, const std::string& address) {
    rights::v1::SetMemberEmailRequest request;
    request.set_workspace(here_.workspace.ToString());
    rpc::Call call = Installation::AsService("invite", user);
    call.caller.user->email = address;
    EXPECT_TRUE(here_.rights.SetMemberEmail(call, request).ok());
  }
  int64_t Removals() {
    return here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'organization.user_removed'");
  }
  // Of more workspaces, in order.
  std::vector<WorkspaceId> AddWorkspacesWith(const std::string& user, int count) {
    std::vector<WorkspaceId> workspaces;
    for (int i = 0; i < count; ++i) workspaces.push_back(AddWorkspace());
    for (const WorkspaceId& workspace : workspaces) EXPECT_EQ(Told(AddDirect(workspace, user)), "OK");
    std::sort(workspaces.begin(), workspaces.end());
    return workspaces;
  }

  HookedUpkeep upkeep_{here_.pool};
  UserRemovals removals_{here_.store, upkeep_};
  const WorkspaceId other_ = AddWorkspace();  // of which nobody but "owner" is a member
};

TEST_F(UserRemovalBoundsTest, NoInviteMadeBeforeLetsTheUserIntoAnyWorkspaceAndALaterOneDoes) {
  const Invite before = here_.InviteBy("owner", "before");
  Remove(RequestFor("member"));
  EXPECT_EQ(Join("member", here_.workspace, before), "INVITE_NO_LONGER_VALID");
  EXPECT_EQ(Join("member", other_, before), "INVITE_NO_LONGER_VALID");
  EXPECT_EQ(Join("members-second-account", "member@example.com", other_, before), "INVITE_NO_LONGER_VALID");
  EXPECT_EQ(Join("stranger", other_, before), "OK");
  const Invite after = here_.InviteBy("owner", "after");
  for (const WorkspaceId& workspace : {here_.workspace, other_}) {
    EXPECT_EQ(Join("member", workspace, after), "OK");
  }
}

TEST_F(UserRemovalBoundsTest, AnAddressThatIsErasedWhileARemovalBeginsDoesNotComeBack) {
  upkeep_.after_addresses = [&] {
    v1::EraseUserRequest erase;
    erase.set_user(IdOf("member").ToString());
    EXPECT_TRUE(here_.user_removals.EraseUser(As("operator"), erase)->done());
  };
  EXPECT_EQ(Remove(RequestFor("member")).removed(), 1);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM removed_members WHERE address_hash <> ''"), 0);
}

TEST_F(UserRemovalBoundsTest, AnAddressThatIsShownMeanwhileIsBoundEverywhereFromTheBeginning) {
  const Invite before = here_.InviteBy("owner", "before");
  upkeep_.after_addresses = [&] { ShowAddress("member", "new@example.com"); };
  Invite meanwhile;
  upkeep_.hook = [&] { meanwhile = here_.InviteBy("owner", "meanwhile"); };
  EXPECT_EQ(Remove(RequestFor("member")).removed(), 1);
  EXPECT_EQ(Join("members-second-account", "new@example.com", other_, before), "INVITE_NO_LONGER_VALID");
  EXPECT_EQ(Join("members-second-account", "new@example.com", other_, meanwhile), "OK");
}

TEST_F(UserRemovalBoundsTest, AnAddressThatIsShownMeanwhileIsBoundAfterWhoeverIsJoiningInAnotherWorkspace) {
  absl::Notification began;
  std::thread joiner;
  upkeep_.hook = [&] {
    ShowAddress("member", "new@example.com");
    joiner = std::thread([&] {
      const auto wait = [&](MembershipTx&, const Locked&) -> absl::Status {
        began.Notify();
        here_.AwaitWaiters(1);
        return absl::OkStatus();
      };
      EXPECT_TRUE(here_.store.Transact({.workspace = other_}, {}, wait).ok());
    });
    began.WaitForNotification();
  };
  EXPECT_EQ(Remove(RequestFor("member")).removed(), 1);
  joiner.join();
}

TEST_F(UserRemovalBoundsTest, WhoLosesARoleOrLeavesIsLetInNowhereByAnInviteMadeBefore) {
  ASSERT_EQ(Told(Add("owner", "ann", kOwner)), "OK");
  const Invite before = here_.InviteBy("owner", "before");
  ASSERT_EQ(Told(OrganizationCast::Remove("owner", "orgadmin")), "OK");
  ASSERT_EQ(Told(OrganizationCast::Remove("ann", "ann")), "OK");
  const Invite after = here_.InviteBy("owner", "after");
  for (const std::string user : {"orgadmin", "ann"}) {
    for (const WorkspaceId& workspace : {here_.workspace, other_}) {
      EXPECT_EQ(Join(user, workspace, before), "INVITE_NO_LONGER_VALID") << user;
      EXPECT_EQ(Join(user, workspace, after), "OK") << user;
    }
  }
  EXPECT_EQ(Join("stranger", other_, before), "OK");
}

TEST_F(UserRemovalBoundsTest, CallsWithTheSameIdAreOneRemovalAndOthersAreTheirOwn) {
  const Request request = RequestFor("member", "r");
  const Response first = Remove(request, absl::Now());
  EXPECT_FALSE(first.done());
  EXPECT_EQ(first.remaining(), 1);
  Invite since = here_.InviteBy("owner", "since");
  const Response second = Remove(request);
  EXPECT_TRUE(second.done());
  EXPECT_EQ(second.removed(), 1);
  EXPECT_TRUE(Remove(request).done()) << "a retry";
  EXPECT_EQ(Removals(), 1);
  EXPECT_EQ(Join("member", other_, since), "OK");
  for (const std::string id : {"another", "", ""}) {
    since = here_.InviteBy("owner", absl::StrCat("since", Removals()));
    Remove(RequestFor("member", id));
    EXPECT_EQ(Join("member", other_, since), "INVITE_NO_LONGER_VALID") << id;
  }
  EXPECT_EQ(Removals(), 4);
  EXPECT_EQ(Told(Ask(RequestFor("viewer", "r")).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(FieldsOf(Ask(RequestFor("viewer", "a b")).status()), std::vector<std::string>{"request_id"});
}

TEST_F(UserRemovalBoundsTest, ARoleThatIsGivenAgainIsNotTakenByARetry) {
  const Request request = RequestFor("orgadmin", "r");
  EXPECT_TRUE(Remove(request).org_role_taken());
  ASSERT_EQ(Told(Add("owner", "orgadmin", kAdmin)), "OK");
  EXPECT_TRUE(Remove(request).org_role_taken()) << "as the removal did";
  EXPECT_EQ(RoleOf("orgadmin"), "ADMIN");
}

TEST_F(UserRemovalBoundsTest, AnOwnersRemovalBeginsWhenTheOwnershipIsTaken) {
  const Request request = RequestFor("ann", "r");
  ASSERT_EQ(Told(Add("owner", "ann", kOwner)), "OK");
  EXPECT_EQ(Remove(request).blocked_size(), 1);
  ASSERT_EQ(Told(Add("owner", "ann", kAdmin)), "OK");
  const Response response = Remove(request);
  EXPECT_EQ(response.blocked_size(), 0);
  EXPECT_TRUE(response.org_role_taken());
}

TEST_F(UserRemovalBoundsTest, AConflictOnTheWayEndsTheCallUnfinishedAndTellsWhatWasDone) {
  const std::vector<WorkspaceId> workspaces = AddWorkspacesWith("ann", 3);
  const auto session = here_.NewSession();
  ASSERT_TRUE(session->Script(absl::Substitute(kConflicts, workspaces[1].text())).ok());
  const Response response = Remove(RequestFor("ann"));
  EXPECT_EQ(response.removed(), 1);
  EXPECT_EQ(response.remaining(), 2);
  EXPECT_FALSE(response.done());
  ASSERT_TRUE(session->Script("DROP TRIGGER conflicts ON members").ok());
  const Response next = Remove(RequestFor("ann"));
  EXPECT_EQ(next.removed(), 2);
  EXPECT_TRUE(next.done());
}

TEST_F(UserRemovalBoundsTest, OnlyWhatPassesIsToldAsUnfinishedAndOnlyAfterTheBeginning) {
  Request dry = RequestFor("member");
  dry.set_validate_only(true);
  upkeep_.fails = Error(Reason::kDatabaseUnavailable, "down");
  EXPECT_EQ(Told(Ask(dry).status()), "DATABASE_UNAVAILABLE");
  const Response response = Remove(RequestFor("member"));
  EXPECT_FALSE(response.done());
  EXPECT_EQ(response.remaining(), 1);
  EXPECT_FALSE(response.rights_revision().empty());
  upkeep_.count_fails = upkeep_.fails;
  EXPECT_FALSE(Remove(RequestFor("member")).done());
  upkeep_.fails = Error(Reason::kInternal, "broken");
  EXPECT_EQ(Told(Ask(RequestFor("member")).status()), "INTERNAL");
}

}  // namespace
}  // namespace guestpass::membership
