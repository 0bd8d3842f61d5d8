// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/decide_now.h"

#include "common/rights_feed/views.h"

namespace guestpass::rights_feed {
namespace {

absl::Duration LeaseOf(const rights::Authority& authority, bool writes) {
  if (!writes) return kReadLease;
  return authority.role == rights::Role::kGuest ? kGuestWriteLease : kWriteLease;
}

}  // namespace

Decision Decide(const ChannelRights& rights, rights::Action action, absl::Duration boot) {
  const ChannelView& channel = rights.view();
  const MemberView& member = *channel.member;
  const std::optional<absl::Time> clock = member.clock.Latest(boot);
  absl::ReaderMutexLock lock(&member.shard.mutex());
  Decision decision{.refusal = rights::Refusal::kRightsStale, .lease_end = -absl::InfiniteDuration()};
  if (!member.IsKnown() || !channel.IsKnown()) return decision;
  decision.authority = member.authority();
  const bool writes = action != rights::Action::kRead;
  decision.lease_end = member.shard.lease_from() + LeaseOf(decision.authority, writes);
  const absl::Time now = clock.value_or(absl::InfinitePast());
  rights::Standing standing = channel.StandingOf(decision.authority);
  standing.write_lease_end = standing.read_lease_end =
      clock.has_value() ? now + (decision.lease_end - boot) : absl::InfinitePast();
  decision.refusal = rights::Decide(standing, action, now);
  return decision;
}

Decision DecideEntry(const MemberRights& rights, bool writes, absl::Duration boot) {
  const MemberView& member = rights.view();
  const std::optional<absl::Time> clock = member.clock.Latest(boot);
  absl::ReaderMutexLock lock(&member.shard.mutex());
  Decision decision{.refusal = rights::Refusal::kRightsStale, .lease_end = -absl::InfiniteDuration()};
  if (!member.IsKnown()) return decision;
  decision.authority = member.authority();
  decision.lease_end = member.shard.lease_from() + LeaseOf(decision.authority, writes);
  decision.refusal = rights::DecideEntry(decision.authority, writes, clock.value_or(absl::InfinitePast()));
  const bool stale = !clock.has_value() || boot >= decision.lease_end;
  if (!decision.refusal.has_value() && stale) decision.refusal = rights::Refusal::kRightsStale;
  return decision;
}

}  // namespace guestpass::rights_feed
