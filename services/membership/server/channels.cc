// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/channels.h"

#include "common/auth/random.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/etag.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/text.h"
#include "common/rpc/update_mask.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/audits.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/look.h"
#include "services/membership/server/managed_channel.h"
#include "services/membership/server/mutate.h"
#include "services/membership/server/pages.h"

namespace guestpass::membership {
namespace {

using rights::ChannelKind;

std::string NameOf(const Channel& channel) {
  return ChannelName{channel.state.workspace, channel.state.channel}.ToString();
}

absl::StatusOr<Channel> NewChannel(const WorkspaceId& workspace, const v1::Channel& proto, absl::Time now) {
  rpc::FieldReader reader;
  reader.Check(rpc::CheckDisplayName("channel.display_name", proto.display_name()));
  const auto kind = rights_feed::FromProto(proto.kind());
  if (kind != ChannelKind::kPublic && kind != ChannelKind::kPrivate) {
    reader.Add({{"channel.kind", "is neither PUBLIC nor PRIVATE"}});
  }
  RETURN_IF_ERROR(reader.Finish());
  return Channel{.state = {.channel = auth::NewId<ChannelId>(), .workspace = workspace, .kind = kind},
                 .display_name = proto.display_name(),
                 .create_time = now};
}

// Names are no part of the log, so that it says no more than that it is another one.
AuditEntry Changed(absl::string_view action, const Channel& before, const Channel& after,
                   const Locked& locked, Right right) {
  AuditEntry entry = AuditOf(action, NameOf(after), locked, right);
  entry.before = before.state;
  entry.after = after.state;
  if (before.display_name != after.display_name) entry.notes = {{"changed", "display_name"}};
  return entry;
}

absl::StatusOr<ChannelQuery> QueryOf(const v1::ListChannelsRequest& request) {
  const ChannelQuery query{.kind = rights_feed::FromProto(request.kind()),
                           .with_archived = request.with_archived()};
  if (request.kind() != type::v1::CHANNEL_KIND_UNSPECIFIED && !query.kind.has_value()) {
    return FieldInvalid("kind", "is none of those that there are");
  }
  return query;
}

v1::Channel Read(const Channel& channel, const View& view) {
  v1::Channel proto = ToProto(channel);
  proto.set_rights_revision(view.revision.ToString());
  return proto;
}

}  // namespace

absl::StatusOr<v1::Channel> Channels::CreateChannel(const rpc::Call& call,
                                                    const v1::CreateChannelRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("parent", request.parent()));
  const auto create = [&](MembershipTx& tx, const Locked& locked,
                          Right right) -> absl::StatusOr<v1::Channel> {
    ASSIGN_OR_RETURN(const Channel channel, NewChannel(workspace, request.channel(), locked.now));
    // An operator administers without taking part.
    const bool takes_part = channel.state.kind == ChannelKind::kPrivate && right == Right::kOwn;
    if (takes_part) RETURN_IF_ERROR(RequireRoom(workspace, ChannelKind::kPrivate, {CallerOf(call)}, tx));
    tx.InsertChannel(channel);
    AuditEntry entry = AuditOf("channel.created", NameOf(channel), locked, right);
    entry.after = channel.state;
    if (takes_part) {
      tx.InsertParticipant(channel.state.channel, CallerOf(call));
      entry.notes = {{"participant", CallerOf(call).ToString()}};
    }
    tx.Audit(entry);
    return ToProto(channel);
  };
  return Mutate<v1::Channel>(store_, call, request, {.workspace = workspace}, {.workspace = workspace},
                             create);
}

absl::StatusOr<v1::Channel> Channels::GetChannel(const rpc::Call& call,
                                                 const v1::GetChannelRequest& request) {
  ASSIGN_OR_RETURN(const ChannelName name, ParseChannelName("name", request.name()));
  const auto get = [&](MembershipReads& reads, const View& view, v1::Channel& response) -> absl::Status {
    ASSIGN_OR_RETURN(const auto channel, reads.FindChannel(name.channel));
    if (!channel.has_value()) return ChannelNotFound(name);
    response = Read(*channel, view);
    return absl::OkStatus();
  };
  return Look<v1::Channel>(store_, call, request, {.workspace = name.workspace}, get);
}

absl::StatusOr<v1::ListChannelsResponse> Channels::ListChannels(const rpc::Call& call,
                                                                const v1::ListChannelsRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("parent", request.parent()));
  const auto list = [&](MembershipReads& reads, const View& view,
                        v1::ListChannelsResponse& response) -> absl::Status {
    ASSIGN_OR_RETURN(const ChannelQuery query, QueryOf(request));
    ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(pages_, call, request));
    const ChannelId after = ChannelId::Parse(page.after).value_or(ChannelId());
    ASSIGN_OR_RETURN(const auto found, reads.ListChannels(query, after, page.size + 1));
    AnswerPage(
        pages_, call, request, page, found, response,
        [&](const Channel& channel) { *response.add_channels() = Read(channel, view); },
        [](const Channel& last) { return last.state.channel.ToString(); });
    return absl::OkStatus();
  };
  return Look<v1::ListChannelsResponse>(store_, call, request, {.workspace = workspace}, list);
}

absl::StatusOr<v1::Channel> Channels::UpdateChannel(const rpc::Call& call,
                                                    const v1::UpdateChannelRequest& request) {
  const v1::Channel& wanted = request.channel();
  ASSIGN_OR_RETURN(const ChannelName name, ParseChannelName("channel.name", wanted.name()));
  const auto update = [&](MembershipTx& tx, const Locked& locked,
                          Right right) -> absl::StatusOr<v1::Channel> {
    ASSIGN_OR_RETURN(const Channel before, FindManaged(name, "channel.name", call, locked, tx));
    RETURN_IF_ERROR(rpc::CheckEtag(wanted.etag(), ToProto(before).etag()));
    RETURN_IF_ERROR(rpc::UpdateMask::Read(request.update_mask(), wanted, {"display_name"}).status());
    RETURN_IF_ERROR(rpc::CheckDisplayName("channel.display_name", wanted.display_name()));
    if (wanted.display_name() == before.display_name) return ToProto(before);
    Channel after = before;
    after.display_name = wanted.display_name();
    tx.UpdateChannel(after);
    tx.Audit(Changed("channel.updated", before, after, locked, right));
    return ToProto(after);
  };
  const LockPlan plan{.workspace = name.workspace, .channels = {{name.channel, LockMode::kUpdate}}};
  return Mutate<v1::Channel>(store_, call, request, plan, {.workspace = name.workspace}, update);
}

absl::StatusOr<v1::Channel> Channels::ArchiveChannel(const rpc::Call& call,
                                                     const v1::ArchiveChannelRequest& request) {
  ASSIGN_OR_RETURN(const ChannelName name, ParseChannelName("name", request.name()));
  const auto archive = [&](MembershipTx& tx, const Locked& locked,
                           Right right) -> absl::StatusOr<v1::Channel> {
    ASSIGN_OR_RETURN(const Channel before, FindManaged(name, "name", call, locked, tx));
    if (before.state.archived) return ToProto(before);
    RETURN_IF_ERROR(rpc::CheckEtag(request.etag(), ToProto(before).etag()));
    Channel after = before;
    after.state.archived = true;
    tx.UpdateChannel(after);
    tx.Audit(Changed("channel.archived", before, after, locked, right));
    return ToProto(after);
  };
  const LockPlan plan{.workspace = name.workspace, .channels = {{name.channel, LockMode::kUpdate}}};
  return Mutate<v1::Channel>(store_, call, request, plan, {.workspace = name.workspace}, archive);
}

}  // namespace guestpass::membership
