// SPDX-License-Identifier: Apache-2.0
#include "services/invite/domain/draft.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace guestpass::invite {
namespace {

constexpr char kMaxUsesField[] = "invite.link.max_uses";
constexpr char kRole[] = "invite.role";
constexpr char kChannels[] = "invite.channels";
constexpr char kGuestTtl[] = "invite.guest_ttl";
constexpr char kGuestExpireTime[] = "invite.guest_expire_time";
constexpr char kExpireTime[] = "invite.expire_time";

void CheckLink(const Draft& draft, std::vector<FieldViolation>& found) {
  if (!draft.link.has_value()) return;
  const int32_t max_uses = draft.link->max_uses.value_or(1);
  if (max_uses < 1 || max_uses > kMaxUses) found.push_back({kMaxUsesField, "is not 1 to 1,000,000"});
  if (draft.role == rights::Role::kAdmin) {
    found.push_back({kRole, "is ROLE_ADMIN, which no link gives: invite the address"});
  }
}

bool HasDuplicates(std::vector<ChannelId> channels) {
  std::erase(channels, ChannelId());
  std::sort(channels.begin(), channels.end());
  return std::adjacent_find(channels.begin(), channels.end()) != channels.end();
}

void CheckGuest(const Draft& draft, std::vector<FieldViolation>& found) {
  if (draft.channels.empty()) found.push_back({kChannels, "is empty: a guest needs at least one channel"});
  if (draft.channels.size() > kMaxChannels) {
    found.push_back({kChannels, absl::StrCat("has more than ", kMaxChannels, " channels")});
  } else if (HasDuplicates(draft.channels)) {
    found.push_back({kChannels, "names a channel twice"});
  }
  const auto* ttl = std::get_if<absl::Duration>(&draft.guest_expiry);
  if (ttl == nullptr) return;
  if (*ttl <= absl::ZeroDuration()) found.push_back({kGuestTtl, "is not more than 0"});
  if (*ttl > kMaxGuestTtl) found.push_back({kGuestTtl, "is more than 36,500 days"});
}

void CheckOther(const Draft& draft, std::vector<FieldViolation>& found) {
  if (!draft.channels.empty()) found.push_back({kChannels, "is for guests only"});
  if (std::holds_alternative<absl::Duration>(draft.guest_expiry)) {
    found.push_back({kGuestTtl, "is for guests only"});
  }
  if (std::holds_alternative<absl::Time>(draft.guest_expiry)) {
    found.push_back({kGuestExpireTime, "is for guests only"});
  }
}

}  // namespace

Draft DraftOf(const Invite& invite) {
  return {.address = invite.address,
          .link = invite.link,
          .role = invite.role,
          .channels = invite.channels,
          .guest_expiry = invite.guest_expiry};
}

std::vector<FieldViolation> Violations(const Draft& draft, absl::Time now) {
  std::vector<FieldViolation> found;
  CheckLink(draft, found);
  if (draft.role == rights::Role::kGuest) {
    CheckGuest(draft, found);
  } else if (draft.role.has_value()) {
    CheckOther(draft, found);
  }
  if (!draft.expire_time.has_value()) return found;
  const auto late = DetailsOf(CheckExpireTime(kExpireTime, *draft.expire_time, now));
  if (late.has_value()) found.insert(found.end(), late->violations.begin(), late->violations.end());
  return found;
}

absl::Status CheckExpireTime(absl::string_view field, absl::Time expire_time, absl::Time now) {
  if (expire_time <= now) return FieldInvalid(field, "is not in the future");
  if (expire_time > now + kMaxLifetime) return FieldInvalid(field, "is more than 30 days ahead");
  return absl::OkStatus();
}

absl::Status CheckGuestExpireTime(const GuestExpiry& expiry, absl::Time now) {
  const auto* time = std::get_if<absl::Time>(&expiry);
  if (time == nullptr) return absl::OkStatus();
  if (*time <= now) return FieldInvalid(kGuestExpireTime, "is not in the future");
  if (*time > now + kMaxGuestTtl) return FieldInvalid(kGuestExpireTime, "is more than 36,500 days ahead");
  return absl::OkStatus();
}

}  // namespace guestpass::invite
