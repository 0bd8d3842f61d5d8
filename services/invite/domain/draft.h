// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/status/error.h"
#include "services/invite/domain/invite.h"

namespace guestpass::invite {

inline constexpr absl::Duration kMaxLifetime = absl::Hours(30 * 24);
inline constexpr absl::Duration kMaxGuestTtl = absl::Hours(36'500 * 24);
inline constexpr size_t kMaxChannels = 100;
inline constexpr int32_t kMaxUses = 1'000'000;

// What somebody wants to be invited to. A value.
struct Draft {
  mail::Address address;             // none: a link
  std::optional<Link> link;          // nothing: an email invite
  std::optional<rights::Role> role;  // nothing: one that could not be read
  std::vector<ChannelId> channels;   // no id: one that was no name of this workspace's channels
  GuestExpiry guest_expiry;
  std::optional<absl::Time> expire_time;  // nothing: by default
};

// The draft of an invite like this one, for judging it anew.
Draft DraftOf(const Invite& invite);

// What is wrong with a draft's link, role, channels, `guest_ttl` and `expire_time` at `now`, by the invite
// database; each field once, under its path in CreateInviteRequest. What could not even be read is not here.
std::vector<FieldViolation> Violations(const Draft& draft, absl::Time now);

// FIELD_INVALID for an invite's expiry that is not in the future of `now` or more than kMaxLifetime ahead.
absl::Status CheckExpireTime(absl::string_view field, absl::Time expire_time, absl::Time now);

// FIELD_INVALID for a guest's time that is not in the future of `now`, by membership's database, or further
// ahead than kMaxGuestTtl.
absl::Status CheckGuestExpireTime(const GuestExpiry& expiry, absl::Time now);

}  // namespace guestpass::invite
