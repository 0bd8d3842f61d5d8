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
constexpr Word<State> kStates[] = {{State::kRevoked, "REVOKED"},   {State::kPending, "PENDING"},
                                   {State::kRedeemed, "REDEEMED"}, {State::kExpired, "EXPIRED"},
                                   {State::kDeclined, "DECLINED"}, {State::kUndelivered, "UNDELIVERED"}};
constexpr Word<Delivery> kDeliveries[] = {{Delivery::kUnknown, "UNKNOWN"},
                                          {Delivery::kSending, "SENDING"},
                                          {Delivery::kSent, "SENT"},
                                          {Delivery::kNotConfigured, "NOT_CONFIGURED"},
                                          {Delivery::kDevRestricted, "DEV_RESTRICTED"},
                                          {Delivery::kFailed, "FAILED"},
                                          {Delivery::kNotMailed, "NOT_MAILED"}};

template <typename Value, size_t n>
absl::string_view WordOf(const Word<Value> (&words)[n], Value value) {
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

std::optional<absl::Time> ReadTime(const postgres::Result& result, int row, int col) {
  return result.IsNull(row, col) ? std::nullopt : std::optional<absl::Time>(result.Time(row, col));
}

std::optional<Link> ReadLink(const postgres::Result& result, int row, int is_col, int uses_col,
                             int allow_col) {
  if (!result.Bool(row, is_col)) return std::nullopt;
  Link link{.max_uses = std::nullopt, .allow_unverified = result.Bool(row, allow_col)};
  if (!result.IsNull(row, uses_col)) link.max_uses = static_cast<int32_t>(result.Int64(row, uses_col));
  return link;
}

std::optional<int32_t> MaxUses(const Invite& invite) { return invite.link.value_or(Link()).max_uses; }

std::optional<std::string> AddressOf(const Invite& invite, const std::string& text) {
  return invite.link.has_value() ? std::nullopt : std::optional<std::string>(text);
}

}  // namespace

Invite ReadInvite(const postgres::Result& result, int row) {
  return {.name = {result.As<WorkspaceId>(row, 0), result.As<InviteId>(row, 1)},
          .address = {.shown = std::string(result.Text(row, 2)), .folded = std::string(result.Text(row, 3))},
          .link = ReadLink(result, row, 4, 5, 6),
          .role = ValueOf(kRoles, result.Text(row, 7)),
          .channels = ReadChannels(result, row, 8),
          .guest_expiry = ReadGuestExpiry(result, row, 9, 10),
          .inviter = result.As<UserId>(row, 11),
          .rights_n = static_cast<uint64_t>(result.Int64(row, 12)),
          .check_time = result.Time(row, 13),
          .workspace_display_name = std::string(result.Text(row, 14)),
          .state = ValueOf(kStates, result.Text(row, 15)),
          .delivery = ValueOf(kDeliveries, result.Text(row, 16)),
          .expire_time = result.Time(row, 17),
          .create_time = result.Time(row, 18),
          .resend_time = ReadTime(result, row, 20),
          .generation = static_cast<int>(result.Int64(row, 19)),
          .spent = static_cast<int32_t>(result.Int64(row, 21)),
          .reserved = static_cast<int32_t>(result.Int64(row, 23)),
          .redeemed_by = result.As<UserId>(row, 22)};
}

postgres::Params InviteParams(const Invite& invite) {
  return postgres::Params::Of(
      invite.name.workspace, invite.name.invite, AddressOf(invite, invite.address.shown),
      AddressOf(invite, invite.address.folded), invite.link.has_value(), MaxUses(invite),
      invite.link.value_or(Link()).allow_unverified, WordOf(kRoles, invite.role), invite.channels,
      Alternative<absl::Time>(invite.guest_expiry), Alternative<absl::Duration>(invite.guest_expiry),
      invite.inviter, invite.rights_n, invite.check_time, invite.workspace_display_name, TextOf(invite.state),
      TextOf(invite.delivery), invite.expire_time, invite.create_time, invite.generation);
}

absl::string_view TextOf(State state) { return WordOf(kStates, state); }

absl::string_view TextOf(Delivery delivery) { return WordOf(kDeliveries, delivery); }

std::optional<absl::Time> LeaseOf(const Invite& invite, absl::Time lease_end) {
  return invite.delivery == Delivery::kSending ? std::optional<absl::Time>(lease_end) : std::nullopt;
}

}  // namespace guestpass::invite
