// SPDX-License-Identifier: Apache-2.0
#include "common/rights/names.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

class CreationTest : public testing::Test {
 protected:
  v1::CreateWorkspaceRequest NewWorkspace() {
    v1::CreateWorkspaceRequest request;
    request.set_parent(ToName(here_.organization));
    request.mutable_workspace()->set_display_name("Another");
    return request;
  }
  v1::CreateChannelRequest NewChannel() {
    v1::CreateChannelRequest request;
    request.set_parent(ToName(here_.workspace));
    request.mutable_channel()->set_display_name("another");
    request.mutable_channel()->set_kind(type::v1::CHANNEL_KIND_PRIVATE);
    return request;
  }

  auto Create(const rpc::Call& call, const v1::CreateOrganizationRequest& request) {
    return here_.organizations.CreateOrganization(call, request);
  }
  auto Create(const rpc::Call& call, const v1::CreateWorkspaceRequest& request) {
    return here_.workspaces.CreateWorkspace(call, request);
  }
  auto Create(const rpc::Call& call, const v1::CreateChannelRequest& request) {
    return here_.channels.CreateChannel(call, request);
  }

  Installation here_;
};

void ExpectReason(const absl::Status& status, Reason reason) {
  EXPECT_TRUE(HasReason(status, reason)) << status;
}

TEST_F(CreationTest, OnlyOperatorsCreateOrganizations) {
  v1::CreateOrganizationRequest request;
  request.mutable_organization()->set_display_name("Mine");
  request.set_owner(Installation::IdOf("ann").ToString());
  ExpectReason(Create(Installation::As("ann"), request).status(), Reason::kCallerNotAllowed);
  EXPECT_TRUE(Create(Installation::AsOperator(), request).ok());
  request.set_owner("ann");
  ExpectReason(Create(Installation::AsOperator(), request).status(), Reason::kFieldInvalid);
}

TEST_F(CreationTest, OwnersAndAdminsOfTheOrganizationCreateWorkspacesAndAreTheirFirstAdmin) {
  const auto workspace = Create(Installation::As("orgadmin"), NewWorkspace());
  ASSERT_TRUE(workspace.ok()) << workspace.status();
  EXPECT_EQ(workspace->guest_grace().seconds(), 24 * 3600);
  const auto read = here_.store.ReadRights(
      {{*ParseWorkspaceName("name", workspace->name()), Installation::IdOf("orgadmin"), {}}});
  EXPECT_EQ(read->members[0].member.role, rights::Role::kAdmin);
  ExpectReason(Create(Installation::As("ann"), NewWorkspace()).status(), Reason::kRoleTooLow);
}

TEST_F(CreationTest, AnOperatorWithoutARoleInTheOrganizationNamesTheFirstAdmin) {
  auto request = NewWorkspace();
  ExpectReason(Create(Installation::AsOperator(), request).status(), Reason::kFieldInvalid);
  request.set_first_admin(Installation::IdOf("ann").ToString());
  const auto workspace = Create(Installation::AsOperator(), request);
  ASSERT_TRUE(workspace.ok()) << workspace.status();
  const auto id = *ParseWorkspaceName("name", workspace->name());
  const auto read = here_.store.ReadRights({{.workspace = id, .user = Installation::IdOf("ann")}});
  EXPECT_EQ(read->members[0].member.role, rights::Role::kAdmin);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'workspace.created' AND platform"),
            1);
  request.set_parent("organizations/" + std::string(26, 'x'));
  ExpectReason(Create(Installation::AsOperator(), request).status(), Reason::kOrganizationNotFound);
  ExpectReason(Create(Installation::As("owner"), request).status(), Reason::kRoleTooLow);
}

TEST_F(CreationTest, WhoHasARoleInTheOrganizationIsTheFirstAdminAndNamesNobodyElse) {
  rpc::Call owner = Installation::As("owner");
  owner.caller.is_operator = true;
  auto request = NewWorkspace();
  ASSERT_TRUE(Create(owner, request).ok());
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'workspace.created' AND platform"),
            0);
  request.set_first_admin(Installation::IdOf("ann").ToString());
  ExpectReason(Create(owner, request).status(), Reason::kFieldInvalid);
}

TEST_F(CreationTest, AServiceThatIsAnOperatorCreatesOrganizations) {
  rpc::Call service = Installation::AsService("provisioning");
  v1::CreateOrganizationRequest request;
  request.mutable_organization()->set_display_name("Theirs");
  request.set_owner(Installation::IdOf("ann").ToString());
  ExpectReason(Create(service, request).status(), Reason::kCallerNotAllowed);
  service.caller.is_operator = true;
  ASSERT_TRUE(Create(service, request).ok());
  EXPECT_EQ(
      here_.Count("SELECT count(*) FROM audit_entries WHERE actor IS NULL AND platform AND actor_service = "
                  "'provisioning'"),
      1);
}

// The fields that a FIELD_INVALID names.
std::vector<std::string> FieldsOf(const absl::Status& status) {
  ExpectReason(status, Reason::kFieldInvalid);
  std::vector<std::string> fields;
  const auto details = DetailsOf(status);
  if (!details.has_value()) return fields;
  for (const FieldViolation& violation : details->violations) fields.push_back(violation.field);
  return fields;
}

TEST_F(CreationTest, EveryBadFieldOfANewThingIsNamed) {
  using Fields = std::vector<std::string>;
  EXPECT_EQ(FieldsOf(Create(Installation::AsOperator(), v1::CreateOrganizationRequest()).status()),
            (Fields{"organization.display_name", "owner"}));
  auto workspace = NewWorkspace();
  workspace.mutable_workspace()->set_display_name("");
  workspace.mutable_workspace()->mutable_guest_grace()->set_seconds(-1);
  EXPECT_EQ(FieldsOf(Create(Installation::As("owner"), workspace).status()),
            (Fields{"workspace.display_name", "workspace.guest_grace"}));
  auto channel = NewChannel();
  channel.clear_channel();
  EXPECT_EQ(FieldsOf(Create(Installation::As("owner"), channel).status()),
            (Fields{"channel.display_name", "channel.kind"}));
}

TEST_F(CreationTest, AuthorizationComesBeforeValidation) {
  auto bad_workspace = NewWorkspace();
  bad_workspace.mutable_workspace()->set_display_name("two\nlines");
  ExpectReason(Create(Installation::As("ann"), bad_workspace).status(), Reason::kRoleTooLow);
  ExpectReason(Create(Installation::As("owner"), bad_workspace).status(), Reason::kFieldInvalid);
  auto bad_channel = NewChannel();
  bad_channel.mutable_channel()->set_kind(type::v1::CHANNEL_KIND_DIRECT);
  ExpectReason(Create(Installation::As("ann"), bad_channel).status(), Reason::kRoleTooLow);
  ExpectReason(Create(Installation::As("owner"), bad_channel).status(), Reason::kFieldInvalid);
}

TEST_F(CreationTest, GraceIsZeroToThirtyDaysInWholeMicroseconds) {
  auto request = NewWorkspace();
  request.mutable_workspace()->mutable_guest_grace()->set_seconds(30 * 24 * 3600);
  EXPECT_TRUE(Create(Installation::As("owner"), request).ok());
  request.mutable_workspace()->mutable_guest_grace()->set_nanos(1000);
  ExpectReason(Create(Installation::As("owner"), request).status(), Reason::kFieldInvalid);
  request.mutable_workspace()->mutable_guest_grace()->set_seconds(0);
  EXPECT_TRUE(Create(Installation::As("owner"), request).ok());
  request.mutable_workspace()->mutable_guest_grace()->set_nanos(1001);
  ExpectReason(Create(Installation::As("owner"), request).status(), Reason::kFieldInvalid);
  request.mutable_workspace()->mutable_guest_grace()->set_nanos(-1000);
  ExpectReason(Create(Installation::As("owner"), request).status(), Reason::kFieldInvalid);
}

TEST_F(CreationTest, AStrangerIsToldTheSameOfWhatExistsAndWhatDoesNot) {
  auto unknown = NewChannel();
  unknown.set_parent("workspaces/" + std::string(26, 'x'));
  const absl::Status of_unknown = Create(Installation::As("ann"), unknown).status();
  ExpectReason(of_unknown, Reason::kRoleTooLow);
  EXPECT_EQ(of_unknown, Create(Installation::As("ann"), NewChannel()).status());
  EXPECT_EQ(DetailsOf(of_unknown)->metadata, (Metadata{{"role", "NONE"}}));
}

TEST_F(CreationTest, TheCreatorOfAPrivateChannelTakesPartInItAndAnOperatorDoesNot) {
  for (const auto& [call, takes_part] :
       {std::pair(Installation::As("orgadmin"), true), std::pair(Installation::AsOperator(), false)}) {
    const auto channel = Create(call, NewChannel());
    ASSERT_TRUE(channel.ok()) << channel.status();
    const auto read = here_.store.ReadRights(
        {{here_.workspace, call.caller.user->user, {ParseChannelName("name", channel->name())->channel}}});
    EXPECT_EQ(read->members[0].channels[0].participant.present, takes_part);
  }
}

TEST_F(CreationTest, EveryChangeIsAuditedWithItsActorAndWithoutNamesOrAddresses) {
  ASSERT_TRUE(Create(Installation::AsOperator(), NewChannel()).ok());
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  ASSERT_TRUE(here_.SetTtl("ann", absl::Hours(1)).ok());
  ASSERT_TRUE(here_.Remove("owner", "ann").ok());
  const auto session = here_.NewSession();
  const auto audit = session->Run(
      "SELECT action, actor, actor_service, platform, number, request_id FROM audit_entries ORDER BY number");
  std::vector<std::string> actions;
  for (int row = 0; row < audit->rows(); ++row) {
    actions.emplace_back(audit->Text(row, 0));
    EXPECT_EQ(audit->Int64(row, 4), row + 1);
    EXPECT_EQ(audit->Text(row, 5), "request");
  }
  EXPECT_EQ(actions, (std::vector<std::string>{"organization.created", "workspace.created", "member.added",
                                               "channel.created", "channel.created", "channel.created",
                                               "member.joined", "member.expiration_set", "member.removed"}));
  EXPECT_TRUE(audit->Bool(0, 3));
  EXPECT_FALSE(audit->Bool(1, 3));
  EXPECT_TRUE(audit->Bool(5, 3));
  EXPECT_EQ(audit->As<UserId>(6, 1), Installation::IdOf("ann"));
  EXPECT_EQ(audit->Text(6, 2), "invite");
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries a WHERE a::text ~* '@|another|channel\"'"), 0);
}

TEST_F(CreationTest, AnAuditEntrySaysOnWhomAndWhatWasBeforeAndAfter) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  ASSERT_TRUE(here_.SetTtl("ann", absl::Hours(1)).ok());
  ASSERT_TRUE(here_.Remove("owner", "ann").ok());
  const auto audit = here_.NewSession()->Run(
      "SELECT target, before->>'role', after->>'role', before->>'expire_us', after->>'expire_us' FROM "
      "audit_entries WHERE action LIKE 'member.%' ORDER BY number OFFSET 1");
  ASSERT_EQ(audit->rows(), 3);
  for (int row = 0; row < 3; ++row) {
    EXPECT_EQ(audit->Text(row, 0), here_.MemberName("ann"));
    EXPECT_EQ(audit->IsNull(row, 1), row == 0);  // joined: nothing was before
    EXPECT_EQ(audit->IsNull(row, 2), row == 2);  // removed: nothing is after
  }
  EXPECT_EQ(audit->Text(1, 1), "GUEST");
  EXPECT_TRUE(audit->IsNull(1, 3));
  EXPECT_FALSE(audit->IsNull(1, 4));
}

TEST_F(CreationTest, TheAuditLogIsAppendOnly) {
  const auto session = here_.NewSession();
  EXPECT_FALSE(session->Script("UPDATE audit_entries SET action = ''").ok());
  EXPECT_FALSE(session->Script("DELETE FROM audit_entries").ok());
  EXPECT_FALSE(session->Script("TRUNCATE audit_entries").ok());
}

v1::CheckAccessRequest Ask(const Installation& here, const std::string& name, type::v1::Action action) {
  v1::CheckAccessRequest request;
  request.set_name(here.MemberName(name));
  request.set_channel(here.ChannelName(here.public_channel));
  request.set_action(action);
  return request;
}

TEST_F(CreationTest, CheckAccessSaysWhatTheDecisionLibrarySays) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  auto post = Ask(here_, "ann", type::v1::ACTION_POST);
  const rpc::Call gateway = Installation::AsService("messaging-gateway");
  EXPECT_TRUE(here_.access_checks.Check(gateway, post)->allowed());
  ASSERT_TRUE(here_.SetTtl("ann", absl::ZeroDuration()).ok());
  const auto locked = here_.access_checks.Check(gateway, post);
  EXPECT_FALSE(locked->allowed());
  EXPECT_EQ(locked->reason(), "GUEST_SOFT_LOCKED");
  EXPECT_EQ(locked->guest_state(), type::v1::GUEST_STATE_SOFT_LOCKED);
  EXPECT_EQ(locked->metadata().count("expire_time"), 1u);
  EXPECT_TRUE(here_.access_checks.Check(gateway, Ask(here_, "ann", type::v1::ACTION_READ))->allowed());
  post.set_channel(here_.ChannelName(here_.private_channel));
  EXPECT_EQ(here_.access_checks.Check(gateway, Ask(here_, "stranger", type::v1::ACTION_READ))->reason(),
            "ROLE_TOO_LOW");
}

TEST_F(CreationTest, CheckAccessIsForAdminsAndForOneself) {
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  here_.AddMember("ben", type::v1::ROLE_MEMBER);
  const auto about_ann = Ask(here_, "ann", type::v1::ACTION_READ);
  EXPECT_TRUE(here_.access_checks.Check(Installation::As("ann"), about_ann)->allowed());
  EXPECT_TRUE(here_.access_checks.Check(Installation::As("owner"), about_ann)->allowed());
  ExpectReason(here_.access_checks.Check(Installation::As("ben"), about_ann).status(), Reason::kRoleTooLow);
  const auto about_stranger = Ask(here_, "stranger", type::v1::ACTION_READ);
  ExpectReason(here_.access_checks.Check(Installation::As("stranger"), about_stranger).status(),
               Reason::kRoleTooLow);
}

}  // namespace
}  // namespace guestpass::membership
