// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "guestpass/messaging/v1/messaging.grpc.pb.h"

namespace guestpass::harness {

// A frame, and when it came by this host's clock.
struct Received {
  messaging::v1::ConnectResponse frame;
  absl::Time at;
};

// One stream of MessagingService.Connect: a thread that takes in frames as they come, and calls that wait for
// the one that is wanted. Thread-safe.
class StreamClient {
 public:
  using Wanted = absl::FunctionRef<bool(const messaging::v1::ConnectResponse&)>;
  using OnFrame = std::function<void(const Received&)>;

  // Says Hello and waits for Welcome. What the server refused it with, or DEADLINE_EXCEEDED. With `on_frame`,
  // frames go there, on the stream's own thread, and are not kept: WaitFor, Post and Result then find none.
  static absl::StatusOr<std::unique_ptr<StreamClient>> Open(const std::string& address,
                                                            const std::string& token,
                                                            const std::string& workspace,
                                                            OnFrame on_frame = nullptr);
  ~StreamClient();  // cancels it, if it has not ended

  const messaging::v1::Welcome& welcome() const { return welcome_; }

  // Sends a frame. False if the stream has ended.
  bool Send(const messaging::v1::ConnectRequest& frame);
  bool Subscribe(const std::string& channel, uint64_t after = 0);
  bool StartPost(const std::string& channel, const std::string& id, const std::string& text);

  // What became of the post that was sent as `id`: its result, its refusal, or DEADLINE_EXCEEDED.
  absl::StatusOr<messaging::v1::WriteResult> Result(absl::string_view id, absl::Duration timeout);

  // StartPost and Result in one.
  absl::StatusOr<messaging::v1::WriteResult> Post(const std::string& channel, const std::string& id,
                                                  const std::string& text,
                                                  absl::Duration timeout = absl::Seconds(10));

  // The first frame wanted of those from the `from`th on, Welcome being the 0th. DEADLINE_EXCEEDED, or
  // UNAVAILABLE if the stream ends without; either says what came instead.
  absl::StatusOr<Received> WaitFor(Wanted wanted, absl::Duration timeout, size_t from = 0);

  // How many frames have come.
  size_t received() const;

  // How the stream ended: what the server said last, or DEADLINE_EXCEEDED.
  absl::Status WaitForEnd(absl::Duration timeout);

 private:
  StreamClient(const std::string& address, const std::string& token, OnFrame on_frame);

  void Read();
  void Take(Received received);
  std::string Seen(size_t from) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  grpc::ClientContext context_;
  std::unique_ptr<messaging::v1::MessagingService::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<messaging::v1::ConnectRequest, messaging::v1::ConnectResponse>>
      stream_;
  const OnFrame on_frame_;
  messaging::v1::Welcome welcome_;  // set before Open returns
  absl::Mutex write_mutex_;
  mutable absl::Mutex mutex_;
  std::vector<Received> frames_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mutex_);
  std::thread reader_;  // last: it uses all of the above
};

}  // namespace guestpass::harness
