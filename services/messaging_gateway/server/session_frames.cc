// SPDX-License-Identifier: Apache-2.0
// Session, as it takes the client's frames.
#include "common/rights/names.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/text.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/messaging_gateway/server/convert.h"
#include "services/messaging_gateway/server/session.h"

namespace guestpass::messaging {
namespace {

constexpr size_t kOpenChannels = 1000;

absl::Status Overloaded() {
  return Error("This gateway has as much work waiting as it accepts. Try again.",
               {.reason = Reason::kOverloaded, .retry_after = absl::Milliseconds(200)});
}

absl::StatusOr<ChannelName> Check(const v1::Post& post) {
  ASSIGN_OR_RETURN(const ChannelName name, ParseChannelName("post.channel", post.channel()));
  RETURN_IF_ERROR(rpc::CheckText("post.client_message_id", post.client_message_id(), 1, kMaxClientMessageId));
  RETURN_IF_ERROR(rpc::CheckText("post.text", post.text(), 1, kMaxTextCharacters));
  return name;
}

// The revision is taken after the decision: what the author can have seen is in it.
NewMessage ToStore(const v1::Post& post, const rights_feed::ChannelRights& rights,
                   const rights_feed::Decision& decision, const rights_feed::Feed& feed) {
  const uint32_t shard = rights.member().shard();
  rights_feed::Revision revision = feed.revision(shard);
  return {.workspace = rights.member().workspace(),
          .channel = rights.channel(),
          .author = rights.member().user(),
          .client_message_id = post.client_message_id(),
          .text = post.text(),
          .revision = {.epoch = std::move(revision.epoch), .shard = shard, .n = revision.n},
          .expire_time = decision.authority.expire_time,
          .lease_end = decision.lease_end};
}

// What the fence turned away is refused as the decision would have refused it a moment later.
absl::StatusOr<Appended> Judged(const absl::StatusOr<Appended>& appended, const rights::Authority& authority,
                                const std::string& channel) {
  if (!appended.ok()) return appended;
  switch (appended->outcome) {
    case Appended::Outcome::kExpired:
      return RefusalError(rights::Refusal::kGuestSoftLocked, authority, rights::Action::kPost, channel);
    case Appended::Outcome::kStale:
      return RefusalError(rights::Refusal::kRightsStale, authority, rights::Action::kPost, channel);
    case Appended::Outcome::kStored:
    case Appended::Outcome::kDuplicate:
      break;
  }
  return appended;
}

}  // namespace

// A frame is under way until it is answered or handed on; the next is read when it has been taken.
void Session::TakeFrame(v1::ConnectRequest frame) {
  bool hello_taken;
  {
    absl::MutexLock lock(&mutex_);
    hello_taken = hello_taken_;
    if (frame.has_hello() == hello_taken || frame.frame_case() == v1::ConnectRequest::FRAME_NOT_SET) {
      FinishWith(FieldInvalid(
          "frame", hello_taken ? "after Hello, once, come Subscribe and Post" : "the first must be Hello"));
      return;
    }
    hello_taken_ = true;
  }
  if (frame.has_post()) {
    TakePost(frame.post());
    return;
  }
  const bool accepted = RunBlocking([this, frame = std::move(frame)] {
    frame.has_hello() ? Hello(frame.hello()) : Subscribe(frame.subscribe());
    absl::MutexLock lock(&mutex_);
    --under_way_;
    ReadNext();
    FinishIfDrained();
  });
  if (accepted) return;
  absl::MutexLock lock(&mutex_);
  FinishWith(Overloaded());
}

void Session::Hello(const v1::Hello& hello) {
  absl::Time token_end;
  const auto open = [&]() -> absl::StatusOr<rights_feed::MemberRights> {
    ASSIGN_OR_RETURN(const rpc::Call call, gateway_.runner.Authenticate(credentials_));
    RETURN_IF_ERROR(gateway_.runner.Authorize({.users = true}, call.caller));
    ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
    token_end = call.caller.user->expire_time;
    ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("hello.workspace", hello.workspace()));
    ASSIGN_OR_RETURN(rights_feed::MemberRights member, gateway_.rights.Load(workspace, user));
    const auto entry = rights_feed::DecideEntry(member, false, gateway_.clock.Boot());
    if (entry.refusal.has_value()) {
      return rights::RefusalError(*entry.refusal, entry.authority, rights::Action::kRead, "");
    }
    return member;
  };
  auto member = open();
  if (!member.ok()) {
    absl::MutexLock lock(&mutex_);
    FinishWith(member.status());
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    user_ = member->user();
    token_end_ = token_end;
    member_ = *member;
  }
  // Known before its rights are read for Welcome: what changes in between is told after it.
  gateway_.live.sessions.Know(shared_from_this(), member->user());
  absl::MutexLock lock(&mutex_);
  TellRights(nullptr);
  if (gateway_.live.sessions.leaving()) SayGoodbye(v1::Goodbye::REASON_SHUTTING_DOWN, true, nullptr);
}

void Session::Subscribe(const v1::Subscribe& subscribe) {
  const absl::Status status = Follow(subscribe);
  if (!status.ok()) Answer(subscribe.channel(), "", status);
}

absl::Status Session::Follow(const v1::Subscribe& subscribe) {
  ASSIGN_OR_RETURN(const ChannelName name, ParseChannelName("subscribe.channel", subscribe.channel()));
  ASSIGN_OR_RETURN(const rights_feed::ChannelRights rights, Rights(name));
  const auto decision = rights_feed::Decide(rights, rights::Action::kRead, gateway_.clock.Boot());
  if (decision.refusal.has_value()) {
    return rights::RefusalError(*decision.refusal, decision.authority, rights::Action::kRead,
                                subscribe.channel());
  }
  ASSIGN_OR_RETURN(const ChannelHubs::Opened opened,
                   gateway_.live.hubs.Open(name.channel, rights.member().shard()));
  if (subscribe.after() > opened.head) return FieldInvalid("subscribe.after", "is beyond the channel's end");
  bool followed;
  {
    absl::MutexLock lock(&mutex_);
    Open& open = open_.try_emplace(name.channel, Open{.rights = rights}).first->second;
    followed = open.hub != nullptr;
    open.hub = opened.hub;
    open.cursor = subscribe.after();
  }
  if (!followed) opened.hub->Add(weak_from_this());
  Pump(name.channel);
  return absl::OkStatus();
}

absl::StatusOr<rights_feed::ChannelRights> Session::Rights(const ChannelName& name) {
  std::optional<rights_feed::MemberRights> member;
  {
    absl::MutexLock lock(&mutex_);
    if (name.workspace != member_->workspace()) {
      return rights::RefusalError(rights::Refusal::kNoMember, {}, rights::Action::kRead, "");
    }
    const auto found = open_.find(name.channel);
    if (found != open_.end()) return found->second.rights;
    member = member_;
  }
  ASSIGN_OR_RETURN(rights_feed::ChannelRights rights, gateway_.rights.LoadChannel(*member, name.channel));
  absl::MutexLock lock(&mutex_);
  if (open_.size() >= kOpenChannels) {
    absl::erase_if(open_, [](const auto& entry) { return entry.second.hub == nullptr; });
  }
  if (open_.size() >= kOpenChannels) return Overloaded();
  open_.emplace(name.channel, Open{.rights = rights});
  return rights;
}

void Session::TakePost(const v1::Post& post) {
  const absl::StatusOr<ChannelName> name = Check(post);
  if (!name.ok()) {
    PostDone(post.channel(), post.client_message_id(), name.status());
  } else {
    std::optional<rights_feed::ChannelRights> rights;
    {
      absl::MutexLock lock(&mutex_);
      const auto found = open_.find(name->channel);
      if (found != open_.end() && found->second.rights.member().workspace() == name->workspace) {
        rights = found->second.rights;
      }
    }
    if (rights.has_value()) {
      SubmitPost(post, *rights);
    } else if (RunBlocking([this, post, name = *name] { LoadAndPost(post, name); })) {
      return;  // the next frame is read when this one has been taken
    } else {
      PostDone(post.channel(), post.client_message_id(), Overloaded());
    }
  }
  absl::MutexLock lock(&mutex_);
  ReadNext();
}

void Session::LoadAndPost(const v1::Post& post, const ChannelName& name) {
  const auto rights = Rights(name);
  if (rights.ok()) {
    SubmitPost(post, *rights);
  } else {
    PostDone(post.channel(), post.client_message_id(), rights.status());
  }
  absl::MutexLock lock(&mutex_);
  ReadNext();
}

void Session::SubmitPost(const v1::Post& post, const rights_feed::ChannelRights& rights) {
  const auto decision = rights_feed::Decide(rights, rights::Action::kPost, gateway_.clock.Boot());
  absl::Status status = decision.refusal.has_value() ? RefusalError(*decision.refusal, decision.authority,
                                                                    rights::Action::kPost, post.channel())
                                                     : TakeRate(decision.authority);
  if (status.ok()) {
    status = gateway_.posts.Submit(
        {.message = ToStore(post, rights, decision, gateway_.live.feed),
         .done = [self = shared_from_this(), channel = post.channel(), id = post.client_message_id(),
                  authority = decision.authority](const absl::StatusOr<Appended>& appended) {
           self->PostDone(channel, id, Judged(appended, authority, channel));
         }});
  }
  if (!status.ok()) PostDone(post.channel(), post.client_message_id(), status);
}

absl::Status Session::TakeRate(const rights::Authority& authority) {
  if (authority.role != rights::Role::kGuest) return absl::OkStatus();
  std::string key;
  {
    absl::MutexLock lock(&mutex_);
    key = MemberName{member_->workspace(), member_->user()}.ToString();
  }
  const auto wait = gateway_.guest_rate.Take(key, gateway_.clock.Boot());
  if (!wait.has_value()) return absl::OkStatus();
  return Error("Guests post only so often in a minute. Try again a little later.",
               {.reason = Reason::kPostRateLimited, .retry_after = *wait});
}

void Session::Answer(const std::string& channel, const std::string& id,
                     const absl::StatusOr<Appended>& appended) {
  v1::ConnectResponse frame;
  v1::WriteResult& result = *frame.mutable_write_result();
  result.set_client_message_id(id);
  result.set_channel(channel);
  if (appended.ok()) {
    result.set_number(appended->number);
    *result.mutable_create_time() = rpc::ToProto(appended->create_time);
  } else {
    *result.mutable_error() = rpc::ToWire(appended.status(), credentials_.request_id);
  }
  absl::MutexLock lock(&mutex_);
  Send(frame);
}

void Session::PostDone(const std::string& channel, const std::string& id,
                       const absl::StatusOr<Appended>& appended) {
  Answer(channel, id, appended);
  absl::MutexLock lock(&mutex_);
  --under_way_;
  if (read_wanted_) ReadNext();
  FinishIfDrained();
}

}  // namespace guestpass::messaging
