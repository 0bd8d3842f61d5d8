// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/wire.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/rights_feed/wire_types.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::rights_feed {
namespace {

namespace wire = rights::v1;

constexpr int kMostGrants = 100;

absl::Status Malformed(absl::string_view what) {
  return Error(Reason::kInternal, absl::StrCat("A rights entry is malformed: ", what, "."));
}

template <typename IdType>
absl::Status ReadId(absl::string_view what, const std::string& text, IdType& id) {
  const std::optional<IdType> parsed = IdType::Parse(text);
  if (!parsed.has_value()) return Malformed(what);
  id = *parsed;
  return absl::OkStatus();
}

template <typename Wire, typename Value>
absl::Status ReadEnum(absl::string_view what, Wire number, std::optional<Value>& value) {
  value = FromProto(number);
  if (!value.has_value() && static_cast<int>(number) != 0) return Malformed(what);
  return absl::OkStatus();
}

absl::StatusOr<rights::OrganizationMemberState> Read(const wire::OrganizationMemberState& in) {
  rights::OrganizationMemberState out;
  RETURN_IF_ERROR(ReadId("organization", in.organization(), out.organization));
  RETURN_IF_ERROR(ReadId("user", in.user(), out.user));
  RETURN_IF_ERROR(ReadEnum("role", in.role(), out.role));
  return out;
}

absl::StatusOr<rights::WorkspaceState> Read(const wire::WorkspaceState& in) {
  rights::WorkspaceState out{.deleted = in.deleted()};
  RETURN_IF_ERROR(ReadId("workspace", in.workspace(), out.workspace));
  RETURN_IF_ERROR(ReadId("organization", in.organization(), out.organization));
  return out;
}

absl::StatusOr<rights::ChannelState> Read(const wire::ChannelState& in) {
  rights::ChannelState out{.archived = in.archived()};
  RETURN_IF_ERROR(ReadId("channel", in.channel(), out.channel));
  RETURN_IF_ERROR(ReadEnum("kind", in.kind(), out.kind));
  if (!out.kind.has_value() && in.workspace().empty()) return out;
  RETURN_IF_ERROR(ReadId("workspace", in.workspace(), out.workspace));
  return out;
}

absl::StatusOr<rights::ParticipantState> Read(const wire::ParticipantState& in) {
  rights::ParticipantState out{.present = in.present()};
  RETURN_IF_ERROR(ReadId("channel", in.channel(), out.channel));
  RETURN_IF_ERROR(ReadId("user", in.user(), out.user));
  return out;
}

absl::StatusOr<rights::Object> ReadObject(const wire::RightsEntry& entry) {
  switch (entry.object_case()) {
    case wire::RightsEntry::kOrganizationMember:
      return Read(entry.organization_member());
    case wire::RightsEntry::kWorkspace:
      return Read(entry.workspace());
    case wire::RightsEntry::kChannel:
      return Read(entry.channel());
    case wire::RightsEntry::kMember:
      return FromProto(entry.member());
    case wire::RightsEntry::kParticipant:
      return Read(entry.participant());
    case wire::RightsEntry::OBJECT_NOT_SET:
      break;
  }
  return Malformed("no object");
}

struct WriteObject {
  wire::RightsEntry& out;

  void operator()(const rights::OrganizationMemberState& in) const {
    auto& state = *out.mutable_organization_member();
    state.set_organization(in.organization.ToString());
    state.set_user(in.user.ToString());
    state.set_role(ToProto(in.role));
  }
  void operator()(const rights::WorkspaceState& in) const {
    auto& state = *out.mutable_workspace();
    state.set_workspace(in.workspace.ToString());
    state.set_organization(in.organization.ToString());
    state.set_deleted(in.deleted);
  }
  void operator()(const rights::ChannelState& in) const {
    auto& state = *out.mutable_channel();
    state.set_channel(in.channel.ToString());
    state.set_workspace(in.workspace.ToString());
    state.set_kind(ToProto(in.kind));
    state.set_archived(in.archived);
  }
  void operator()(const rights::MemberState& in) const { *out.mutable_member() = ToProto(in); }
  void operator()(const rights::ParticipantState& in) const {
    auto& state = *out.mutable_participant();
    state.set_channel(in.channel.ToString());
    state.set_user(in.user.ToString());
    state.set_present(in.present);
  }
};

int64_t ToMicros(absl::Time time) {
  return time == absl::InfiniteFuture() || time == absl::InfinitePast() ? 0 : absl::ToUnixMicros(time);
}

}  // namespace

int64_t EndToMicros(absl::Time end) { return ToMicros(end); }

absl::Time EndFromMicros(int64_t micros) {
  return micros == 0 ? absl::InfiniteFuture() : absl::FromUnixMicros(micros);
}

absl::StatusOr<rights::MemberState> FromProto(const wire::MemberState& in) {
  rights::MemberState out{.expire_time = EndFromMicros(in.expire_us()),
                          .access_end_time = EndFromMicros(in.access_end_us())};
  RETURN_IF_ERROR(ReadId("workspace", in.workspace(), out.workspace));
  RETURN_IF_ERROR(ReadId("user", in.user(), out.user));
  RETURN_IF_ERROR(ReadEnum("role", in.role(), out.role));
  std::optional<rights::GuestState> recorded;
  RETURN_IF_ERROR(ReadEnum("recorded_state", in.recorded_state(), recorded));
  out.recorded = recorded.value_or(rights::GuestState::kActive);
  if (in.grants_size() > kMostGrants) return Malformed("too many grants");
  out.grants.resize(in.grants_size());
  for (int i = 0; i < in.grants_size(); ++i) RETURN_IF_ERROR(ReadId("grants", in.grants(i), out.grants[i]));
  std::sort(out.grants.begin(), out.grants.end());
  return out;
}

absl::StatusOr<rights::Entry> FromProto(const wire::RightsEntry& in) {
  if (in.n() == 0 && in.record_us() != 0) return Malformed("no number");
  ASSIGN_OR_RETURN(rights::Object object, ReadObject(in));
  return rights::Entry{.n = in.n(),
                       .record_time = absl::FromUnixMicros(in.record_us()),
                       .effective_time = absl::FromUnixMicros(in.effective_us()),
                       .object = std::move(object)};
}

absl::StatusOr<Entries> FromProto(const wire::RightsEntries& in) {
  if (in.shard() >= rights::kShards) return Malformed("shard");
  Entries out{.epoch = in.epoch(), .shard = in.shard()};
  out.entries.reserve(in.entries_size());
  for (const wire::RightsEntry& entry : in.entries()) {
    ASSIGN_OR_RETURN(rights::Entry read, FromProto(entry));
    out.entries.push_back(std::move(read));
  }
  return out;
}

wire::MemberState ToProto(const rights::MemberState& in) {
  wire::MemberState out;
  out.set_workspace(in.workspace.ToString());
  out.set_user(in.user.ToString());
  out.set_role(ToProto(in.role));
  out.set_expire_us(EndToMicros(in.expire_time));
  out.set_access_end_us(EndToMicros(in.access_end_time));
  if (in.role == rights::Role::kGuest) out.set_recorded_state(ToProto(std::optional(in.recorded)));
  for (const ChannelId& grant : in.grants) out.add_grants(grant.ToString());
  return out;
}

wire::RightsEntry ToProto(const rights::Entry& in) {
  wire::RightsEntry out;
  out.set_n(in.n);
  out.set_record_us(ToMicros(in.record_time));
  out.set_effective_us(ToMicros(in.effective_time));
  std::visit(WriteObject{out}, in.object);
  return out;
}

wire::RightsEntries ToProto(const Entries& in) {
  wire::RightsEntries out;
  out.set_epoch(in.epoch);
  out.set_shard(in.shard);
  for (const rights::Entry& entry : in.entries) *out.add_entries() = ToProto(entry);
  return out;
}

}  // namespace guestpass::rights_feed
