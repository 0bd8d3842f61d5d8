// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/role_change.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/domain/grants.h"
#include "services/membership/domain/guest_admission.h"

namespace guestpass::membership {
namespace {

using rights::Role;

absl::Status CheckChannels(const GuestTerms& terms, const RoleFacts& facts) {
  for (const ChannelId& channel : terms.channels) {
    const auto found = facts.channels.find(channel);
    const bool there = found != facts.channels.end();
    RETURN_IF_ERROR(CheckGrantable({facts.workspace.state.workspace, channel},
                                   there ? std::optional(found->second) : std::nullopt));
  }
  return absl::OkStatus();
}

// The time as the request's message `guest` has it.
absl::Status OfGuest(const absl::Status& status) {
  const std::optional<ErrorDetails> details = DetailsOf(status);
  if (!details.has_value() || details->violations.empty()) return status;
  const FieldViolation& violation = details->violations[0];
  return FieldInvalid(absl::StrCat("guest.", violation.field), violation.description);
}

}  // namespace

absl::Status CheckMayBeGuest(absl::string_view field, const RoleFacts& facts) {
  if (!facts.organization_role.has_value()) return absl::OkStatus();
  return FieldInvalid(field,
                      "is GUEST, and the user has ADMIN authority through the organization: a guest's limits "
                      "never apply to it");
}

absl::StatusOr<Member> AsGuest(Member member, const GuestTerms& terms, const RoleFacts& facts) {
  const WorkspaceSettings& settings = facts.workspace.settings;
  RETURN_IF_ERROR(CheckChannels(terms, facts));
  const auto expire_time = FirstExpireTime(terms.expiry, settings, facts.now);
  if (!expire_time.ok()) return OfGuest(expire_time.status());
  if (!DomainAllowed(settings, member.address)) return EmailDomainNotAllowed();
  member.state.role = Role::kGuest;
  member.state.grants = terms.channels;
  member.state = WithExpireTime(member.state, *expire_time, settings.guest_grace, facts.now);
  member.sponsor = terms.sponsor;
  return member;
}

bool LosesAdmin(const Member& before, Role role) {
  return before.state.role == Role::kAdmin && role != Role::kAdmin;
}

bool Demotes(const Member& before, Role role) {
  static_assert(Role::kAdmin < Role::kMember && Role::kMember < Role::kViewer &&
                Role::kViewer < Role::kGuest);
  return *before.state.role < role;
}

absl::StatusOr<Member> ChangeRole(const Member& before, Role role, const std::optional<GuestTerms>& terms,
                                  const RoleFacts& facts) {
  const MemberName name{before.state.workspace, before.state.user};
  if (before.state.role == role) {
    if (!terms.has_value()) return before;
    return FieldInvalid("guest",
                        "is for who is no guest yet: GuestExpiryService changes a guest's times, "
                        "AddGuestGrant its channels");
  }
  const bool is_owner = facts.organization_role == rights::OrganizationRole::kOwner;
  if (is_owner && Demotes(before, role)) return OrgOwnerProtected(name.ToString());
  if (LosesAdmin(before, role) && facts.other_admins == 0) return LastAdmin(name);
  Member after = before;
  after.state = {.workspace = name.workspace, .user = name.user, .role = role};
  after.sponsor = {};
  if (role != Role::kGuest) return after;
  if (!terms.has_value()) return FieldInvalid("guest", "is missing: who becomes a guest gets channels");
  RETURN_IF_ERROR(CheckMayBeGuest("member.role", facts));
  return AsGuest(std::move(after), *terms, facts);
}

absl::Status CheckSponsor(absl::string_view field, const UserId& sponsor, std::optional<Role> role,
                          const UserId& guest) {
  if (sponsor.empty()) return FieldInvalid(field, "is empty: somebody answers for a guest");
  if (sponsor == guest) return FieldInvalid(field, "is the guest itself");
  if (role == Role::kAdmin || role == Role::kMember) return absl::OkStatus();
  return FieldInvalid(field, "is no MEMBER or ADMIN of this workspace");
}

}  // namespace guestpass::membership
