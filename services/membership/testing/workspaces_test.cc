// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

class WorkspacesTest : public testing::Test {
 protected:
  WorkspacesTest() {
    here_.AddMember("admin", type::v1::ROLE_ADMIN);
    here_.AddMember("member", type::v1::ROLE_MEMBER);
    here_.AddMember("viewer", type::v1::ROLE_VIEWER);
    here_.AddMember("guest", type::v1::ROLE_GUEST);
  }

  absl::StatusOr<v1::Workspace> Get(const rpc::Call& call) {
    v1::GetWorkspaceRequest request;
    request.set_name(ToName(here_.workspace));
    return here_.workspaces.GetWorkspace(call, request);
  }
  v1::UpdateWorkspaceRequest Renamed(const std::string& display_name) {
    v1::UpdateWorkspaceRequest request;
    request.mutable_workspace()->set_name(ToName(here_.workspace));
    request.mutable_workspace()->set_display_name(display_name);
    return request;
  }
  auto Update(const std::string& by, const v1::UpdateWorkspaceRequest& request) {
    return here_.workspaces.UpdateWorkspace(Installation::As(by), request);
  }
  auto Delete(const rpc::Call& call, bool validate_only = false, const std::string& etag = "") {
    v1::DeleteWorkspaceRequest request;
    request.set_name(ToName(here_.workspace));
    request.set_validate_only(validate_only);
    request.set_etag(etag);
    return here_.workspaces.DeleteWorkspace(call, request);
  }
  v1::ListWorkspacesResponse List(const rpc::Call& call, const std::string& parent = "") {
    v1::ListWorkspacesRequest request;
    request.set_parent(parent);
    const auto response = here_.workspaces.ListWorkspaces(call, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::ListWorkspacesResponse());
  }
  std::string MakeAnother() {
    v1::CreateWorkspaceRequest request;
    request.set_parent(ToName(here_.organization));
    request.mutable_workspace()->set_display_name("Another");
    return here_.workspaces.CreateWorkspace(Installation::As("owner"), request)->name();
  }

  Installation here_;
};

void ExpectReason(const absl::Status& status, Reason reason) {
  EXPECT_TRUE(HasReason(status, reason)) << status;
}

std::set<std::string> FieldsOf(const absl::Status& status) {
  std::set<std::string> fields;
  const auto details = DetailsOf(status);
  if (!details.has_value()) return fields;
  for (const FieldViolation& violation : details->violations) fields.insert(violation.field);
  return fields;
}

TEST_F(WorkspacesTest, EveryMemberReadsItAndGuestsAreNotToldItsSettings) {
  for (const char* name : {"owner", "orgadmin", "admin", "member", "viewer"}) {
    const auto workspace = Get(Installation::As(name));
    ASSERT_TRUE(workspace.ok()) << name << workspace.status();
    EXPECT_EQ(workspace->guest_grace().seconds(), 24 * 3600);
    EXPECT_FALSE(workspace->etag().empty());
    EXPECT_FALSE(workspace->rights_revision().empty());
  }
  const auto for_guest = Get(Installation::As("guest"));
  EXPECT_EQ(for_guest->display_name(), "Workspace");
  EXPECT_FALSE(for_guest->has_guest_grace());
  ExpectReason(Get(Installation::As("stranger")).status(), Reason::kRoleTooLow);
  EXPECT_TRUE(Get(Installation::AsOperator()).ok());
}

TEST_F(WorkspacesTest, AdminAuthorityChangesItInOneEntryAndTheAuditLogNamesNoNames) {
  for (const char* name : {"member", "viewer", "guest", "stranger"}) {
    ExpectReason(Update(name, Renamed("")).status(), Reason::kRoleTooLow);
  }
  const size_t before = here_.recorder.commits().size();
  auto request = Renamed("Secret plans");
  request.mutable_workspace()->set_guest_cap(7);
  request.mutable_workspace()->add_guest_domains("example.com");
  const auto changed = Update("orgadmin", request);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->guest_cap(), 7);
  EXPECT_EQ(changed->display_name(), "Secret plans");
  EXPECT_EQ(changed->guest_grace().seconds(), 24 * 3600);
  const auto commits = here_.recorder.commits();
  ASSERT_EQ(commits.size(), before + 1);
  ASSERT_EQ(commits.back().entries.size(), 1u);
  EXPECT_STREQ(rights::KindOf(commits.back().entries[0].object), "WORKSPACE");
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'workspace.updated' AND "
                        "after->>'guest_cap' = '7'"),
            1);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries a WHERE a::text ~* 'secret|@'"), 0);
}

TEST_F(WorkspacesTest, AnUpdateThatChangesNothingWritesNothingAndAnotherSaysWhatWasBefore) {
  auto request = Renamed("Workspace");
  request.mutable_workspace()->add_guest_domains("a.example");
  ASSERT_TRUE(Update("admin", request).ok());
  const size_t commits = here_.recorder.commits().size();
  ASSERT_TRUE(Update("admin", request).ok());
  EXPECT_EQ(here_.recorder.commits().size(), commits);
  request.mutable_workspace()->set_guest_domains(0, "b.example");
  ASSERT_TRUE(Update("admin", request).ok());
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'workspace.updated' AND "
                        "before->>'guest_domains' = 'a.example' AND after->>'guest_domains' = 'b.example'"),
            1);
}

TEST_F(WorkspacesTest, AMaskNamesWhatChangesAndWhatItNamesAndIsAbsentIsTakenAway) {
  v1::UpdateWorkspaceRequest request = Renamed("Other");
  *request.mutable_workspace()->mutable_maximum_guest_lifetime() = rpc::ToProto(absl::Hours(48));
  ASSERT_TRUE(Update("admin", request).ok());
  request = Renamed("Not this");
  request.mutable_update_mask()->add_paths("guest_grace");
  *request.mutable_workspace()->mutable_guest_grace() = rpc::ToProto(absl::ZeroDuration());
  auto changed = Update("admin", request);
  EXPECT_EQ(changed->display_name(), "Other");
  EXPECT_EQ(changed->guest_grace().seconds(), 0);
  request = Renamed("");
  request.mutable_update_mask()->add_paths("maximum_guest_lifetime");
  EXPECT_FALSE(Update("admin", request)->has_maximum_guest_lifetime());
  for (const char* path : {"organization", "create_time", "etag", "nothing"}) {
    request.mutable_update_mask()->set_paths(0, path);
    EXPECT_EQ(FieldsOf(Update("admin", request).status()), (std::set<std::string>{"update_mask"})) << path;
  }
}

TEST_F(WorkspacesTest, EachBadSettingIsNamed) {
  v1::UpdateWorkspaceRequest request = Renamed("two\nlines");
  v1::Workspace& workspace = *request.mutable_workspace();
  *workspace.mutable_guest_grace() = rpc::ToProto(absl::Hours(30 * 24) + absl::Microseconds(1));
  *workspace.mutable_default_guest_lifetime() = rpc::ToProto(absl::Milliseconds(999));
  *workspace.mutable_maximum_guest_lifetime() = rpc::ToProto(absl::Hours(11 * 365 * 24));
  workspace.set_guest_cap(-1);
  workspace.set_sponsor_guest_cap(1'000'001);
  workspace.add_guest_domains("example.com");
  workspace.add_guest_domains("a@b");
  EXPECT_EQ(FieldsOf(Update("admin", request).status()),
            (std::set<std::string>{"workspace.display_name", "workspace.guest_grace",
                                   "workspace.default_guest_lifetime", "workspace.maximum_guest_lifetime",
                                   "workspace.guest_cap", "workspace.sponsor_guest_cap",
                                   "workspace.guest_domains[1]"}));
  request = Renamed("");
  *request.mutable_workspace()->mutable_default_guest_lifetime() = rpc::ToProto(absl::Hours(2));
  *request.mutable_workspace()->mutable_maximum_guest_lifetime() = rpc::ToProto(absl::Hours(1));
  EXPECT_EQ(FieldsOf(Update("admin", request).status()),
            (std::set<std::string>{"workspace.default_guest_lifetime"}));
}

TEST_F(WorkspacesTest, AStaleEtagIsRefusedAndAGuestsTellsNothingOfTheSettings) {
  auto request = Renamed("Once");
  request.mutable_workspace()->set_etag(Get(Installation::As("admin"))->etag());
  auto capped = Renamed("");
  capped.mutable_workspace()->set_guest_cap(3);
  const std::string guests = Get(Installation::As("guest"))->etag();
  ASSERT_TRUE(Update("admin", capped).ok());
  EXPECT_EQ(Get(Installation::As("guest"))->etag(), guests);
  ExpectReason(Update("admin", request).status(), Reason::kEtagMismatch);
  request.mutable_workspace()->set_etag(Get(Installation::As("admin"))->etag());
  ASSERT_TRUE(Update("admin", request).ok());
  ExpectReason(Update("admin", request).status(), Reason::kEtagMismatch);
  ExpectReason(Delete(Installation::As("owner"), false, request.workspace().etag()).status(),
               Reason::kEtagMismatch);
}

TEST_F(WorkspacesTest, EverybodyListsItsOwnWithItsRoleAndTimes) {
  ASSERT_TRUE(here_.SetTtl("guest", absl::ZeroDuration()).ok());
  const std::string another = MakeAnother();
  EXPECT_EQ(List(Installation::As("stranger")).entries_size(), 0);
  const auto guests = List(Installation::As("guest"));
  ASSERT_EQ(guests.entries_size(), 1);
  EXPECT_EQ(guests.entries(0).role(), type::v1::ROLE_GUEST);
  EXPECT_EQ(guests.entries(0).guest_state(), type::v1::GUEST_STATE_SOFT_LOCKED);
  EXPECT_TRUE(guests.entries(0).has_access_end_time());
  EXPECT_FALSE(guests.entries(0).workspace().has_guest_grace());
  const auto orgadmins = List(Installation::As("orgadmin"));
  ASSERT_EQ(orgadmins.entries_size(), 2);
  EXPECT_TRUE(orgadmins.entries(0).via_org());
  EXPECT_EQ(orgadmins.entries(0).role(), type::v1::ROLE_ADMIN);
  EXPECT_FALSE(List(Installation::As("owner")).entries(0).via_org());
  EXPECT_EQ(List(Installation::AsOperator(), ToName(here_.organization)).entries_size(), 2);
  EXPECT_EQ(List(Installation::As("member"), "organizations/" + std::string(26, 'x')).entries_size(), 0);
}

TEST_F(WorkspacesTest, PagesNeitherRepeatNorSkipAndTheirTokensAreOneCallers) {
  std::set<std::string> names = {ToName(here_.workspace)};
  for (int i = 0; i < 4; ++i) names.insert(MakeAnother());
  v1::ListWorkspacesRequest request;
  request.set_page_size(2);
  std::vector<std::string> listed;
  do {
    const auto page = here_.workspaces.ListWorkspaces(Installation::As("owner"), request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& entry : page->entries()) listed.push_back(entry.workspace().name());
    if (listed.size() == 2) {
      request.set_page_token(page->next_page_token());
      ExpectReason(here_.workspaces.ListWorkspaces(Installation::As("orgadmin"), request).status(),
                   Reason::kPageTokenInvalid);
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, std::vector<std::string>(names.begin(), names.end()));
}

TEST_F(WorkspacesTest, OnlyAnOwnerOrAnOperatorDeletesItAndEveryRightInItEndsWithOneEntry) {
  for (const char* name : {"orgadmin", "admin", "member", "guest", "stranger"}) {
    ExpectReason(Delete(Installation::As(name)).status(), Reason::kRoleTooLow);
  }
  const size_t before = here_.recorder.commits().size();
  ASSERT_TRUE(Delete(Installation::As("owner"), /*validate_only=*/true).ok());
  EXPECT_EQ(here_.recorder.commits().size(), before);
  EXPECT_TRUE(Get(Installation::As("member")).ok());
  const auto deleted = Delete(Installation::As("owner"));
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_TRUE(deleted->done());
  EXPECT_EQ(deleted->remaining(), 0);
  EXPECT_GE(deleted->cleared(), 5);
  ASSERT_EQ(here_.recorder.commits().size(), before + 1);
  ASSERT_EQ(here_.recorder.commits().back().entries.size(), 1u);
  EXPECT_TRUE(std::get<rights::WorkspaceState>(here_.recorder.commits().back().entries[0].object).deleted);
  for (const char* name : {"owner", "orgadmin", "admin", "member", "guest"}) {
    ExpectReason(Get(Installation::As(name)).status(), Reason::kRoleTooLow);
    EXPECT_EQ(List(Installation::As(name)).entries_size(), 0);
  }
  ExpectReason(Get(Installation::AsOperator()).status(), Reason::kWorkspaceNotFound);
  ExpectReason(Update("owner", Renamed("Back")).status(), Reason::kRoleTooLow);
}

TEST_F(WorkspacesTest, DeletingAgainSaysHowFarItIsAndAnInviteNoLongerHolds) {
  auto invite = here_.InviteBy("owner", "late");
  ASSERT_TRUE(Delete(Installation::AsOperator()).ok());
  const auto again = Delete(Installation::As("owner"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->done());
  EXPECT_EQ(again->cleared(), 0);
  ASSERT_TRUE(Delete(Installation::AsOperator()).ok());
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'workspace.deleted'"), 1);
  ExpectReason(here_.rights.JoinMember(Installation::AsService("invite", "new"), invite).status(),
               Reason::kInviteNoLongerValid);
  ExpectReason(Delete(Installation::As("stranger")).status(), Reason::kRoleTooLow);
}

TEST_F(WorkspacesTest, ChangingTheGraceMovesNoGuestThatIsThere) {
  ASSERT_TRUE(here_.SetTtl("guest", absl::Hours(1)).ok());
  const auto before = here_.StateOf("guest");
  auto request = Renamed("");
  request.mutable_update_mask()->add_paths("guest_grace");
  *request.mutable_workspace()->mutable_guest_grace() = rpc::ToProto(absl::Minutes(5));
  ASSERT_TRUE(Update("admin", request).ok());
  EXPECT_EQ(here_.StateOf("guest"), before);
  ASSERT_TRUE(here_.SetTtl("guest", absl::Hours(1)).ok());
  const auto after = here_.StateOf("guest");
  EXPECT_EQ(after.access_end_time - after.expire_time, absl::Minutes(5));
}

}  // namespace
}  // namespace guestpass::membership
