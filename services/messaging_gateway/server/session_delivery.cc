// SPDX-License-Identifier: Apache-2.0
// Session, as it sends events and tells its client what it may do.
#include "common/rpc/proto_time.h"
#include "common/status/reason.h"
#include "services/messaging_gateway/server/convert.h"
#include "services/messaging_gateway/server/session.h"

namespace guestpass::messaging {
namespace {

constexpr int kPage = 100;

absl::string_view PostingRefusal(rights::GuestState state, const rights::Authority& authority) {
  if (state == rights::GuestState::kSoftLocked) return ReasonName(Reason::kGuestSoftLocked);
  if (authority.role == rights::Role::kViewer) return ReasonName(Reason::kRoleTooLow);
  return "";
}

// When the guest's state changes next by itself.
absl::Time NextDeadline(rights::GuestState state, const rights::Authority& authority) {
  if (authority.role != rights::Role::kGuest) return absl::InfiniteFuture();
  return state == rights::GuestState::kActive ? authority.expire_time : authority.access_end_time;
}

absl::Time Since(rights::GuestState state, const rights::Authority& authority) {
  return state == rights::GuestState::kActive ? absl::Time() : authority.expire_time;
}

// Whether the object is of what the member's rights are made of, but for its channels.
bool Concerns(const rights::Object& object, const rights_feed::MemberRights& member) {
  if (const auto* of_org = std::get_if<rights::OrganizationMemberState>(&object)) {
    return of_org->organization == member.organization() && of_org->user == member.user();
  }
  if (const auto* workspace = std::get_if<rights::WorkspaceState>(&object)) {
    return workspace->workspace == member.workspace();
  }
  const auto* row = std::get_if<rights::MemberState>(&object);
  return row != nullptr && row->workspace == member.workspace() && row->user == member.user();
}

}  // namespace

void Session::Pump(const ChannelId& channel) {
  absl::MutexLock lock(&mutex_);
  PumpLocked(channel);
}

void Session::PumpLocked(const ChannelId& channel) {
  const auto found = open_.find(channel);
  if (found == open_.end() || found->second.hub == nullptr) return;
  Open& open = found->second;
  while (!finished_ && !leaving_ && !open.reading_table && outbox_.has_room()) {
    const ChannelHub::Next next = open.hub->After(open.cursor);
    if (next.in_table) {
      open.reading_table = RunBlocking([this, channel, cursor = open.cursor] { ReadTable(channel, cursor); });
      return;
    }
    if (next.message == nullptr || !Deliver(open, *next.message)) return;
  }
}

// False where the message must wait: for rights to be confirmed, or for rights that its author's gateway
// knew.
bool Session::Deliver(Open& open, const Message& message) {
  const absl::Duration boot = gateway_.clock.Boot();
  const auto decision = rights_feed::Decide(open.rights, rights::Action::kRead, boot);
  if (decision.refusal == rights::Refusal::kRightsStale) return false;
  if (!decision.refusal.has_value()) Send(ToEventFrame(message));
  open.cursor = message.number;
  return true;
}

void Session::ReadTable(const ChannelId& channel, uint64_t cursor) {
  const auto messages = gateway_.store.List(channel, cursor, kPage);
  absl::MutexLock lock(&mutex_);
  const auto found = open_.find(channel);
  if (found == open_.end()) return;
  Open& open = found->second;
  open.reading_table = false;
  if (!messages.ok()) return;  // tried again when the channel's head is read next
  for (const Message& message : *messages) {
    if (message.number != open.cursor + 1) break;  // the client began anew meanwhile
    const bool reached = gateway_.live.feed.Reached(
        message.revision.shard, {message.revision.epoch, message.revision.n}, gateway_.clock.Boot());
    if (finished_ || !outbox_.has_room() || !reached || !Deliver(open, message)) return;
  }
  PumpLocked(channel);
}

void Session::OnRights(const rights::Entry* entry) {
  absl::MutexLock lock(&mutex_);
  if (member_.has_value() && (entry == nullptr || Concerns(entry->object, *member_))) TellRights(entry);
}

void Session::TellRights(const rights::Entry* entry) {
  if (finished_ || leaving_) return;
  const absl::Time now = Now();
  const rights_feed::MemberRights::State state = member_->state();
  untold_ = !state.known;
  if (untold_) return;  // until a new epoch has been read
  const rights::Authority& authority = state.authority;
  const rights::GuestState guest_state = rights::StateAt(authority, now);
  if (state.workspace_deleted) return SayGoodbye(v1::Goodbye::REASON_WORKSPACE_DELETED, false, entry);
  if (!authority.role.has_value()) return SayGoodbye(v1::Goodbye::REASON_REMOVED, false, entry);
  if (guest_state == rights::GuestState::kEnded) {
    return SayGoodbye(v1::Goodbye::REASON_GUEST_ENDED, false, entry);
  }
  const bool first = !told_.has_value();
  // What is recorded of a state that the client knows by time already is no news.
  const bool same = !first && told_->guest_state == guest_state && told_->state.grants == state.grants &&
                    told_->state.authority.role == authority.role &&
                    told_->state.authority.expire_time == authority.expire_time &&
                    told_->state.authority.access_end_time == authority.access_end_time;
  told_ = Told{.state = state, .guest_state = guest_state};
  const absl::Time deadline = NextDeadline(guest_state, authority);
  if (!same && deadline != absl::InfiniteFuture())
    gateway_.live.sessions.WakeAt(shared_from_this(), deadline);
  if (same) return;
  if (!outbox_.has_room()) return SayGoodbye(v1::Goodbye::REASON_SLOW_CLIENT, true, nullptr);
  v1::ConnectResponse frame;
  if (first) {
    frame.mutable_welcome()->set_user(user_->ToString());
    *frame.mutable_welcome()->mutable_rights() = ToProto(member_->workspace(), state, now);
  } else {
    v1::RightsChanged& changed = *frame.mutable_rights_changed();
    *changed.mutable_rights() = ToProto(member_->workspace(), state, now);
    changed.set_reason(std::string(PostingRefusal(guest_state, authority)));
    const bool timed = entry == nullptr || entry->record_time == absl::Time();
    const absl::Time since = timed ? Since(guest_state, authority) : entry->effective_time;
    if (since != absl::Time()) *changed.mutable_effective_time() = rpc::ToProto(since);
    if (!timed) *changed.mutable_record_time() = rpc::ToProto(entry->record_time);
  }
  Send(std::move(frame));
}

}  // namespace guestpass::messaging
