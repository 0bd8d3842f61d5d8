// SPDX-License-Identifier: Apache-2.0
#include "common/status/reason.h"

namespace guestpass {
namespace {

struct Row {
  Reason reason;
  absl::string_view name;
  absl::StatusCode code;
};

constexpr Row kRows[] = {
    {Reason::kCredentialsMissing, "CREDENTIALS_MISSING", absl::StatusCode::kUnauthenticated},
    {Reason::kTokenMalformed, "TOKEN_MALFORMED", absl::StatusCode::kUnauthenticated},
    {Reason::kTokenExpired, "TOKEN_EXPIRED", absl::StatusCode::kUnauthenticated},
    {Reason::kTokenAudience, "TOKEN_AUDIENCE", absl::StatusCode::kUnauthenticated},
    {Reason::kTokenIssuer, "TOKEN_ISSUER", absl::StatusCode::kUnauthenticated},
    {Reason::kTokenAlgorithm, "TOKEN_ALGORITHM", absl::StatusCode::kUnauthenticated},
    {Reason::kTokenSignature, "TOKEN_SIGNATURE", absl::StatusCode::kUnauthenticated},
    {Reason::kRoleTooLow, "ROLE_TOO_LOW", absl::StatusCode::kPermissionDenied},
    {Reason::kCallerNotAllowed, "CALLER_NOT_ALLOWED", absl::StatusCode::kPermissionDenied},
    {Reason::kChannelOutOfScope, "CHANNEL_OUT_OF_SCOPE", absl::StatusCode::kPermissionDenied},
    {Reason::kGuestSoftLocked, "GUEST_SOFT_LOCKED", absl::StatusCode::kPermissionDenied},
    {Reason::kGuestEnded, "GUEST_ENDED", absl::StatusCode::kPermissionDenied},
    {Reason::kDmStartForbidden, "DM_START_FORBIDDEN", absl::StatusCode::kPermissionDenied},
    {Reason::kInviteEmailMismatch, "INVITE_EMAIL_MISMATCH", absl::StatusCode::kPermissionDenied},
    {Reason::kEmailNotVerified, "EMAIL_NOT_VERIFIED", absl::StatusCode::kPermissionDenied},
    {Reason::kEmailDomainNotAllowed, "EMAIL_DOMAIN_NOT_ALLOWED", absl::StatusCode::kPermissionDenied},
    {Reason::kOrgOwnerProtected, "ORG_OWNER_PROTECTED", absl::StatusCode::kPermissionDenied},
    {Reason::kOrganizationNotFound, "ORGANIZATION_NOT_FOUND", absl::StatusCode::kNotFound},
    {Reason::kWorkspaceNotFound, "WORKSPACE_NOT_FOUND", absl::StatusCode::kNotFound},
    {Reason::kMemberNotFound, "MEMBER_NOT_FOUND", absl::StatusCode::kNotFound},
    {Reason::kChannelNotFound, "CHANNEL_NOT_FOUND", absl::StatusCode::kNotFound},
    {Reason::kInviteNotFound, "INVITE_NOT_FOUND", absl::StatusCode::kNotFound},
    {Reason::kMemberExists, "MEMBER_EXISTS", absl::StatusCode::kAlreadyExists},
    {Reason::kInvitePendingForEmail, "INVITE_PENDING_FOR_EMAIL", absl::StatusCode::kAlreadyExists},
    {Reason::kInviteExpired, "INVITE_EXPIRED", absl::StatusCode::kFailedPrecondition},
    {Reason::kInviteRevoked, "INVITE_REVOKED", absl::StatusCode::kFailedPrecondition},
    {Reason::kInviteDeclined, "INVITE_DECLINED", absl::StatusCode::kFailedPrecondition},
    {Reason::kInviteExhausted, "INVITE_EXHAUSTED", absl::StatusCode::kFailedPrecondition},
    {Reason::kInviteNoLongerValid, "INVITE_NO_LONGER_VALID", absl::StatusCode::kFailedPrecondition},
    {Reason::kLastAdmin, "LAST_ADMIN", absl::StatusCode::kFailedPrecondition},
    {Reason::kLastOwner, "LAST_OWNER", absl::StatusCode::kFailedPrecondition},
    {Reason::kLastGrant, "LAST_GRANT", absl::StatusCode::kFailedPrecondition},
    {Reason::kNotAGuest, "NOT_A_GUEST", absl::StatusCode::kFailedPrecondition},
    {Reason::kChannelArchived, "CHANNEL_ARCHIVED", absl::StatusCode::kFailedPrecondition},
    {Reason::kGuestLifetimeExceeded, "GUEST_LIFETIME_EXCEEDED", absl::StatusCode::kFailedPrecondition},
    {Reason::kExtensionAlreadyRequested, "EXTENSION_ALREADY_REQUESTED",
     absl::StatusCode::kFailedPrecondition},
    {Reason::kExtensionNotPending, "EXTENSION_NOT_PENDING", absl::StatusCode::kFailedPrecondition},
    {Reason::kEtagMismatch, "ETAG_MISMATCH", absl::StatusCode::kAborted},
    {Reason::kConflict, "CONFLICT", absl::StatusCode::kAborted},
    {Reason::kFeedTruncated, "FEED_TRUNCATED", absl::StatusCode::kOutOfRange},
    {Reason::kInviteRateLimited, "INVITE_RATE_LIMITED", absl::StatusCode::kResourceExhausted},
    {Reason::kRedeemRateLimited, "REDEEM_RATE_LIMITED", absl::StatusCode::kResourceExhausted},
    {Reason::kPreviewRateLimited, "PREVIEW_RATE_LIMITED", absl::StatusCode::kResourceExhausted},
    {Reason::kPostRateLimited, "POST_RATE_LIMITED", absl::StatusCode::kResourceExhausted},
    {Reason::kGuestLimitReached, "GUEST_LIMIT_REACHED", absl::StatusCode::kResourceExhausted},
    {Reason::kSessionLimit, "SESSION_LIMIT", absl::StatusCode::kResourceExhausted},
    {Reason::kOverloaded, "OVERLOADED", absl::StatusCode::kResourceExhausted},
    {Reason::kParticipationLimitReached, "PARTICIPATION_LIMIT_REACHED", absl::StatusCode::kResourceExhausted},
    {Reason::kFieldInvalid, "FIELD_INVALID", absl::StatusCode::kInvalidArgument},
    {Reason::kPageTokenInvalid, "PAGE_TOKEN_INVALID", absl::StatusCode::kInvalidArgument},
    {Reason::kRequestIdReused, "REQUEST_ID_REUSED", absl::StatusCode::kInvalidArgument},
    {Reason::kDatabaseUnavailable, "DATABASE_UNAVAILABLE", absl::StatusCode::kUnavailable},
    {Reason::kRightsStale, "RIGHTS_STALE", absl::StatusCode::kUnavailable},
    {Reason::kEmailDeliveryFailed, "EMAIL_DELIVERY_FAILED", absl::StatusCode::kUnavailable},
    {Reason::kSchemaOutOfDate, "SCHEMA_OUT_OF_DATE", absl::StatusCode::kUnavailable},
    {Reason::kOutcomeUnknown, "OUTCOME_UNKNOWN", absl::StatusCode::kUnavailable},
    {Reason::kServiceUnavailable, "SERVICE_UNAVAILABLE", absl::StatusCode::kUnavailable},
    {Reason::kInternal, "INTERNAL", absl::StatusCode::kInternal},
};

}  // namespace

absl::string_view ReasonName(Reason reason) {
  for (const Row& row : kRows) {
    if (row.reason == reason) return row.name;
  }
  return "INTERNAL";
}

std::optional<Reason> ReasonOf(absl::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.reason;
  }
  return std::nullopt;
}

absl::StatusCode CodeOf(Reason reason) {
  for (const Row& row : kRows) {
    if (row.reason == reason) return row.code;
  }
  return absl::StatusCode::kInternal;
}

}  // namespace guestpass
