// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/member_calls.h"

// CreateMember.
namespace guestpass::membership {
namespace {

using rights::GuestState;
using rights::Role;
using type::v1::ROLE_ADMIN;
using type::v1::ROLE_GUEST;
using type::v1::ROLE_MEMBER;
using type::v1::ROLE_VIEWER;

class MembersTest : public MemberCalls {
 protected:
  std::vector<std::string> BadFields(const v1::CreateMemberRequest& request) {
    return FieldsOf(Create("admin", request).status());
  }
};

TEST_F(MembersTest, OnlyAdminAuthorityCreatesAndNobodyElseLearnsAnything) {
  const auto create = [&](v1::CreateMemberRequest request) {
    request.set_validate_only(true);
    return
        [this, request](const rpc::Call& call) { return here_.members.CreateMember(call, request).status(); };
  };
  EXPECT_EQ(TellEverybody(create(NewMember("new", ROLE_VIEWER))), AdminsOnly());
  EXPECT_EQ(TellEverybody(create(NewMember("viewer", ROLE_VIEWER))), AdminsOnly("MEMBER_EXISTS"));
  v1::CreateMemberRequest senseless;
  senseless.set_parent(ToName(here_.workspace));
  senseless.mutable_guest()->add_channels("nonsense");
  EXPECT_EQ(TellEverybody(create(senseless)), AdminsOnly("FIELD_INVALID"));
  ExpectSameRefusals(create(NewMember("new", ROLE_VIEWER)), create(senseless));
  ExpectSameRefusals(create(NewMember("new", ROLE_VIEWER)), create(NewMember("viewer", ROLE_VIEWER)));
}

TEST_F(MembersTest, AWorkspaceThatThereIsNotIsToldToOperatorsOnly) {
  v1::CreateMemberRequest request = NewMember("new", ROLE_VIEWER);
  request.set_parent("workspaces/" + std::string(26, 'z'));
  ExpectReason(Create("owner", request).status(), Reason::kRoleTooLow);
  ExpectReason(Create("operator", request).status(), Reason::kWorkspaceNotFound);
  request.set_parent("workspaces/here");
  EXPECT_EQ(FieldsOf(Create("stranger", request).status()), std::vector<std::string>{"parent"});
}

TEST_F(MembersTest, EachBadFieldIsNamed) {
  v1::CreateMemberRequest request = NewMember("new", type::v1::ROLE_UNSPECIFIED);
  request.set_user("nobody");
  EXPECT_EQ(BadFields(request), (std::vector<std::string>{"user", "role"}));
  request = NewMember("new", ROLE_GUEST);
  request.mutable_guest()->set_channels(
      0, "workspaces/" + std::string(26, 'z') + "/channels/" + here_.public_channel.ToString());
  request.mutable_guest()->mutable_ttl()->set_nanos(1);
  EXPECT_EQ(BadFields(request), (std::vector<std::string>{"guest.channels[0]", "guest.ttl"}));
  request.mutable_guest()->clear_channels();
  request.mutable_guest()->clear_ttl();
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"guest.channels"});
  request.clear_guest();
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"guest"});
  request = NewMember("new", ROLE_GUEST);
  request.set_role(ROLE_VIEWER);
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"guest"});
  request.set_role(ROLE_GUEST);
  *request.mutable_guest()->mutable_ttl() = rpc::ToProto(absl::ZeroDuration());
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"guest.ttl"});
  *request.mutable_guest()->mutable_expire_time() = rpc::ToProto(absl::Now() - absl::Seconds(1));
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"guest.expire_time"});
  request.mutable_guest()->clear_expiry();
  request.set_request_id("two words");
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"request_id"});
}

TEST_F(MembersTest, ANewMemberIsOneEntryAndIsAudited) {
  const std::pair<type::v1::Role, Role> roles[] = {
      {ROLE_ADMIN, Role::kAdmin}, {ROLE_MEMBER, Role::kMember}, {ROLE_VIEWER, Role::kViewer}};
  for (const auto& [proto, role] : roles) {
    const std::string name = "new" + std::to_string(proto);
    absl::StatusOr<v1::Member> made;
    const Written written = WrittenBy([&, role = proto] { made = Create("admin", NewMember(name, role)); });
    ASSERT_TRUE(made.ok()) << made.status();
    EXPECT_EQ(made->name(), NameOf(name));
    EXPECT_EQ(made->role(), proto);
    EXPECT_EQ(made->rights_revision(), LatestRevision());
    EXPECT_EQ(made->sponsor(), "");
    EXPECT_EQ(written.entries,
              (std::vector<rights::Object>{rights::MemberState{here_.workspace, IdOf(name), role}}));
    ASSERT_EQ(written.audit.size(), 1u);
    EXPECT_EQ(written.audit[0].action, "member.added");
    EXPECT_EQ(written.audit[0].target, NameOf(name));
    EXPECT_EQ(written.audit[0].actor, IdOf("admin"));
    EXPECT_FALSE(written.audit[0].platform);
    EXPECT_EQ(written.audit[0].before, "");
    EXPECT_NE(written.audit[0].after, "");
    v1::Member read = *Get("admin", name);
    EXPECT_EQ(read.SerializeAsString(), made->SerializeAsString());
  }
}

TEST_F(MembersTest, ANewGuestHasChannelsTimesAndItsMakerForASponsor) {
  v1::CreateMemberRequest request = NewMember("new", ROLE_GUEST);
  request.mutable_guest()->add_channels(ChannelName(here_.private_channel));
  request.mutable_guest()->add_channels(ChannelName(here_.private_channel));
  *request.mutable_guest()->mutable_ttl() = rpc::ToProto(absl::Hours(2));
  const auto guest = Create("orgadmin", request);
  ASSERT_TRUE(guest.ok()) << guest.status();
  EXPECT_EQ(guest->sponsor(), Id("orgadmin"));
  EXPECT_EQ(guest->guest_state(), type::v1::GUEST_STATE_ACTIVE);
  EXPECT_EQ(TimeOf(guest->expire_time()) - TimeOf(guest->create_time()), absl::Hours(2));
  EXPECT_EQ(TimeOf(guest->access_end_time()) - TimeOf(guest->expire_time()), absl::Hours(24));
  std::vector<ChannelId> grants = {here_.public_channel, here_.private_channel};
  std::sort(grants.begin(), grants.end());
  EXPECT_EQ(here_.StateOf("new").grants, grants);
  EXPECT_EQ(Decided("new", here_.private_channel, rights::Action::kPost), "OK");
  EXPECT_EQ(here_.Count(
                "SELECT count(*) FROM audit_entries WHERE action = 'member.added' AND after->>'sponsor' = '" +
                Id("orgadmin") + "'"),
            1);
}

TEST_F(MembersTest, AGivenTimeIsTakenAndWithoutOneTheWorkspacesSettingsSay) {
  const absl::Time time = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()) + 3600);
  v1::CreateMemberRequest request = NewMember("timed", ROLE_GUEST);
  *request.mutable_guest()->mutable_expire_time() = rpc::ToProto(time);
  EXPECT_EQ(TimeOf(Create("admin", request)->expire_time()), time);
  EXPECT_FALSE(Create("admin", NewMember("endless", ROLE_GUEST))->has_expire_time());
  v1::Workspace settings;
  *settings.mutable_default_guest_lifetime() = rpc::ToProto(absl::Hours(2));
  *settings.mutable_maximum_guest_lifetime() = rpc::ToProto(absl::Hours(5));
  Set(settings);
  const auto fallback = Create("admin", NewMember("fallback", ROLE_GUEST));
  EXPECT_EQ(TimeOf(fallback->expire_time()) - TimeOf(fallback->create_time()), absl::Hours(2));
  request = NewMember("long", ROLE_GUEST);
  *request.mutable_guest()->mutable_ttl() = rpc::ToProto(absl::Hours(5) + absl::Microseconds(1));
  ExpectReason(Create("admin", request).status(), Reason::kGuestLifetimeExceeded);
  *request.mutable_guest()->mutable_ttl() = rpc::ToProto(absl::Hours(5));
  EXPECT_TRUE(Create("admin", request).ok());
}

TEST_F(MembersTest, AnOperatorsGuestHasNoSponsorAndItIsAuditedAsThePlatforms) {
  const Written written =
      WrittenBy([&] { ASSERT_TRUE(Create("operator", NewMember("new", ROLE_GUEST)).ok()); });
  EXPECT_EQ(SponsorOf("new"), "");
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_TRUE(written.audit[0].platform);
  rpc::Call service = Installation::AsService("operations");
  service.caller.is_operator = true;
  ASSERT_TRUE(here_.members.CreateMember(service, NewMember("other", ROLE_GUEST)).ok());
  EXPECT_EQ(SponsorOf("other"), "");
}

TEST_F(MembersTest, AnyDirectMemberExistsAnEndedGuestToo) {
  for (const char* user : {"owner", "admin", "member", "viewer", "guest", "locked", "ended"}) {
    const absl::Status status = Create("orgadmin", NewMember(user, ROLE_VIEWER)).status();
    ExpectReason(status, Reason::kMemberExists);
    EXPECT_EQ(DetailsOf(status)->metadata, (Metadata{{"member", NameOf(user)}}));
  }
}

TEST_F(MembersTest, WhoHasAuthorityThroughTheOrganizationBecomesNoGuest) {
  EXPECT_EQ(BadFields(NewMember("orgadmin", ROLE_GUEST)), std::vector<std::string>{"role"});
  const auto viewer = Create("admin", NewMember("orgadmin", ROLE_VIEWER));
  ASSERT_TRUE(viewer.ok()) << viewer.status();
  EXPECT_EQ(viewer->org_role(), type::v1::ORGANIZATION_ROLE_ADMIN);
  EXPECT_FALSE(viewer->via_org());
}

TEST_F(MembersTest, ReasonsComeInTheirOrder) {
  v1::Workspace settings;
  *settings.mutable_maximum_guest_lifetime() = rpc::ToProto(absl::Hours(1));
  settings.add_guest_domains("example.org");
  settings.set_guest_cap(1);
  Set(settings);
  const ChannelId archived = AddChannel(type::v1::CHANNEL_KIND_PUBLIC);
  const ChannelId direct = StartDirect("owner", {"member"});
  ASSERT_TRUE(Archive(archived).ok());
  v1::CreateMemberRequest request = NewMember("viewer", ROLE_GUEST);
  *request.mutable_guest()->mutable_ttl() = rpc::ToProto(absl::Hours(2));
  request.mutable_guest()->set_channels(0, NoChannel());
  ExpectReason(Create("admin", request).status(), Reason::kChannelNotFound);
  request.mutable_guest()->set_channels(0, ChannelName(direct));
  ExpectReason(Create("admin", request).status(), Reason::kChannelNotFound);
  request.mutable_guest()->set_channels(0, ChannelName(archived));
  ExpectReason(Create("admin", request).status(), Reason::kChannelArchived);
  request.mutable_guest()->set_channels(0, ChannelName(here_.public_channel));
  ExpectReason(Create("admin", request).status(), Reason::kGuestLifetimeExceeded);
  request.mutable_guest()->clear_expiry();
  ExpectReason(Create("admin", request).status(), Reason::kEmailDomainNotAllowed);
  v1::UpdateWorkspaceRequest anywhere;
  anywhere.mutable_workspace()->set_name(ToName(here_.workspace));
  anywhere.mutable_update_mask()->add_paths("guest_domains");
  ASSERT_TRUE(here_.workspaces.UpdateWorkspace(As("owner"), anywhere).ok());
  ExpectReason(Create("admin", request).status(), Reason::kMemberExists);
  request.set_user(Id("new"));
  ExpectReason(Create("admin", request).status(), Reason::kGuestLimitReached);
}

TEST_F(MembersTest, TheDomainsBindGuestsOnly) {
  AllowDomain("example.com");
  ExpectReason(Create("admin", NewMember("new", ROLE_GUEST)).status(), Reason::kEmailDomainNotAllowed);
  EXPECT_TRUE(Create("admin", NewMember("new", ROLE_MEMBER)).ok());
}

TEST_F(MembersTest, CapsCountGuestsThatHaveNotEndedOfTheWorkspaceAndOfTheSponsor) {
  SetCaps(/*cap=*/4, /*sponsor_cap=*/1);  // "guest" and "locked" are the owner's
  ASSERT_TRUE(Create("admin", NewMember("first", ROLE_GUEST)).ok());
  const absl::Status of_sponsor = Create("admin", NewMember("second", ROLE_GUEST)).status();
  ExpectReason(of_sponsor, Reason::kGuestLimitReached);
  EXPECT_EQ(DetailsOf(of_sponsor)->metadata.at("limit"), "sponsor");
  ASSERT_TRUE(Create("orgadmin", NewMember("second", ROLE_GUEST)).ok());
  const absl::Status of_workspace = Create("operator", NewMember("third", ROLE_GUEST)).status();
  ExpectReason(of_workspace, Reason::kGuestLimitReached);
  EXPECT_EQ(DetailsOf(of_workspace)->metadata.at("limit"), "workspace");
  EXPECT_TRUE(Create("admin", NewMember("third", ROLE_MEMBER)).ok());
}

TEST_F(MembersTest, ValidateOnlyJudgesAndWritesNothing) {
  v1::CreateMemberRequest request = NewMember("new", ROLE_GUEST);
  request.set_validate_only(true);
  request.set_request_id("once");
  absl::StatusOr<v1::Member> judged;
  EXPECT_TRUE(WrittenBy([&] { judged = Create("admin", request); }).nothing());
  ASSERT_TRUE(judged.ok()) << judged.status();
  EXPECT_EQ(judged->role(), ROLE_GUEST);
  EXPECT_EQ(Told(Get("admin", "new").status()), "MEMBER_NOT_FOUND");
  request.set_validate_only(false);
  EXPECT_TRUE(Create("admin", request).ok()) << "nothing was kept under the id";
  request.set_validate_only(true);
  request.clear_request_id();
  ExpectReason(Create("admin", request).status(), Reason::kMemberExists);
}

TEST_F(MembersTest, TheSameRequestIsAnsweredOnceAndAfterAuthorization) {
  v1::CreateMemberRequest request = NewMember("new", ROLE_GUEST);
  request.set_request_id("once");
  const auto made = Create("admin", request);
  ASSERT_TRUE(made.ok()) << made.status();
  absl::StatusOr<v1::Member> again;
  EXPECT_TRUE(WrittenBy([&] { again = Create("admin", request); }).nothing());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), made->SerializeAsString());
  ExpectReason(Create("owner", request).status(), Reason::kMemberExists);  // an id of one's own
  request.set_user(Id("other"));
  ExpectReason(Create("admin", request).status(), Reason::kRequestIdReused);
  ASSERT_TRUE(here_.Remove("owner", "admin").ok());
  request.set_user(Id("new"));
  ExpectReason(Create("admin", request).status(), Reason::kRoleTooLow);
}

TEST_F(MembersTest, WhoComesBackAfterARemovalStartsClean) {
  ASSERT_TRUE(AddPart(here_.private_channel, "member").ok());
  const ChannelId direct = StartDirect("member", {"admin"});
  for (const char* user : {"member", "guest"}) ASSERT_TRUE(here_.Remove("admin", user).ok());
  ASSERT_TRUE(Create("admin", NewMember("member", ROLE_MEMBER)).ok());
  EXPECT_EQ(here_.StateOf("member"), (rights::MemberState{here_.workspace, IdOf("member"), Role::kMember}));
  EXPECT_EQ(Decided("member", here_.private_channel, rights::Action::kRead), "CHANNEL_NOT_FOUND");
  EXPECT_EQ(Decided("member", direct, rights::Action::kRead), "CHANNEL_NOT_FOUND");
  v1::CreateMemberRequest request = NewMember("guest", ROLE_GUEST);
  request.mutable_guest()->set_channels(0, ChannelName(here_.private_channel));
  *request.mutable_guest()->mutable_ttl() = rpc::ToProto(absl::Hours(2));
  const auto guest = Create("admin", request);
  ASSERT_TRUE(guest.ok()) << guest.status();
  EXPECT_EQ(TimeOf(guest->expire_time()) - TimeOf(guest->create_time()), absl::Hours(2));
  EXPECT_EQ(here_.StateOf("guest").grants, std::vector<ChannelId>{here_.private_channel});
  EXPECT_EQ(SponsorOf("guest"), Id("admin"));
}

}  // namespace
}  // namespace guestpass::membership
