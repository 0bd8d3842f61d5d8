// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace guestpass {

// Why a call was refused: guestpass.type.v1.ErrorReason without the wire. A test holds the two together.
enum class Reason {
  kCredentialsMissing = 100,
  kTokenMalformed = 101,
  kTokenExpired = 102,
  kTokenAudience = 103,
  kTokenIssuer = 104,
  kTokenAlgorithm = 105,
  kTokenSignature = 106,
  kRoleTooLow = 200,
  kCallerNotAllowed = 201,
  kChannelOutOfScope = 202,
  kGuestSoftLocked = 203,
  kGuestEnded = 204,
  kDmStartForbidden = 205,
  kInviteEmailMismatch = 206,
  kEmailNotVerified = 207,
  kEmailDomainNotAllowed = 208,
  kOrgOwnerProtected = 209,
  kOrganizationNotFound = 300,
  kWorkspaceNotFound = 301,
  kMemberNotFound = 302,
  kChannelNotFound = 303,
  kInviteNotFound = 304,
  kMemberExists = 400,
  kInvitePendingForEmail = 401,
  kInviteExpired = 500,
  kInviteRevoked = 501,
  kInviteDeclined = 502,
  kInviteExhausted = 503,
  kInviteNoLongerValid = 504,
  kLastAdmin = 505,
  kLastOwner = 506,
  kLastGrant = 507,
  kNotAGuest = 508,
  kChannelArchived = 509,
  kGuestLifetimeExceeded = 510,
  kExtensionAlreadyRequested = 511,
  kExtensionNotPending = 512,
  kEtagMismatch = 600,
  kConflict = 601,
  kFeedTruncated = 700,
  kInviteRateLimited = 800,
  kRedeemRateLimited = 801,
  kPreviewRateLimited = 802,
  kPostRateLimited = 803,
  kGuestLimitReached = 804,
  kSessionLimit = 805,
  kOverloaded = 806,
  kParticipationLimitReached = 807,
  kFieldInvalid = 900,
  kPageTokenInvalid = 901,
  kRequestIdReused = 902,
  kDatabaseUnavailable = 1000,
  kRightsStale = 1001,
  kEmailDeliveryFailed = 1002,
  kSchemaOutOfDate = 1003,
  kOutcomeUnknown = 1004,
  kServiceUnavailable = 1005,
  kInternal = 1100,
};

// "INVITE_EXPIRED": what ErrorInfo.reason carries.
absl::string_view ReasonName(Reason reason);

// The reason of that name, or nothing.
std::optional<Reason> ReasonOf(absl::string_view name);

// The code that every error with this reason has.
absl::StatusCode CodeOf(Reason reason);

}  // namespace guestpass
