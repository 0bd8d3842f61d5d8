// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "services/membership/testing/model_changes.h"

namespace guestpass::membership::model {
namespace {

using rights::Action;
using rights::ChannelKind;
using rights::GuestState;
using rights::Role;

bool IsFull(const Model& model) { return model.channels.size() == kMaxChannels; }

std::string Made(Model& model, Channel channel) {
  model.channels.push_back(std::move(channel));
  return absl::StrCat("OK channel ", model.channels.size() - 1);
}

// Of a channel that an admin manages: a DIRECT one is nobody's to manage, and not there for who takes no
// part.
No CheckManaged(const Operation& op, const Model& model) {
  const Channel* channel = model.FindChannel(op.channel, WorkspaceOfChannel(op, model));
  if (channel == nullptr) return "CHANNEL_NOT_FOUND";
  if (channel->kind != ChannelKind::kDirect) return std::nullopt;
  const bool knows = op.caller == kOperator || channel->participants.contains(op.caller);
  return knows ? "FIELD_INVALID" : "CHANNEL_NOT_FOUND";
}

std::string CreateChannel(const Operation& op, Model& model) {
  if (IsFull(model)) return "skipped";
  if (const No no = model.NeedAdmin(op.caller, op.workspace)) return *no;
  if (op.channel_kind == ChannelKind::kDirect) return "FIELD_INVALID";
  Channel channel{.workspace = op.workspace, .kind = op.channel_kind};
  if (op.channel_kind == ChannelKind::kPrivate && op.caller != kOperator) channel.participants = {op.caller};
  return Made(model, channel);
}

std::string ArchiveOrUpdate(const Operation& op, Model& model) {
  if (const No no = model.NeedAdmin(op.caller, WorkspaceOfChannel(op, model))) return *no;
  if (const No no = CheckManaged(op, model)) return *no;
  if (op.kind == Kind::kArchiveChannel) model.channels[op.channel].archived = true;
  return "OK";
}

std::string AddChannelMember(const Operation& op, Model& model) {
  const int workspace = WorkspaceOfChannel(op, model);
  if (const No no = model.NeedAdmin(op.caller, workspace)) return *no;
  if (const No no = CheckManaged(op, model)) return *no;
  Channel& channel = model.channels[op.channel];
  if (channel.kind == ChannelKind::kPublic) return "FIELD_INVALID";
  const auto role = model.PositionOf(op.user, workspace).role;
  if (!role.has_value()) return "MEMBER_NOT_FOUND";
  if (role == Role::kGuest) return "FIELD_INVALID";
  if (channel.participants.contains(op.user)) return "OK";
  if (channel.archived) return "CHANNEL_ARCHIVED";
  channel.participants.insert(op.user);
  return "OK";
}

std::string RemoveChannelMember(const Operation& op, Model& model) {
  const int workspace = WorkspaceOfChannel(op, model);
  const bool administers = !model.NeedAdmin(op.caller, workspace).has_value();
  if (!administers) {
    if (op.caller != op.user) return *model.NeedAdmin(op.caller, workspace);
    if (const No no = model.NeedEntry(op.caller, workspace)) return *no;
    const bool reads = model.FindChannel(op.channel, workspace) != nullptr &&
                       model.Decide(op.caller, op.channel, Action::kRead).empty();
    if (!reads) return "CHANNEL_NOT_FOUND";
  }
  const Channel* found = model.FindChannel(op.channel, workspace);
  const bool leaves = op.caller == op.user && found != nullptr && found->participants.contains(op.user);
  if (!leaves) {
    if (const No no = CheckManaged(op, model)) return *no;
  }
  Channel& channel = model.channels[op.channel];
  if (channel.participants.erase(op.user) == 0) return "MEMBER_NOT_FOUND";
  channel.conversation.clear();
  return "OK";
}

// C3, G3: guests and viewers start none, and a soft-locked guest is told of that first.
No CheckStarter(const Operation& op, const Model& model) {
  if (op.caller == kOperator) return "ROLE_TOO_LOW";  // it never posts (M12)
  if (const No no = model.NeedEntry(op.caller, op.workspace)) return no;
  const Position position = model.PositionOf(op.caller, op.workspace);
  if (position.state == GuestState::kSoftLocked) return "GUEST_SOFT_LOCKED";
  if (position.role == Role::kGuest) return "DM_START_FORBIDDEN";
  return position.role == Role::kViewer ? No("ROLE_TOO_LOW") : No();
}

std::string StartDirect(const Operation& op, Model& model) {
  if (IsFull(model)) return "skipped";
  if (const No no = CheckStarter(op, model)) return *no;
  const std::set<Person> people{op.caller, op.user, op.other};
  if (people.size() == 1) return "FIELD_INVALID";
  for (int i = 0; i < static_cast<int>(model.channels.size()); ++i) {
    const Channel& channel = model.channels[i];
    if (channel.workspace == op.workspace && channel.conversation == people) {
      return absl::StrCat("OK channel ", i);
    }
  }
  for (const Person person : people) {
    if (model.NeedEntry(person, op.workspace)) return "MEMBER_NOT_FOUND";
  }
  return Made(model, {.workspace = op.workspace,
                      .kind = ChannelKind::kDirect,
                      .participants = people,
                      .conversation = people});
}

}  // namespace

int WorkspaceOfChannel(const Operation& op, const Model& model) {
  const bool exists = op.channel < static_cast<int>(model.channels.size());
  return exists ? model.channels[op.channel].workspace : op.workspace;
}

Outcome ChangeChannels(const Operation& op, Model& model) {
  switch (op.kind) {
    case Kind::kCreateChannel:
      return CreateChannel(op, model);
    case Kind::kUpdateChannel:
    case Kind::kArchiveChannel:
      return ArchiveOrUpdate(op, model);
    case Kind::kAddChannelMember:
      return AddChannelMember(op, model);
    case Kind::kRemoveChannelMember:
      return RemoveChannelMember(op, model);
    case Kind::kStartDirect:
      return StartDirect(op, model);
    default:
      return std::nullopt;
  }
}

}  // namespace guestpass::membership::model
