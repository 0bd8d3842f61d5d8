// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/channel_members.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/auth/random.h"
#include "common/rights/names.h"
#include "common/rpc/field_reader.h"
#include "services/membership/domain/conversation.h"
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

// The channel changes, and the user must not go meanwhile.
LockPlan PlanOf(const ChannelName& name, const absl::StatusOr<UserId>& user) {
  LockPlan plan{.workspace = name.workspace, .channels = {{name.channel, LockMode::kUpdate}}};
  if (user.ok()) plan.With(*user, LockMode::kShare);
  return plan;
}

v1::ChannelMember ToProto(const ChannelName& channel, const NamedInChannel& named) {
  v1::ChannelMember proto;
  proto.set_channel(channel.ToString());
  proto.set_user(named.user.ToString());
  proto.set_granted(named.granted);
  return proto;
}

absl::Status CheckCanTakePart(const MemberName& name, const Locked& locked) {
  const rights::Authority authority = locked.AuthorityOf(name.user);
  if (!authority.role.has_value()) return MemberNotFound(name);
  if (authority.role == rights::Role::kGuest) {
    return FieldInvalid("user", "is a guest: grant it the channel");
  }
  return absl::OkStatus();
}

// Who manages channels finds those that it does not read, too; others only leave what they read. A
// conversation is nobody's to manage, but who takes part in it leaves.
absl::StatusOr<Channel> FindToLeave(const ChannelName& name, const UserId& user, const rpc::Call& call,
                                    const Locked& locked, Right right, MembershipTx& tx) {
  const UserId caller = CallerOf(call);
  if (right != Right::kPlatform && !rights::IsAdmin(locked.AuthorityOf(caller))) {
    return FindReadable(name, caller, locked, tx);
  }
  absl::StatusOr<Channel> managed = FindManaged(name, "channel", call, locked, tx);
  if (managed.ok() || user != caller) return managed;
  ASSIGN_OR_RETURN(const bool takes_part, tx.IsParticipant(name.channel, caller));
  if (const auto channel = locked.ChannelOf(name.channel); takes_part && channel.has_value()) return *channel;
  return managed;
}

absl::StatusOr<std::vector<UserId>> ParticipantsIn(const v1::StartDirectConversationRequest& request,
                                                   const UserId& starter) {
  rpc::FieldReader reader;
  std::vector<UserId> users;
  for (int i = 0; i < request.users_size(); ++i) {
    const auto user = reader.Take(ParseUserId(absl::StrCat("users[", i, "]"), request.users(i)));
    if (user.has_value()) users.push_back(*user);
  }
  RETURN_IF_ERROR(reader.Finish());
  return ParticipantsOf(starter, std::move(users));
}

absl::Status RequireAllThere(const std::vector<UserId>& users, const Locked& locked) {
  for (const UserId& user : users) {
    if (rights::DecideEntry(locked.AuthorityOf(user), /*writes=*/false, locked.now)) {
      return MemberNotFound({locked.workspace->state.workspace, user});
    }
  }
  return absl::OkStatus();
}

Channel Start(const std::vector<UserId>& users, const Locked& locked, Right right, MembershipTx& tx) {
  const Channel channel{.state = {.channel = auth::NewId<ChannelId>(),
                                  .workspace = locked.workspace->state.workspace,
                                  .kind = ChannelKind::kDirect},
                        .create_time = locked.now};
  tx.InsertDirect(channel, users);
  const ChannelName name{channel.state.workspace, channel.state.channel};
  AuditEntry entry = AuditOf("channel.direct_started", name.ToString(), locked, right);
  entry.after = channel.state;
  const auto append = [](std::string* out, const UserId& user) { absl::StrAppend(out, user.text()); };
  entry.notes = {{"participants", absl::StrJoin(users, " ", append)}};
  tx.Audit(entry);
  return channel;
}

}  // namespace

absl::StatusOr<v1::ChannelMember> ChannelMembers::AddChannelMember(
    const rpc::Call& call, const v1::AddChannelMemberRequest& request) {
  ASSIGN_OR_RETURN(const ChannelName name, ParseChannelName("channel", request.channel()));
  const absl::StatusOr<UserId> user = ParseUserId("user", request.user());
  const auto add = [&](MembershipTx& tx, const Locked& locked,
                       Right right) -> absl::StatusOr<v1::ChannelMember> {
    RETURN_IF_ERROR(user.status());
    ASSIGN_OR_RETURN(const Channel channel, FindManaged(name, "channel", call, locked, tx));
    if (channel.state.kind == ChannelKind::kPublic) {
      return FieldInvalid("channel", "is public: every member reads it, and guests are granted it");
    }
    RETURN_IF_ERROR(CheckCanTakePart({name.workspace, *user}, locked));
    ASSIGN_OR_RETURN(const bool takes_part, tx.IsParticipant(name.channel, *user));
    if (!takes_part) {
      if (channel.state.archived) return ChannelArchived(name);
      RETURN_IF_ERROR(RequireRoom(name.workspace, *channel.state.kind, {*user}, tx));
      tx.InsertParticipant(name.channel, *user);
      tx.Audit(PartAuditOf(name, *user, /*present=*/true, locked, right));
    }
    return ToProto(name, {.user = *user});
  };
  return Mutate<v1::ChannelMember>(store_, call, request, PlanOf(name, user), {.workspace = name.workspace},
                                   add);
}

absl::StatusOr<v1::RemoveChannelMemberResponse> ChannelMembers::RemoveChannelMember(
    const rpc::Call& call, const v1::RemoveChannelMemberRequest& request) {
  ASSIGN_OR_RETURN(const ChannelName name, ParseChannelName("channel", request.channel()));
  const absl::StatusOr<UserId> user = ParseUserId("user", request.user());
  const auto remove = [&](MembershipTx& tx, const Locked& locked,
                          Right right) -> absl::StatusOr<v1::RemoveChannelMemberResponse> {
    RETURN_IF_ERROR(user.status());
    ASSIGN_OR_RETURN(const Channel channel, FindToLeave(name, *user, call, locked, right, tx));
    ASSIGN_OR_RETURN(const bool takes_part, tx.IsParticipant(name.channel, *user));
    if (!takes_part) return ChannelMemberNotFound(name, *user);
    tx.DeleteParticipant(name.channel, *user);
    tx.Audit(PartAuditOf(name, *user, /*present=*/false, locked, right));
    return v1::RemoveChannelMemberResponse();
  };
  const Subject subject{.workspace = name.workspace, .user = user.value_or(UserId())};
  return Mutate<v1::RemoveChannelMemberResponse>(store_, call, request, PlanOf(name, user), subject, remove);
}

absl::StatusOr<v1::ListChannelMembersResponse> ChannelMembers::ListChannelMembers(
    const rpc::Call& call, const v1::ListChannelMembersRequest& request) {
  ASSIGN_OR_RETURN(const ChannelName name, ParseChannelName("parent", request.parent()));
  const auto list = [&](MembershipReads& reads, const View& view,
                        v1::ListChannelMembersResponse& response) -> absl::Status {
    ASSIGN_OR_RETURN(const auto channel, reads.FindChannel(name.channel));
    if (!channel.has_value()) return ChannelNotFound(name);
    ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(pages_, call, request));
    const UserId after = UserId::Parse(page.after).value_or(UserId());
    ASSIGN_OR_RETURN(const auto found, reads.ListNamed(name.channel, after, page.size + 1));
    const auto add = [&](const NamedInChannel& named) {
      v1::ChannelMember& member = *response.add_members();
      member = ToProto(name, named);
      member.set_rights_revision(view.revision.ToString());
    };
    AnswerPage(pages_, call, request, page, found, response, add,
               [](const NamedInChannel& last) { return last.user.ToString(); });
    return absl::OkStatus();
  };
  return Look<v1::ListChannelMembersResponse>(store_, call, request, {.workspace = name.workspace}, list);
}

absl::StatusOr<v1::Channel> ChannelMembers::StartDirectConversation(
    const rpc::Call& call, const v1::StartDirectConversationRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("parent", request.parent()));
  const absl::StatusOr<std::vector<UserId>> users = ParticipantsIn(request, CallerOf(call));
  LockPlan plan{.workspace = workspace};
  if (users.ok()) {
    for (const UserId& user : *users) plan.With(user, LockMode::kShare);
  }
  const auto start = [&](MembershipTx& tx, const Locked& locked, Right right) -> absl::StatusOr<v1::Channel> {
    RETURN_IF_ERROR(users.status());
    ASSIGN_OR_RETURN(const auto found, tx.FindDirect(workspace, *users));
    if (found.has_value()) return membership::ToProto(*found);
    RETURN_IF_ERROR(RequireAllThere(*users, locked));
    RETURN_IF_ERROR(RequireRoom(workspace, ChannelKind::kDirect, *users, tx));
    return membership::ToProto(Start(*users, locked, right, tx));
  };
  return Mutate<v1::Channel>(store_, call, request, plan, {.workspace = workspace}, start);
}

}  // namespace guestpass::membership
