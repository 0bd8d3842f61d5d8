// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/guest_grants.h"

#include <algorithm>

#include "common/rights/names.h"
#include "services/membership/domain/errors.h"
#include "services/membership/domain/grants.h"
#include "services/membership/server/audits.h"
#include "services/membership/server/look.h"
#include "services/membership/server/mutate.h"
#include "services/membership/server/pages.h"

namespace guestpass::membership {
namespace {

LockPlan PlanOf(const MemberName& name) {
  LockPlan plan{.workspace = name.workspace};
  plan.With(name.user, LockMode::kUpdate);
  return plan;
}

void Put(absl::string_view action, const MemberName& name, const Member& before,
         const rights::MemberState& after, const ChannelId& channel, const Locked& locked, Right right,
         MembershipTx& tx) {
  Member changed = before;
  changed.state = after;
  tx.UpdateMember(changed);
  AuditEntry entry = AuditOf(action, name.ToString(), locked, right);
  entry.before = before.state;
  entry.after = after;
  entry.notes = {{"channel", channel.ToString()}};
  tx.Audit(entry);
}

v1::GuestGrant ToProto(const MemberName& name, const ChannelId& channel) {
  v1::GuestGrant proto;
  proto.set_member(name.ToString());
  proto.set_channel(ChannelName{name.workspace, channel}.ToString());
  return proto;
}

// Those behind `after`, `limit` at most.
std::vector<ChannelId> Behind(const std::vector<ChannelId>& grants, const ChannelId& after, int limit) {
  const auto first = std::upper_bound(grants.begin(), grants.end(), after);
  return {first, first + std::min<std::ptrdiff_t>(limit, grants.end() - first)};
}

}  // namespace

absl::StatusOr<v1::GuestGrant> GuestGrants::AddGuestGrant(const rpc::Call& call,
                                                          const v1::AddGuestGrantRequest& request) {
  ASSIGN_OR_RETURN(const MemberName name, ParseMemberName("name", request.name()));
  const absl::StatusOr<ChannelName> channel = ParseChannelName("channel", request.channel());
  LockPlan plan = PlanOf(name);
  if (channel.ok()) plan.channels[channel->channel] = LockMode::kShare;
  const auto add = [&](MembershipTx& tx, const Locked& locked,
                       Right right) -> absl::StatusOr<v1::GuestGrant> {
    RETURN_IF_ERROR(channel.status());
    ASSIGN_OR_RETURN(const Member before, RequireGuest(name, locked.MemberOf(name.user)));
    if (channel->workspace != name.workspace) return ChannelNotFound(*channel);
    if (!HasGrant(before.state, channel->channel)) {
      RETURN_IF_ERROR(CheckGrantable(*channel, locked.ChannelOf(channel->channel)));
      ASSIGN_OR_RETURN(const auto after, WithGrant(before.state, channel->channel));
      Put("member.grant_added", name, before, after, channel->channel, locked, right, tx);
    }
    return ToProto(name, channel->channel);
  };
  return Mutate<v1::GuestGrant>(store_, call, request, plan, {.workspace = name.workspace}, add);
}

absl::StatusOr<v1::RemoveGuestGrantResponse> GuestGrants::RemoveGuestGrant(
    const rpc::Call& call, const v1::RemoveGuestGrantRequest& request) {
  ASSIGN_OR_RETURN(const MemberName name, ParseMemberName("name", request.name()));
  const absl::StatusOr<ChannelName> channel = ParseChannelName("channel", request.channel());
  const auto remove = [&](MembershipTx& tx, const Locked& locked,
                          Right right) -> absl::StatusOr<v1::RemoveGuestGrantResponse> {
    RETURN_IF_ERROR(channel.status());
    ASSIGN_OR_RETURN(const Member before, RequireGuest(name, locked.MemberOf(name.user)));
    if (channel->workspace != name.workspace) return ChannelNotFound(*channel);
    ASSIGN_OR_RETURN(const auto after, WithoutGrant(before.state, channel->channel));
    Put("member.grant_removed", name, before, after, channel->channel, locked, right, tx);
    return v1::RemoveGuestGrantResponse();
  };
  return Mutate<v1::RemoveGuestGrantResponse>(store_, call, request, PlanOf(name),
                                              {.workspace = name.workspace}, remove);
}

absl::StatusOr<v1::ListGuestGrantsResponse> GuestGrants::ListGuestGrants(
    const rpc::Call& call, const v1::ListGuestGrantsRequest& request) {
  ASSIGN_OR_RETURN(const MemberName name, ParseMemberName("parent", request.parent()));
  const auto list = [&](MembershipReads& reads, const View& view,
                        v1::ListGuestGrantsResponse& response) -> absl::Status {
    ASSIGN_OR_RETURN(const auto members, reads.FindMembers({name.user}));
    ASSIGN_OR_RETURN(const Member guest,
                     RequireGuest(name, members.empty() ? std::nullopt : std::optional(members[0].member)));
    ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(pages_, call, request));
    const ChannelId after = ChannelId::Parse(page.after).value_or(ChannelId());
    const auto add = [&](const ChannelId& channel) {
      v1::GuestGrant& grant = *response.add_grants();
      grant = ToProto(name, channel);
      grant.set_rights_revision(view.revision.ToString());
    };
    AnswerPage(pages_, call, request, page, Behind(guest.state.grants, after, page.size + 1), response, add,
               [](const ChannelId& last) { return last.ToString(); });
    return absl::OkStatus();
  };
  const Subject subject{.workspace = name.workspace, .user = name.user};
  return Look<v1::ListGuestGrantsResponse>(store_, call, request, subject, list);
}

}  // namespace guestpass::membership
