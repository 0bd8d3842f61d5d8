// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/role_change.h"

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::membership {
namespace {

using rights::OrganizationRole;
using rights::Role;

constexpr absl::Duration kTick = absl::Microseconds(1);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
constexpr Role kRoles[] = {Role::kAdmin, Role::kMember, Role::kViewer, Role::kGuest};  // the highest first

template <typename IdType>
IdType IdNamed(char c) {
  return *IdType::Parse(std::string(26, c));
}

const WorkspaceId kWorkspace = IdNamed<WorkspaceId>('w');
const UserId kUser = IdNamed<UserId>('u');
const UserId kSponsor = IdNamed<UserId>('s');
const ChannelId kChannel = IdNamed<ChannelId>('c');

GuestTerms Terms() { return {.channels = {kChannel}, .expiry = absl::Hours(2), .sponsor = kSponsor}; }

RoleFacts Facts() {
  return {.now = kNow,
          .workspace = {.state = {.workspace = kWorkspace}, .settings = {.guest_grace = absl::Hours(3)}},
          .channels = {{kChannel, Channel{.state = {.channel = kChannel,
                                                    .workspace = kWorkspace,
                                                    .kind = rights::ChannelKind::kPrivate}}}},
          .other_admins = 1};
}

Member MemberWith(Role role) {
  Member member{.state = {.workspace = kWorkspace, .user = kUser, .role = role},
                .address = "u@example.com",
                .create_time = kNow - absl::Hours(100)};
  if (role != Role::kGuest) return member;
  member.state.grants = {IdNamed<ChannelId>('d')};
  member.state.expire_time = kNow - absl::Hours(5);
  member.state.access_end_time = kNow - absl::Hours(4);
  member.state.recorded = rights::GuestState::kEnded;
  member.sponsor = kSponsor;
  return member;
}

std::optional<GuestTerms> TermsFor(Role role) {
  return role == Role::kGuest ? std::optional(Terms()) : std::nullopt;
}

void ExpectReason(const absl::Status& status, Reason reason) {
  EXPECT_TRUE(HasReason(status, reason)) << status;
}

void ExpectField(const absl::Status& status, const std::string& field) {
  ExpectReason(status, Reason::kFieldInvalid);
  EXPECT_EQ(DetailsOf(status)->violations[0].field, field);
}

TEST(ChangeRole, EveryRoleCanBecomeEveryOther) {
  for (const Role before : kRoles) {
    for (const Role role : kRoles) {
      if (before == role) continue;
      const auto after = ChangeRole(MemberWith(before), role, TermsFor(role), Facts());
      ASSERT_TRUE(after.ok()) << after.status();
      EXPECT_EQ(after->state.role, role);
      EXPECT_EQ(after->address, "u@example.com");
      EXPECT_EQ(after->create_time, kNow - absl::Hours(100));
    }
  }
}

TEST(ChangeRole, WhoBecomesAGuestGetsGrantsTimesAndASponsorInTheSameStep) {
  const auto guest = ChangeRole(MemberWith(Role::kAdmin), Role::kGuest, Terms(), Facts());
  ASSERT_TRUE(guest.ok()) << guest.status();
  EXPECT_EQ(guest->state, (rights::MemberState{.workspace = kWorkspace,
                                               .user = kUser,
                                               .role = Role::kGuest,
                                               .expire_time = kNow + absl::Hours(2),
                                               .access_end_time = kNow + absl::Hours(5),
                                               .grants = {kChannel}}));
  EXPECT_EQ(guest->sponsor, kSponsor);
}

TEST(ChangeRole, WhoIsAGuestNoMoreHasNothingOfIt) {
  for (const Role role : {Role::kAdmin, Role::kMember, Role::kViewer}) {
    const auto member = ChangeRole(MemberWith(Role::kGuest), role, std::nullopt, Facts());
    ASSERT_TRUE(member.ok()) << member.status();
    EXPECT_EQ(member->state, MemberWith(role).state);
    EXPECT_TRUE(member->sponsor.empty());
  }
}

TEST(ChangeRole, TheSameRoleChangesNothingAndAGuestGetsNoTermsAnew) {
  for (const Role role : kRoles) {
    const auto same = ChangeRole(MemberWith(role), role, std::nullopt, Facts());
    ASSERT_TRUE(same.ok()) << same.status();
    EXPECT_EQ(same->state, MemberWith(role).state);
    EXPECT_EQ(same->sponsor, MemberWith(role).sponsor);
  }
  ExpectField(ChangeRole(MemberWith(Role::kGuest), Role::kGuest, Terms(), Facts()).status(), "guest");
}

TEST(ChangeRole, ToGuestNamesChannels) {
  ExpectField(ChangeRole(MemberWith(Role::kMember), Role::kGuest, std::nullopt, Facts()).status(), "guest");
}

TEST(ChangeRole, ReasonsComeInTheirOrder) {
  RoleFacts facts = Facts();
  facts.organization_role = OrganizationRole::kOwner;
  facts.other_admins = 0;
  facts.channels.clear();
  const Member admin = MemberWith(Role::kAdmin);
  ExpectReason(ChangeRole(admin, Role::kGuest, Terms(), facts).status(), Reason::kOrgOwnerProtected);
  facts.organization_role = OrganizationRole::kAdmin;
  ExpectReason(ChangeRole(admin, Role::kGuest, Terms(), facts).status(), Reason::kLastAdmin);
  facts.other_admins = 1;
  ExpectField(ChangeRole(admin, Role::kGuest, std::nullopt, facts).status(), "guest");
  ExpectField(ChangeRole(admin, Role::kGuest, Terms(), facts).status(), "member.role");
  facts.organization_role.reset();
  ExpectReason(ChangeRole(admin, Role::kGuest, Terms(), facts).status(), Reason::kChannelNotFound);
}

TEST(ChangeRole, AnOwnersDirectRoleIsRaisedAndNeverLowered) {
  RoleFacts facts = Facts();
  facts.organization_role = OrganizationRole::kOwner;
  for (size_t before = 0; before < std::size(kRoles); ++before) {
    for (size_t role = 0; role < std::size(kRoles); ++role) {
      const bool lowers = role > before;
      EXPECT_EQ(Demotes(MemberWith(kRoles[before]), kRoles[role]), lowers);
      const auto terms = role == before ? std::nullopt : TermsFor(kRoles[role]);
      const absl::Status status = ChangeRole(MemberWith(kRoles[before]), kRoles[role], terms, facts).status();
      EXPECT_EQ(HasReason(status, Reason::kOrgOwnerProtected), lowers) << status;
      EXPECT_EQ(status.ok(), !lowers) << status;
    }
  }
}

TEST(ChangeRole, OnlyTheLastAdminStays) {
  RoleFacts alone = Facts();
  alone.other_admins = 0;
  for (const Role before : kRoles) {
    for (const Role role : kRoles) {
      const bool loses = before == Role::kAdmin && role != Role::kAdmin;
      EXPECT_EQ(LosesAdmin(MemberWith(before), role), loses);
      if (before == role) continue;
      const absl::Status status = ChangeRole(MemberWith(before), role, TermsFor(role), alone).status();
      EXPECT_EQ(HasReason(status, Reason::kLastAdmin), loses) << status;
      EXPECT_EQ(status.ok(), !loses) << status;
    }
  }
}

TEST(AsGuest, ReasonsComeInTheirOrder) {
  RoleFacts facts = Facts();
  facts.workspace.settings.maximum_lifetime = absl::Hours(2) - kTick;
  facts.workspace.settings.guest_domains = {"example.org"};
  facts.channels[kChannel].state.archived = true;
  const Member member = MemberWith(Role::kMember);
  ExpectReason(AsGuest(member, Terms(), facts).status(), Reason::kChannelArchived);
  facts.channels[kChannel].state.kind = rights::ChannelKind::kDirect;
  ExpectReason(AsGuest(member, Terms(), facts).status(), Reason::kChannelNotFound);
  facts.channels = Facts().channels;
  ExpectReason(AsGuest(member, Terms(), facts).status(), Reason::kGuestLifetimeExceeded);
  facts.workspace.settings.maximum_lifetime = absl::Hours(2);
  ExpectReason(AsGuest(member, Terms(), facts).status(), Reason::kEmailDomainNotAllowed);
  facts.workspace.settings.guest_domains = {"example.com"};
  EXPECT_TRUE(AsGuest(member, Terms(), facts).ok());
}

TEST(AsGuest, AnUnknownAddressIsOfNoAllowedDomain) {
  RoleFacts facts = Facts();
  facts.workspace.settings.guest_domains = {"example.com"};
  Member member = MemberWith(Role::kMember);
  member.address.clear();
  ExpectReason(AsGuest(member, Terms(), facts).status(), Reason::kEmailDomainNotAllowed);
}

TEST(AsGuest, AGivenTimeLiesAheadAndABadOneIsNamedAsTheRequestHasIt) {
  GuestTerms terms = Terms();
  terms.expiry = kNow + kTick;
  EXPECT_TRUE(AsGuest(MemberWith(Role::kMember), terms, Facts()).ok());
  terms.expiry = kNow;
  ExpectField(AsGuest(MemberWith(Role::kMember), terms, Facts()).status(), "guest.expire_time");
  terms.expiry = absl::ZeroDuration();
  ExpectField(AsGuest(MemberWith(Role::kMember), terms, Facts()).status(), "guest.ttl");
}

TEST(AsGuest, WithoutATimeTheWorkspacesSettingsSay) {
  RoleFacts facts = Facts();
  GuestTerms terms = Terms();
  terms.expiry = Never{};
  EXPECT_EQ(AsGuest(MemberWith(Role::kMember), terms, facts)->state.expire_time, absl::InfiniteFuture());
  facts.workspace.settings.maximum_lifetime = absl::Hours(8);
  EXPECT_EQ(AsGuest(MemberWith(Role::kMember), terms, facts)->state.expire_time, kNow + absl::Hours(8));
  facts.workspace.settings.default_lifetime = absl::Hours(7);
  EXPECT_EQ(AsGuest(MemberWith(Role::kMember), terms, facts)->state.expire_time, kNow + absl::Hours(7));
}

TEST(CheckMayBeGuest, NobodyWithAuthorityThroughTheOrganization) {
  RoleFacts facts = Facts();
  EXPECT_TRUE(CheckMayBeGuest("role", facts).ok());
  for (const OrganizationRole role : {OrganizationRole::kOwner, OrganizationRole::kAdmin}) {
    facts.organization_role = role;
    ExpectField(CheckMayBeGuest("role", facts), "role");
  }
}

TEST(CheckSponsor, IsAnotherOneWhoIsMemberOrAdmin) {
  EXPECT_TRUE(CheckSponsor("sponsor", kSponsor, Role::kAdmin, kUser).ok());
  EXPECT_TRUE(CheckSponsor("sponsor", kSponsor, Role::kMember, kUser).ok());
  ExpectField(CheckSponsor("sponsor", kSponsor, Role::kViewer, kUser), "sponsor");
  ExpectField(CheckSponsor("sponsor", kSponsor, Role::kGuest, kUser), "sponsor");
  ExpectField(CheckSponsor("sponsor", kSponsor, std::nullopt, kUser), "sponsor");
  ExpectField(CheckSponsor("sponsor", UserId(), Role::kAdmin, kUser), "sponsor");
  ExpectField(CheckSponsor("sponsor", kUser, Role::kAdmin, kUser), "sponsor");
}

}  // namespace
}  // namespace guestpass::membership
