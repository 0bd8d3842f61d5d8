// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/guest_admission.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/mail/address.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"

namespace guestpass::membership {
namespace {

constexpr absl::string_view kBelow = "*.";

absl::StatusOr<absl::Time> GivenTime(const ExpireSetting& setting, absl::Time now) {
  if (const absl::Duration* ttl = std::get_if<absl::Duration>(&setting)) {
    if (*ttl <= absl::ZeroDuration()) return FieldInvalid("ttl", "is not positive");
    if (*ttl > LatestExpireTime() - now) return FieldInvalid("ttl", "ends after the year 9999");
    return now + *ttl;
  }
  const absl::Time time = std::get<absl::Time>(setting);
  if (time <= now) return FieldInvalid("expire_time", "has passed");
  if (time > LatestExpireTime()) return FieldInvalid("expire_time", "lies after November 9999");
  return time;
}

bool Matches(absl::string_view pattern, absl::string_view domain) {
  if (!absl::StartsWith(pattern, kBelow)) return pattern == domain;
  return absl::EndsWith(domain, pattern.substr(1)) && domain.size() >= pattern.size();
}

}  // namespace

absl::StatusOr<absl::Time> FirstExpireTime(const ExpireSetting& setting, const WorkspaceSettings& settings,
                                           absl::Time now) {
  if (std::holds_alternative<Never>(setting)) {
    if (settings.default_lifetime.has_value()) return now + *settings.default_lifetime;
    if (settings.maximum_lifetime.has_value()) return now + *settings.maximum_lifetime;
    return absl::InfiniteFuture();
  }
  ASSIGN_OR_RETURN(const absl::Time time, GivenTime(setting, now));
  RETURN_IF_ERROR(CheckLifetime(time, settings, now));
  return time;
}

absl::Status CheckLifetime(absl::Time expire_time, const WorkspaceSettings& settings, absl::Time now) {
  if (!settings.maximum_lifetime.has_value() || expire_time <= now + *settings.maximum_lifetime) {
    return absl::OkStatus();
  }
  return GuestLifetimeExceeded(now + *settings.maximum_lifetime);
}

bool DomainAllowed(const WorkspaceSettings& settings, absl::string_view address) {
  if (settings.guest_domains.empty()) return true;
  const size_t at = address.rfind('@');
  if (at == absl::string_view::npos) return false;
  return std::any_of(settings.guest_domains.begin(), settings.guest_domains.end(),
                     [&](const std::string& pattern) { return Matches(pattern, address.substr(at + 1)); });
}

absl::StatusOr<std::string> ParseGuestDomain(absl::string_view field, absl::string_view text) {
  const bool below = absl::ConsumePrefix(&text, kBelow);
  const auto address = mail::ParseAddress(absl::StrCat("a@", text));
  if (!address.has_value()) {
    return FieldInvalid(field, "is no mail domain: write example.com, or *.example.com for those below it");
  }
  return absl::StrCat(below ? kBelow : "", address->folded.substr(2));
}

bool HasCaps(const WorkspaceSettings& settings) {
  return settings.guest_cap > 0 || settings.sponsor_guest_cap > 0;
}

absl::Status CheckCaps(const WorkspaceSettings& settings, const GuestCounts& counts) {
  if (settings.guest_cap > 0 && counts.workspace >= settings.guest_cap) return GuestLimitReached("workspace");
  if (settings.sponsor_guest_cap > 0 && counts.sponsor >= settings.sponsor_guest_cap) {
    return GuestLimitReached("sponsor");
  }
  return absl::OkStatus();
}

}  // namespace guestpass::membership
