// SPDX-License-Identifier: Apache-2.0
#include "common/nats/simulated_bus.h"

#include "absl/strings/str_split.h"
#include "common/status/error.h"

namespace guestpass::nats {
namespace {

bool Matches(absl::string_view pattern, absl::string_view subject) {
  const std::vector<absl::string_view> want = absl::StrSplit(pattern, '.');
  const std::vector<absl::string_view> have = absl::StrSplit(subject, '.');
  for (size_t i = 0; i < want.size(); ++i) {
    if (want[i] == ">") return have.size() > i;
    if (i >= have.size() || (want[i] != "*" && want[i] != have[i])) return false;
  }
  return want.size() == have.size();
}

absl::Status NotConnected() {
  return Error(Reason::kServiceUnavailable, "The simulated bus is disconnected: call SetConnected(true).");
}

}  // namespace

absl::Status SimulatedBus::Publish(absl::string_view subject, absl::string_view bytes) {
  Message message{std::string(subject), std::string(bytes)};
  {
    absl::MutexLock lock(&mutex_);
    if (!connected_) return NotConnected();
    if (hold_) {
      held_.push_back(std::move(message));
      return absl::OkStatus();
    }
  }
  Deliver(message);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Subscription>> SimulatedBus::Subscribe(absl::string_view subject,
                                                                      OnMessage on_message) {
  if (subject.empty()) return Error(Reason::kInternal, "A subject must not be empty.");
  auto receiver = std::make_shared<Receiver>(std::move(on_message));
  absl::MutexLock lock(&mutex_);
  receivers_.emplace_back(subject, receiver);
  return std::make_unique<Subscription>(std::move(receiver));
}

absl::Status SimulatedBus::Flush(absl::Duration) {
  absl::MutexLock lock(&mutex_);
  return connected_ ? absl::OkStatus() : NotConnected();
}

bool SimulatedBus::connected() const {
  absl::MutexLock lock(&mutex_);
  return connected_;
}

void SimulatedBus::Hold(bool hold) {
  absl::MutexLock lock(&mutex_);
  hold_ = hold;
}

std::vector<SimulatedBus::Message> SimulatedBus::TakeHeld() {
  absl::MutexLock lock(&mutex_);
  return std::exchange(held_, {});
}

void SimulatedBus::Deliver(const Message& message) {
  std::vector<std::shared_ptr<Receiver>> receivers;
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& [pattern, receiver] : receivers_) {
      if (Matches(pattern, message.subject)) receivers.push_back(receiver);
    }
  }
  for (const auto& receiver : receivers) receiver->Deliver(message.subject, message.bytes);
}

void SimulatedBus::SetConnected(bool connected) {
  absl::MutexLock lock(&mutex_);
  connected_ = connected;
}

}  // namespace guestpass::nats
