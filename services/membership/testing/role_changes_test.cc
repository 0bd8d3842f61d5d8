// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "services/membership/testing/member_calls.h"

// UpdateMember: roles.
namespace guestpass::membership {
namespace {

using rights::Role;
using type::v1::ROLE_ADMIN;
using type::v1::ROLE_GUEST;
using type::v1::ROLE_MEMBER;
using type::v1::ROLE_VIEWER;

class RoleChangesTest : public MemberCalls {
 protected:
  absl::Status ChangeRole(const std::string& by, const std::string& user, type::v1::Role role) {
    return Update(by, NewRole(user, role)).status();
  }
  std::vector<std::string> BadFields(const v1::UpdateMemberRequest& request) {
    return FieldsOf(Update("admin", request).status());
  }
  std::function<absl::Status(const rpc::Call&)> Asking(const v1::UpdateMemberRequest& request) {
    return
        [this, request](const rpc::Call& call) { return here_.members.UpdateMember(call, request).status(); };
  }
};

TEST_F(RoleChangesTest, OnlyAdminAuthorityChangesAndNobodyElseLearnsAnything) {
  EXPECT_EQ(TellEverybody(Asking(NewRole("viewer", ROLE_VIEWER))), AdminsOnly());
  EXPECT_EQ(TellEverybody(Asking(NewRole("nobody", ROLE_VIEWER))), AdminsOnly("MEMBER_NOT_FOUND"));
  v1::UpdateMemberRequest senseless;
  senseless.mutable_member()->set_name(NameOf("nobody"));
  EXPECT_EQ(TellEverybody(Asking(senseless)), AdminsOnly("FIELD_INVALID"));
  ExpectSameRefusals(Asking(NewRole("viewer", ROLE_VIEWER)), Asking(NewRole("nobody", ROLE_VIEWER)));
  ExpectSameRefusals(Asking(NewRole("viewer", ROLE_VIEWER)), Asking(senseless));
  ExpectSameRefusals(Asking(NewRole("viewer", ROLE_VIEWER)), Asking(NewRole("owner", ROLE_VIEWER)));
}

TEST_F(RoleChangesTest, NobodyRaisesItself) {
  for (const char* user : {"member", "viewer", "guest", "locked"}) {
    ExpectReason(ChangeRole(user, user, ROLE_ADMIN), Reason::kRoleTooLow);
  }
}

TEST_F(RoleChangesTest, EachBadFieldIsNamed) {
  v1::UpdateMemberRequest request = NewRole("member", ROLE_VIEWER);
  request.mutable_update_mask()->add_paths("expire_time");
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"update_mask"});
  request = NewRole("member", type::v1::ROLE_UNSPECIFIED);
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"update_mask"});
  request.mutable_update_mask()->add_paths("role");
  request.mutable_update_mask()->add_paths("sponsor");
  request.mutable_member()->set_sponsor("somebody");
  EXPECT_EQ(BadFields(request), (std::vector<std::string>{"member.role", "member.sponsor"}));
  request = NewRole("member", ROLE_GUEST);
  request.mutable_guest()->add_channels("nonsense");
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"guest.channels[1]"});
  request = NewRole("member", ROLE_GUEST);
  request.mutable_member()->set_role(ROLE_VIEWER);
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"guest"});
  request = NewSponsor("guest", "admin");
  request.mutable_guest()->add_channels(ChannelName(here_.public_channel));
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"guest"});
  request = NewRole("member", ROLE_GUEST);
  request.clear_guest();
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"guest"});
  EXPECT_EQ(BadFields(NewRole("guest", ROLE_GUEST)), std::vector<std::string>{"guest"});
}

TEST_F(RoleChangesTest, AChangeIsOneEntryAndIsAudited) {
  absl::StatusOr<v1::Member> changed;
  const Written written = WrittenBy([&] { changed = Update("admin", NewRole("member", ROLE_VIEWER)); });
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->role(), ROLE_VIEWER);
  EXPECT_EQ(changed->rights_revision(), LatestRevision());
  EXPECT_EQ(
      written.entries,
      (std::vector<rights::Object>{rights::MemberState{here_.workspace, IdOf("member"), Role::kViewer}}));
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_EQ(written.audit[0].action, "member.role_changed");
  EXPECT_EQ(written.audit[0].target, NameOf("member"));
  EXPECT_EQ(written.audit[0].actor, IdOf("admin"));
  EXPECT_NE(written.audit[0].before.find("MEMBER"), std::string::npos) << written.audit[0].before;
  EXPECT_NE(written.audit[0].after.find("VIEWER"), std::string::npos) << written.audit[0].after;
  EXPECT_EQ(Decided("member", here_.public_channel, rights::Action::kPost), "ROLE_TOO_LOW");
}

TEST_F(RoleChangesTest, TheSameRoleAgainWritesNothing) {
  for (const char* user : {"owner", "admin", "member", "viewer", "guest", "ended"}) {
    v1::UpdateMemberRequest request = NewRole(user, Get("admin", user)->role());
    request.clear_guest();
    absl::StatusOr<v1::Member> same;
    EXPECT_TRUE(WrittenBy([&] { same = Update("admin", request); }).nothing()) << user;
    ASSERT_TRUE(same.ok()) << same.status();
    EXPECT_EQ(same->rights_revision(), LatestRevision());
  }
}

TEST_F(RoleChangesTest, WhoBecomesAGuestLeavesPrivateChannelsKeepsConversationsAndGetsGrants) {
  const ChannelId other = AddChannel(type::v1::CHANNEL_KIND_PRIVATE);
  const ChannelId direct = StartDirect("member", {"admin"});
  for (const ChannelId& channel : {here_.private_channel, other}) {
    ASSERT_TRUE(AddPart(channel, "member").ok());
  }
  v1::UpdateMemberRequest request = NewRole("member", ROLE_GUEST);
  *request.mutable_guest()->mutable_ttl() = rpc::ToProto(absl::Hours(2));
  request.mutable_guest()->set_channels(0, ChannelName(other));
  absl::StatusOr<v1::Member> guest;
  const Written written = WrittenBy([&] { guest = Update("admin", request); });
  ASSERT_TRUE(guest.ok()) << guest.status();
  EXPECT_EQ(guest->sponsor(), Id("admin"));
  EXPECT_EQ(TimeOf(guest->access_end_time()) - TimeOf(guest->expire_time()), absl::Hours(24));
  ASSERT_EQ(written.entries.size(), 3u);
  EXPECT_EQ(written.entries[0], rights::Object(here_.StateOf("member")));
  std::set<std::string> left;
  for (int i = 1; i < 3; ++i) {
    const auto part = std::get<rights::ParticipantState>(written.entries[i]);
    EXPECT_FALSE(part.present);
    left.insert(ChannelName(part.channel));
  }
  EXPECT_EQ(left, (std::set<std::string>{ChannelName(here_.private_channel), ChannelName(other)}));
  ASSERT_EQ(written.audit.size(), 3u);
  EXPECT_EQ(written.audit[0].action, "member.role_changed");
  for (int i = 1; i < 3; ++i) {
    EXPECT_EQ(written.audit[i].action, "channel.participant_removed");
    EXPECT_EQ(left.erase(written.audit[i].target), 1u);
    EXPECT_NE(written.audit[i].after.find(Id("member")), std::string::npos) << written.audit[i].after;
  }
  EXPECT_EQ(Decided("member", here_.private_channel, rights::Action::kRead), "CHANNEL_NOT_FOUND");
  EXPECT_EQ(Decided("member", here_.public_channel, rights::Action::kRead), "CHANNEL_NOT_FOUND");
  EXPECT_EQ(Decided("member", other, rights::Action::kPost), "OK");
  EXPECT_EQ(Decided("member", direct, rights::Action::kPost), "OK");
}

TEST_F(RoleChangesTest, WhoIsAGuestNoMoreHasNoTimesGrantsOrSponsor) {
  const ChannelId direct = StartDirect("admin", {"guest"});
  for (const char* user : {"guest", "locked"}) {
    const auto member = Update("admin", NewRole(user, ROLE_MEMBER));
    ASSERT_TRUE(member.ok()) << member.status();
    EXPECT_FALSE(member->has_expire_time());
    EXPECT_FALSE(member->has_access_end_time());
    EXPECT_EQ(member->guest_state(), type::v1::GUEST_STATE_UNSPECIFIED);
    EXPECT_EQ(SponsorOf(user), "");
    EXPECT_EQ(here_.StateOf(user), (rights::MemberState{here_.workspace, IdOf(user), Role::kMember}));
    EXPECT_EQ(Decided(user, here_.public_channel, rights::Action::kPost), "OK");
  }
  EXPECT_EQ(Decided("guest", direct, rights::Action::kPost), "OK");
}

TEST_F(RoleChangesTest, AnEndedGuestThatIsPromotedIsAMemberAgainAndTheAuditLogSaysSo) {
  EXPECT_EQ(Decided("ended", here_.public_channel, rights::Action::kRead), "GUEST_ENDED");
  const Written of_ended = WrittenBy([&] { ASSERT_TRUE(ChangeRole("admin", "ended", ROLE_VIEWER).ok()); });
  EXPECT_EQ(Decided("ended", here_.public_channel, rights::Action::kRead), "OK");
  EXPECT_NE(of_ended.audit[0].after.find("reactivated"), std::string::npos) << of_ended.audit[0].after;
  const Written of_locked = WrittenBy([&] { ASSERT_TRUE(ChangeRole("admin", "locked", ROLE_VIEWER).ok()); });
  EXPECT_EQ(of_locked.audit[0].after.find("reactivated"), std::string::npos) << of_locked.audit[0].after;
}

TEST_F(RoleChangesTest, APromotionBeatsAnExpiryUnderWay) {
  ASSERT_TRUE(ChangeRole("admin", "ended", ROLE_MEMBER).ok());
  const auto shard = here_.Count("SELECT shard FROM organizations");
  ASSERT_TRUE(here_.store.ApplyDue(static_cast<uint32_t>(shard), 100, {}).ok());
  EXPECT_EQ(here_.StateOf("ended"), (rights::MemberState{here_.workspace, IdOf("ended"), Role::kMember}));
}

TEST_F(RoleChangesTest, WhoIsNoDirectMemberIsNotFoundAlsoThroughTheOrganization) {
  for (const char* user : {"nobody", "orgadmin"}) {
    const absl::Status status = ChangeRole("admin", user, ROLE_MEMBER);
    ExpectReason(status, Reason::kMemberNotFound);
    EXPECT_EQ(DetailsOf(status)->metadata, (Metadata{{"member", NameOf(user)}}));
  }
}

TEST_F(RoleChangesTest, ReasonsComeInTheirOrder) {
  ASSERT_TRUE(here_.Remove("admin", "admin").ok());  // so that the owner is the last direct admin
  v1::UpdateMemberRequest request = NewRole("nobody", ROLE_VIEWER);
  request.mutable_member()->set_etag("stale");
  ExpectReason(Update("orgadmin", request).status(), Reason::kMemberNotFound);
  request.mutable_member()->set_name(NameOf("owner"));
  ExpectReason(Update("orgadmin", request).status(), Reason::kEtagMismatch);
  request.mutable_member()->clear_etag();
  ExpectReason(Update("orgadmin", request).status(), Reason::kOrgOwnerProtected);
  ExpectReason(Update("owner", request).status(), Reason::kOrgOwnerProtected);
  ASSERT_TRUE(ChangeRole("owner", "member", ROLE_ADMIN).ok());
  ASSERT_TRUE(here_.NewSession()->Script("DELETE FROM organization_members WHERE role = 'OWNER'").ok());
  ASSERT_TRUE(Update("member", request).ok());
  ExpectReason(ChangeRole("member", "member", ROLE_VIEWER), Reason::kLastAdmin);
  ExpectReason(ChangeRole("orgadmin", "member", ROLE_GUEST), Reason::kLastAdmin);
  EXPECT_EQ(DirectAdmins(), 1);
}

TEST_F(RoleChangesTest, AnOwnersDirectRoleIsRaisedThroughTheWorkspaceAndNotLowered) {
  ASSERT_TRUE(here_.NewSession()
                  ->Run("INSERT INTO organization_members VALUES ($1, $2, 'OWNER')",
                        postgres::Params::Of(here_.organization, IdOf("guest")))
                  .ok());
  for (const type::v1::Role role : {ROLE_VIEWER, ROLE_MEMBER, ROLE_ADMIN}) {
    const auto raised = Update("admin", NewRole("guest", role));
    ASSERT_TRUE(raised.ok()) << raised.status();
    EXPECT_EQ(raised->role(), role);
  }
  EXPECT_EQ(DirectAdmins(), 3);
  for (const type::v1::Role role : {ROLE_MEMBER, ROLE_VIEWER, ROLE_GUEST}) {
    EXPECT_TRUE(WrittenBy([&] {
                  ExpectReason(ChangeRole("admin", "guest", role), Reason::kOrgOwnerProtected);
                }).nothing());
  }
}

TEST_F(RoleChangesTest, TheOnlyOtherAdminMayStepDown) {
  EXPECT_TRUE(ChangeRole("admin", "admin", ROLE_MEMBER).ok());
  ExpectReason(ChangeRole("admin", "viewer", ROLE_MEMBER), Reason::kRoleTooLow);
}

TEST_F(RoleChangesTest, WhoMakesAGuestOfItselfIsNotItsOwnSponsor) {
  ASSERT_TRUE(ChangeRole("admin", "admin", ROLE_GUEST).ok());
  EXPECT_EQ(SponsorOf("admin"), "");
}

TEST_F(RoleChangesTest, WhoHasAuthorityThroughTheOrganizationBecomesNoGuest) {
  ASSERT_TRUE(Create("admin", NewMember("orgadmin", ROLE_VIEWER)).ok());
  EXPECT_EQ(BadFields(NewRole("orgadmin", ROLE_GUEST)), std::vector<std::string>{"member.role"});
  EXPECT_TRUE(ChangeRole("admin", "orgadmin", ROLE_MEMBER).ok());
}

TEST_F(RoleChangesTest, ToGuestTheWorkspacesSettingsBind) {
  v1::Workspace settings;
  *settings.mutable_maximum_guest_lifetime() = rpc::ToProto(absl::Hours(1));
  settings.set_guest_cap(2);  // "guest" and "locked"
  settings.add_guest_domains("example.org");
  Set(settings);
  v1::UpdateMemberRequest request = NewRole("member", ROLE_GUEST);
  *request.mutable_guest()->mutable_ttl() = rpc::ToProto(absl::Hours(2));
  request.mutable_guest()->set_channels(0, NoChannel());
  ExpectReason(Update("admin", request).status(), Reason::kChannelNotFound);
  request.mutable_guest()->set_channels(0, ChannelName(here_.private_channel));
  ASSERT_TRUE(Archive(here_.private_channel).ok());
  ExpectReason(Update("admin", request).status(), Reason::kChannelArchived);
  request.mutable_guest()->set_channels(0, ChannelName(here_.public_channel));
  ExpectReason(Update("admin", request).status(), Reason::kGuestLifetimeExceeded);
  request.mutable_guest()->clear_expiry();
  ExpectReason(Update("admin", request).status(), Reason::kEmailDomainNotAllowed);
  AllowDomain("example.com");  // the address that "member" joined with
  ExpectReason(Update("admin", request).status(), Reason::kGuestLimitReached);
  ASSERT_TRUE(here_.Remove("admin", "guest").ok());
  const auto guest = Update("admin", request);
  ASSERT_TRUE(guest.ok()) << guest.status();
  EXPECT_TRUE(guest->has_expire_time()) << "the maximum";
}

TEST_F(RoleChangesTest, AMemberWithoutAnAddressIsOfNoAllowedDomain) {
  ASSERT_TRUE(Create("admin", NewMember("new", ROLE_MEMBER)).ok());
  AllowDomain("example.com");
  ExpectReason(ChangeRole("admin", "new", ROLE_GUEST), Reason::kEmailDomainNotAllowed);
}

TEST_F(RoleChangesTest, AnEtagIsStaleAfterAChangeAndNotByTimeAlone) {
  v1::UpdateMemberRequest request = NewRole("guest", ROLE_MEMBER);
  request.mutable_member()->set_etag(Get("admin", "guest")->etag());
  ASSERT_TRUE(here_.SetTtl("guest", absl::Hours(1)).ok());
  ExpectReason(Update("admin", request).status(), Reason::kEtagMismatch);
  const std::string etag = Get("admin", "guest")->etag();
  ASSERT_TRUE(here_.NewSession()
                  ->Run("INSERT INTO organization_members VALUES ($1, $2, 'ADMIN')",
                        postgres::Params::Of(here_.organization, IdOf("guest")))
                  .ok());
  EXPECT_EQ(Get("admin", "guest")->etag(), etag);
  request.mutable_member()->set_etag(etag);
  const auto changed = Update("admin", request);
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->etag(), Get("admin", "guest")->etag());
  ExpectReason(Update("admin", request).status(), Reason::kEtagMismatch);
}

TEST_F(RoleChangesTest, AMemberThatWasReadCanBeSentBackWholeWithAnotherRole) {
  for (const bool named : {false, true}) {
    const std::string user = named ? "guest" : "locked";
    v1::UpdateMemberRequest request;
    *request.mutable_member() = *Get("admin", user);
    if (named) request.mutable_update_mask()->add_paths("*");
    request.mutable_member()->set_role(ROLE_VIEWER);
    const auto viewer = Update("admin", request);
    ASSERT_TRUE(viewer.ok()) << viewer.status();
    *request.mutable_member() = *viewer;
    request.mutable_member()->set_role(ROLE_GUEST);
    request.mutable_guest()->add_channels(ChannelName(here_.public_channel));
    const auto guest = Update("admin", request);
    ASSERT_TRUE(guest.ok()) << guest.status();
    EXPECT_EQ(guest->sponsor(), Id("admin"));
  }
}

TEST_F(RoleChangesTest, AMemberThatIsSentBackAsItWasReadIsNotChanged) {
  for (const char* user : {"owner", "member", "guest", "ended"}) {
    v1::UpdateMemberRequest request;
    *request.mutable_member() = *Get("admin", user);
    request.mutable_update_mask()->add_paths("*");
    EXPECT_TRUE(
        WrittenBy([&] { EXPECT_EQ(Told(Update("admin", request).status()), "OK") << user; }).nothing());
  }
}

TEST_F(RoleChangesTest, TheSameRequestIsAnsweredOnce) {
  v1::UpdateMemberRequest request = NewRole("member", ROLE_VIEWER);
  request.set_request_id("once");
  const auto first = Update("admin", request);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(ChangeRole("owner", "member", ROLE_ADMIN).ok());
  absl::StatusOr<v1::Member> again;
  EXPECT_TRUE(WrittenBy([&] { again = Update("admin", request); }).nothing());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  request.mutable_member()->set_role(ROLE_ADMIN);
  ExpectReason(Update("admin", request).status(), Reason::kRequestIdReused);
}

}  // namespace
}  // namespace guestpass::membership
