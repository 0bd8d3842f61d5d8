// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/rights/decide.h"
#include "common/rights/ids.h"
#include "common/rights/names.h"

// One constructor for each way in which membership refuses.
namespace guestpass::membership {

// PERMISSION_DENIED ROLE_TOO_LOW {role}: the caller lacks the role for what it asks.
absl::Status RoleTooLow(const rights::Authority& authority);

// PERMISSION_DENIED ROLE_TOO_LOW {role=NONE}: an organization's matter, and the caller has no role in it.
absl::Status NoOrganizationRole();

// PERMISSION_DENIED CALLER_NOT_ALLOWED: for platform operators.
absl::Status OperatorsOnly();

// PERMISSION_DENIED EMAIL_NOT_VERIFIED
absl::Status EmailNotVerified();

// PERMISSION_DENIED ORG_OWNER_PROTECTED {member}
absl::Status OrgOwnerProtected(const MemberName& member);

// NOT_FOUND WORKSPACE_NOT_FOUND {workspace}, for operators: others learn nothing of what exists.
absl::Status WorkspaceNotFound(const WorkspaceId& workspace);

// NOT_FOUND MEMBER_NOT_FOUND {member}
absl::Status MemberNotFound(const MemberName& member);

// NOT_FOUND CHANNEL_NOT_FOUND {channel}
absl::Status ChannelNotFound(const ChannelName& channel);

// ALREADY_EXISTS MEMBER_EXISTS; does not say who.
absl::Status MemberExists();

// FAILED_PRECONDITION LAST_ADMIN {member}
absl::Status LastAdmin(const MemberName& member);

// FAILED_PRECONDITION NOT_A_GUEST {member}
absl::Status NotAGuest(const MemberName& member);

// FAILED_PRECONDITION INVITE_NO_LONGER_VALID {invite}. `because` tells the invitee what has changed.
absl::Status InviteNoLongerValid(const InviteName& invite, absl::string_view because);

// ABORTED CONFLICT {join_key}: the attempt was decided before, otherwise than by making this member.
absl::Status JoinCancelled(absl::string_view join_key);

// OUT_OF_RANGE FEED_TRUNCATED {shard, pruned_n}
absl::Status FeedTruncated(uint32_t shard, uint64_t pruned_n);

}  // namespace guestpass::membership
