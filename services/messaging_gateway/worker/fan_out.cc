// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/worker/fan_out.h"

#include <map>
#include <optional>
#include <utility>

#include "common/status/macros.h"
#include "common/telemetry/log.h"
#include "guestpass/messaging/v1/fan_out.pb.h"

namespace guestpass::messaging {
namespace {

constexpr size_t kLargestPayload = 256 << 10;
constexpr size_t kQueued = 10'000;  // messages

void Write(const Message& message, v1::StoredMessage& proto) {
  proto.set_workspace(message.workspace.ToString());
  proto.set_channel(message.channel.ToString());
  proto.set_number(message.number);
  proto.set_author(message.author.ToString());
  proto.set_client_message_id(message.client_message_id);
  proto.set_text(message.text);
  proto.set_create_us(absl::ToUnixMicros(message.create_time));
  proto.set_rights_epoch(message.revision.epoch);
  proto.set_rights_n(message.revision.n);
}

std::optional<Message> Read(const v1::StoredMessage& proto, uint32_t shard) {
  const auto workspace = WorkspaceId::Parse(proto.workspace());
  const auto channel = ChannelId::Parse(proto.channel());
  const auto author = UserId::Parse(proto.author());
  if (!workspace || !channel || !author || proto.number() == 0) return std::nullopt;
  return Message{.workspace = *workspace,
                 .channel = *channel,
                 .number = proto.number(),
                 .author = *author,
                 .client_message_id = proto.client_message_id(),
                 .text = proto.text(),
                 .create_time = absl::FromUnixMicros(proto.create_us()),
                 .revision = {.epoch = proto.rights_epoch(), .shard = shard, .n = proto.rights_n()}};
}

}  // namespace

FanOut::FanOut(nats::Bus& bus, const rights_feed::Signer& signer,
               std::function<void(std::vector<Message>)> on_messages)
    : bus_(bus), signer_(signer), on_messages_(std::move(on_messages)), publisher_([this] { Run(); }) {}

FanOut::~FanOut() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  publisher_.join();
}

absl::Status FanOut::Follow(uint32_t shard) {
  absl::MutexLock lock(&mutex_);
  if (followed_.contains(shard)) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto subscription,
                   bus_.Subscribe(rights_feed::MessagesSubject(shard),
                                  [this, shard](absl::string_view subject, absl::string_view bytes) {
                                    Receive(shard, subject, bytes);
                                  }));
  followed_.emplace(shard, std::move(subscription));
  return absl::OkStatus();
}

void FanOut::Send(std::vector<Message> messages) {
  {
    absl::MutexLock lock(&mutex_);
    if (queue_.size() < kQueued) queue_.insert(queue_.end(), messages.begin(), messages.end());
  }
  on_messages_(std::move(messages));
}

void FanOut::Drain() {
  absl::MutexLock lock(&mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return queue_.empty() && !publishing_; };
  mutex_.Await(absl::Condition(&idle));
}

void FanOut::Run() {
  for (;;) {
    std::vector<Message> messages;
    {
      absl::MutexLock lock(&mutex_);
      publishing_ = false;
      const auto ready = [this]()
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !queue_.empty(); };
      mutex_.Await(absl::Condition(&ready));
      if (queue_.empty()) return;
      messages.swap(queue_);
      publishing_ = true;
    }
    Publish(messages);
  }
}

void FanOut::Publish(const std::vector<Message>& messages) {
  std::map<uint32_t, v1::FanOut> by_shard;
  const auto send = [this](uint32_t shard, const v1::FanOut& payload) {
    const std::string subject = rights_feed::MessagesSubject(shard);
    bus_.Publish(subject, signer_.Seal(subject, payload.SerializeAsString())).IgnoreError();
  };
  for (const Message& message : messages) {
    v1::FanOut& payload = by_shard[message.revision.shard];
    Write(message, *payload.add_messages());
    if (payload.ByteSizeLong() < kLargestPayload) continue;
    send(message.revision.shard, payload);
    payload.Clear();
  }
  for (const auto& [shard, payload] : by_shard) {
    if (payload.messages_size() > 0) send(shard, payload);
  }
}

void FanOut::Receive(uint32_t shard, absl::string_view subject, absl::string_view bytes) const {
  const auto body = signer_.Open(subject, bytes);
  v1::FanOut payload;
  if (!body.ok() || !payload.ParseFromString(*body)) {
    if (refused_.exchange(true)) return;  // one line is enough to go and look
    telemetry::Log(telemetry::Severity::kWarning, "dropped a message that no gateway signed",
                   {{"subject", std::string(subject)}});
    return;
  }
  std::vector<Message> messages;
  for (const v1::StoredMessage& stored : payload.messages()) {
    if (auto message = Read(stored, shard)) messages.push_back(*std::move(message));
  }
  on_messages_(std::move(messages));
}

}  // namespace guestpass::messaging
