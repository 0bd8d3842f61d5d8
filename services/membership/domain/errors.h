// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/rights/decide.h"
#include "common/rights/errors.h"
#include "common/rights/ids.h"
#include "common/rights/names.h"

// One constructor for each way in which membership alone refuses.
namespace guestpass::membership {

// PERMISSION_DENIED ROLE_TOO_LOW {role}: what the caller asks is for `whose`, "members and admins", and it is
// none. SponsorsOnlyExtend: it is a sponsor, and asks more of a guest.
absl::Status RoleTooLow(const rights::Authority& authority, absl::string_view whose);
absl::Status SponsorsOnlyExtend(const rights::Authority& authority);

// PERMISSION_DENIED ROLE_TOO_LOW {role}: an organization's matter, and the caller has no role in it; or it is
// for its owners only.
absl::Status NoOrganizationRole();
absl::Status OwnersOnly(absl::string_view role);

// PERMISSION_DENIED CALLER_NOT_ALLOWED: for platform operators.
absl::Status OperatorsOnly();

// PERMISSION_DENIED EMAIL_DOMAIN_NOT_ALLOWED; does not say which are.
absl::Status EmailDomainNotAllowed();

// PERMISSION_DENIED ORG_OWNER_PROTECTED {member}: a member's name, or the organization's where its role there
// is meant.
absl::Status OrgOwnerProtected(absl::string_view member);

// PERMISSION_DENIED DM_START_FORBIDDEN
absl::Status DirectStartForbidden();

// NOT_FOUND ORGANIZATION_NOT_FOUND {organization}, for operators: others learn nothing of what exists.
absl::Status OrganizationNotFound(const OrganizationId& organization);

// NOT_FOUND MEMBER_NOT_FOUND {member}
absl::Status MemberNotFound(const MemberName& member);

// NOT_FOUND CHANNEL_NOT_FOUND {channel}
absl::Status ChannelNotFound(const ChannelName& channel);

// NOT_FOUND MEMBER_NOT_FOUND {channel, user}: takes no part in the channel.
absl::Status ChannelMemberNotFound(const ChannelName& channel, const UserId& user);

// NOT_FOUND MEMBER_NOT_FOUND {organization, user}: has no role in the organization.
absl::Status OrganizationMemberNotFound(const OrganizationId& organization, const UserId& user);

// ALREADY_EXISTS MEMBER_EXISTS; does not say who.
absl::Status MemberExists();

// ALREADY_EXISTS MEMBER_EXISTS {member}
absl::Status MemberExists(const MemberName& member);

// FAILED_PRECONDITION LAST_ADMIN {member}
absl::Status LastAdmin(const MemberName& member);

// FAILED_PRECONDITION LAST_OWNER {organization}
absl::Status LastOwner(const OrganizationId& organization);

// FAILED_PRECONDITION LAST_GRANT {member}
absl::Status LastGrant(const MemberName& member);

// FAILED_PRECONDITION NOT_A_GUEST {member}
absl::Status NotAGuest(const MemberName& member);

// FAILED_PRECONDITION CHANNEL_ARCHIVED {channel}
absl::Status ChannelArchived(const ChannelName& channel);

// FAILED_PRECONDITION GUEST_LIFETIME_EXCEEDED {latest}: the latest time that the workspace allows now.
absl::Status GuestLifetimeExceeded(absl::Time latest);

// RESOURCE_EXHAUSTED GUEST_LIMIT_REACHED {limit = workspace | sponsor}
absl::Status GuestLimitReached(absl::string_view limit);

// RESOURCE_EXHAUSTED PARTICIPATION_LIMIT_REACHED {user}: has kMaxParts.
absl::Status ParticipationLimitReached(const UserId& user);

// FAILED_PRECONDITION INVITE_NO_LONGER_VALID {invite}. `because` tells the invitee what has changed.
absl::Status InviteNoLongerValid(const InviteName& invite, absl::string_view because);

// ABORTED CONFLICT {join_key}: the attempt was decided before, otherwise than by making this member.
absl::Status JoinCancelled(absl::string_view join_key);

// OUT_OF_RANGE FEED_TRUNCATED {shard, pruned_n}
absl::Status FeedTruncated(uint32_t shard, uint64_t pruned_n);

}  // namespace guestpass::membership
