// SPDX-License-Identifier: Apache-2.0
#include "services/invite/storage/postgres/invite_row.h"

#include <optional>

namespace guestpass::invite {
namespace {

using rights::Role;

template <typename Value>
struct Word {
  Value value;
  absl::string_view text;
};

constexpr Word<Role> kRoles[] = {
    {Role::kGuest, "GUEST"}, {Role::kViewer, "VIEWER"}, {Role::kMember, "MEMBER"}, {Role::kAdmin, "ADMIN"}};
constexpr Word<State> kStates[] = {{State::kRevoked, "REVOKED"},
                                   {State::kPending, "PENDING"},
                                   {State::kRedeemed, "REDEEMED"},
                                   {State::kExpired, "EXPIRED"}};
constexpr Word<Delivery> kDeliveries[] = {
    {Delivery::kSending, "SENDING"}, {Delivery::kSent, "SENT"}, {Delivery::kNotConfigured, "NOT_CONFIGURED"}};

template <typename Value, size_t n>
absl::string_view TextOf(const Word<Value> (&words)[n], Value value) {
  for (const Word<Value>& word : words) {
    if (word.value == value) return word.text;
  }
  return "";
}

// The table's checks let no other word in; the first is the one that gives the least.
template <typename Value, size_t n>
Value ValueOf(const Word<Value> (&words)[n], absl::string_view text) {
  for (const Word<Value>& word : words) {
    if (word.text == text) return word.value;
  }
  return words[0].value;
}

std::vector<ChannelId> ReadChannels(const postgres::Result& result, int row, int col) {
  std::vector<ChannelId> channels;
  for (const std::string& text : result.TextArray(row, col)) {
    channels.push_back(ChannelId::Parse(text).value_or(ChannelId()));
  }
  return channels;
}

GuestExpiry ReadGuestExpiry(const postgres::Result& result, int row, int time_col, int ttl_col) {
  if (!result.IsNull(row, time_col)) return result.Time(row, time_col);
  if (!result.IsNull(row, ttl_col)) return absl::Microseconds(result.Int64(row, ttl_col));
  return std::monostate();
}

template <typename Value>
std::optional<Value> Alternative(const GuestExpiry& expiry) {
  const Value* value = std::get_if<Value>(&expiry);
  return value == nullptr ? std::nullopt : std::optional<Value>(*value);
}

}  // namespace

Invite ReadInvite(const postgres::Result& result, int row) {
  return {.name = {result.As<WorkspaceId>(row, 0), result.As<InviteId>(row, 1)},
          .address = {.shown = std::string(result.Text(row, 2)), .folded = std::string(result.Text(row, 3))},
          .role = ValueOf(kRoles, result.Text(row, 4)),
          .channels = ReadChannels(result, row, 5),
          .guest_expiry = ReadGuestExpiry(result, row, 6, 7),
          .inviter = result.As<UserId>(row, 8),
          .rights_n = static_cast<uint64_t>(result.Int64(row, 9)),
          .check_time = result.Time(row, 10),
          .state = ValueOf(kStates, result.Text(row, 11)),
          .delivery = ValueOf(kDeliveries, result.Text(row, 12)),
          .expire_time = result.Time(row, 13),
          .create_time = result.Time(row, 14),
          .redeemed_by = result.As<UserId>(row, 15)};
}

postgres::Params InviteParams(const Invite& invite) {
  return postgres::Params::Of(invite.name.workspace, invite.name.invite, invite.address.shown,
                              invite.address.folded, TextOf(kRoles, invite.role), invite.channels,
                              Alternative<absl::Time>(invite.guest_expiry),
                              Alternative<absl::Duration>(invite.guest_expiry), invite.inviter,
                              invite.rights_n, invite.check_time, TextOf(kStates, invite.state),
                              TextOf(kDeliveries, invite.delivery), invite.expire_time, invite.create_time);
}

}  // namespace guestpass::invite
