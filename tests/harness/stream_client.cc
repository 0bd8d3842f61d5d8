// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/stream_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/rpc/wire_status.h"
#include "common/status/macros.h"
#include "google/rpc/status.pb.h"
#include "tests/harness/client.h"

namespace guestpass::harness {
namespace {

using messaging::v1::ConnectRequest;
using messaging::v1::ConnectResponse;
using messaging::v1::WriteResult;

constexpr absl::Duration kWelcomeTimeout = absl::Seconds(10);

}  // namespace

StreamClient::StreamClient(const std::string& address, const std::string& token, OnFrame on_frame)
    : stub_(messaging::v1::MessagingService::NewStub(rpc::Dial(address))), on_frame_(std::move(on_frame)) {
  context_.AddMetadata("authorization", "Bearer " + token);
  context_.set_wait_for_ready(false);
  stream_ = stub_->Connect(&context_);
  reader_ = std::thread([this] { Read(); });
}

StreamClient::~StreamClient() {
  context_.TryCancel();
  reader_.join();
}

absl::StatusOr<std::unique_ptr<StreamClient>> StreamClient::Open(const std::string& address,
                                                                 const std::string& token,
                                                                 const std::string& workspace,
                                                                 OnFrame on_frame) {
  auto stream = std::unique_ptr<StreamClient>(new StreamClient(address, token, std::move(on_frame)));
  ConnectRequest hello;
  hello.mutable_hello()->set_workspace(workspace);
  stream->Send(hello);
  const auto welcome =
      stream->WaitFor([](const ConnectResponse& frame) { return frame.has_welcome(); }, kWelcomeTimeout);
  if (!welcome.ok()) {
    const absl::Status end = stream->WaitForEnd(absl::Seconds(1));
    return end.ok() || absl::IsDeadlineExceeded(end) ? welcome.status() : end;
  }
  stream->welcome_ = welcome->frame.welcome();
  return stream;
}

bool StreamClient::Send(const ConnectRequest& frame) {
  absl::MutexLock lock(&write_mutex_);
  return stream_->Write(frame);
}

bool StreamClient::Subscribe(const std::string& channel, uint64_t after) {
  ConnectRequest frame;
  frame.mutable_subscribe()->set_channel(channel);
  frame.mutable_subscribe()->set_after(after);
  return Send(frame);
}

bool StreamClient::StartPost(const std::string& channel, const std::string& id, const std::string& text) {
  ConnectRequest frame;
  frame.mutable_post()->set_channel(channel);
  frame.mutable_post()->set_client_message_id(id);
  frame.mutable_post()->set_text(text);
  return Send(frame);
}

absl::StatusOr<WriteResult> StreamClient::Result(absl::string_view id, absl::Duration timeout) {
  const auto of_this = [&](const ConnectResponse& frame) {
    return frame.has_write_result() && frame.write_result().client_message_id() == id;
  };
  ASSIGN_OR_RETURN(const Received received, WaitFor(of_this, timeout));
  const WriteResult& result = received.frame.write_result();
  if (result.has_error()) return rpc::FromWire(result.error());
  return result;
}

absl::StatusOr<WriteResult> StreamClient::Post(const std::string& channel, const std::string& id,
                                               const std::string& text, absl::Duration timeout) {
  if (!StartPost(channel, id, text)) return absl::UnavailableError("The stream has ended.");
  return Result(id, timeout);
}

absl::StatusOr<Received> StreamClient::WaitFor(Wanted wanted, absl::Duration timeout, size_t from) {
  absl::MutexLock lock(&mutex_);
  size_t next = from;
  bool found = false;
  const auto settled = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (; !found && next < frames_.size(); ++next) found = wanted(frames_[next].frame);
    return found || ended_;
  };
  if (!mutex_.AwaitWithTimeout(absl::Condition(&settled), timeout)) {
    return absl::DeadlineExceededError(
        absl::StrCat("The frame did not come within ", absl::FormatDuration(timeout), ". ", Seen(from)));
  }
  if (!found) {
    return absl::UnavailableError(
        absl::StrCat("The stream ended (", end_.ToString(), ") before the frame came. ", Seen(from)));
  }
  return frames_[next - 1];
}

size_t StreamClient::received() const {
  absl::MutexLock lock(&mutex_);
  return frames_.size();
}

absl::Status StreamClient::WaitForEnd(absl::Duration timeout) {
  absl::MutexLock lock(&mutex_);
  if (!mutex_.AwaitWithTimeout(absl::Condition(&ended_), timeout)) {
    return absl::DeadlineExceededError(
        absl::StrCat("The stream did not end within ", absl::FormatDuration(timeout), "."));
  }
  return end_;
}

void StreamClient::Read() {
  Received received;
  while (stream_->Read(&received.frame)) {
    received.at = absl::Now();
    Take(std::move(received));
    received = Received();
  }
  const absl::Status end = Answer(stream_->Finish());
  absl::MutexLock lock(&mutex_);
  end_ = end;
  ended_ = true;
}

void StreamClient::Take(Received received) {
  if (on_frame_ != nullptr && !received.frame.has_welcome()) {
    on_frame_(received);
    return;
  }
  absl::MutexLock lock(&mutex_);
  frames_.push_back(std::move(received));
}

std::string StreamClient::Seen(size_t from) const {
  if (from >= frames_.size()) return "Nothing came.";
  std::string seen = "What came:";
  for (size_t i = from; i < frames_.size() && seen.size() < 2000; ++i) {
    absl::StrAppend(&seen, " {", frames_[i].frame.ShortDebugString(), "}");
  }
  return seen;
}

}  // namespace guestpass::harness
