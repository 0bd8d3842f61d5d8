// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/server/session.h"

#include "common/rpc/proto_time.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"

namespace guestpass::messaging {
namespace {

constexpr absl::Duration kHelloPatience = absl::Seconds(10);
constexpr absl::Duration kGoodbyePatience = absl::Seconds(5);

}  // namespace

Session* Session::Start(Gateway& gateway, grpc::CallbackServerContext& context) {
  const std::shared_ptr<Session> session(new Session(gateway, context));
  session->self_ = session;
  gateway.live.sessions.Add(session);
  absl::MutexLock lock(&session->mutex_);
  session->ReadNext();
  return session.get();
}

Session::Session(Gateway& gateway, grpc::CallbackServerContext& context)
    : gateway_(gateway),
      context_(context),
      credentials_(rpc::CredentialsOf(context)),
      began_(gateway.clock.Boot()) {}

std::optional<UserId> Session::user() const {
  absl::MutexLock lock(&mutex_);
  return user_;
}

void Session::SayShuttingDown() {
  absl::MutexLock lock(&mutex_);
  SayGoodbye(v1::Goodbye::REASON_SHUTTING_DOWN, true, nullptr);
}

void Session::Sweep(absl::Duration boot) {
  absl::MutexLock lock(&mutex_);
  const bool silent = !hello_taken_ && boot - began_ > kHelloPatience;
  const bool stuck = ending_since_.has_value() && boot - *ending_since_ > kGoodbyePatience;
  if (untold_) TellRights(nullptr);
  if (gateway_.clock.Now() >= token_end_) SayGoodbye(v1::Goodbye::REASON_TOKEN_EXPIRED, true, nullptr);
  if (silent) FinishWith(FieldInvalid("frame", "no Hello came within 10 s"));
  if (stuck && !done_) context_.TryCancel();
}

void Session::OnReadDone(bool ok) {
  v1::ConnectRequest taken;
  {
    absl::MutexLock lock(&mutex_);
    if (finished_ || leaving_) return;
    if (!ok) {
      half_closed_ = true;
      FinishIfDrained();
      return;
    }
    if (!grpc::SerializationTraits<v1::ConnectRequest>::Deserialize(&bytes_, &taken).ok()) {
      FinishWith(FieldInvalid("frame", "is no ConnectRequest, or holds text that is not UTF-8"));
      return;
    }
    ++under_way_;
  }
  TakeFrame(std::move(taken));
}

void Session::OnWriteDone(bool ok) {
  std::vector<ChannelId> followed;
  {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (finished_) return;
    if (!ok) {
      FinishWith(absl::CancelledError("the client is gone"));
      return;
    }
    const bool had_room = outbox_.has_room();
    outbox_.Pop();
    if (!outbox_.empty()) {
      writing_ = true;
      StartWrite(&outbox_.front());
    }
    if (read_wanted_) ReadNext();
    FinishIfDrained();
    if (had_room || !outbox_.has_room()) return;
    for (const auto& [channel, open] : open_) followed.push_back(channel);
  }
  for (const ChannelId& channel : followed) Pump(channel);
}

void Session::OnCancel() {
  absl::MutexLock lock(&mutex_);
  FinishWith(absl::CancelledError("the client is gone"));
}

void Session::OnDone() {
  {
    absl::MutexLock lock(&mutex_);
    done_ = true;
  }
  gateway_.live.sessions.Remove(self_);
  self_.reset();
}

void Session::Send(const v1::ConnectResponse& frame) {
  if (finished_ || leaving_) return;
  outbox_.Push(frame);
  if (writing_) return;
  writing_ = true;
  StartWrite(&outbox_.front());
}

void Session::ReadNext() {
  if (finished_ || leaving_ || half_closed_) return;
  read_wanted_ = !outbox_.has_room() || under_way_ >= 256;
  if (!read_wanted_) StartRead(&bytes_);
}

void Session::SayGoodbye(v1::Goodbye::Reason reason, bool reconnect, const rights::Entry* entry) {
  if (finished_ || leaving_) return;
  v1::ConnectResponse frame;
  frame.mutable_goodbye()->set_reason(reason);
  frame.mutable_goodbye()->set_reconnect(reconnect);
  if (entry != nullptr && entry->record_time != absl::Time()) {
    *frame.mutable_goodbye()->mutable_record_time() = rpc::ToProto(entry->record_time);
  }
  Send(frame);
  leaving_ = true;
  ending_since_ = gateway_.clock.Boot();
}

void Session::FinishWith(const absl::Status& status) {
  if (finished_) return;
  finished_ = true;
  if (!ending_since_.has_value()) ending_since_ = gateway_.clock.Boot();
  if (absl::IsCancelled(status)) {
    Finish(grpc::Status::CANCELLED);
  } else {
    Finish(rpc::ToGrpc(status, credentials_.request_id));
  }
}

// After its Goodbye a stream ends once that is sent; after the client's last word, once everything is
// answered and no channel is followed.
void Session::FinishIfDrained() {
  if (finished_ || !outbox_.empty()) return;
  bool follows = false;
  for (const auto& [channel, open] : open_) follows |= open.hub != nullptr;
  if (leaving_ || (half_closed_ && under_way_ == 0 && !follows)) {
    FinishWith(absl::OkStatus());
  }
}

absl::Time Session::Now() const {
  return gateway_.live.feed.clock().Latest(gateway_.clock.Boot()).value_or(absl::InfiniteFuture());
}

bool Session::RunBlocking(std::function<void()> work) {
  return gateway_.executor.Submit([self = shared_from_this(), work = std::move(work)] { work(); });
}

}  // namespace guestpass::messaging
