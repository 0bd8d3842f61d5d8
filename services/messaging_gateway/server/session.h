// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "common/rights_feed/decide_now.h"
#include "grpcpp/grpcpp.h"
#include "guestpass/messaging/v1/messaging.grpc.pb.h"
#include "services/messaging_gateway/server/gateway.h"
#include "services/messaging_gateway/server/outbox.h"

namespace guestpass::messaging {

// One Connect stream: one user in one workspace. Frames are taken one after the other; posts are answered as
// they become durable; events go out by cursor, each decided on at that moment. Nothing in it blocks gRPC's
// threads: what may block runs on the executor. Thread-safe; lives until gRPC is done with the stream.
class Session : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                public ChannelFollower,
                public std::enable_shared_from_this<Session> {
 public:
  // Begins to read.
  static Session* Start(Gateway& gateway, grpc::CallbackServerContext& context);

  std::optional<UserId> user() const;

  // The user's rights may have changed, by `entry` or, without one, by time: tells the client, or says
  // goodbye.
  void OnRights(const rights::Entry* entry);

  void SayShuttingDown();

  // Looks again at rights that were not known, and at the token. Ends a stream that has had no Hello for 10
  // s, or has not taken its end for 5 s.
  void Sweep(absl::Duration boot);

  void Pump(const ChannelId& channel) override;
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // A channel that the stream writes in or follows.
  struct Open {
    rights_feed::ChannelRights rights;
    std::shared_ptr<ChannelHub> hub;  // null: not followed
    uint64_t cursor = 0;              // the last number sent, or passed over
    bool reading_table = false;
  };
  // What the client was last told.
  struct Told {
    rights_feed::MemberRights::State state;
    rights::GuestState guest_state = rights::GuestState::kActive;
  };

  Session(Gateway& gateway, grpc::CallbackServerContext& context);

  // On the executor.
  void Hello(const v1::Hello& hello);
  void Subscribe(const v1::Subscribe& subscribe);
  absl::Status Follow(const v1::Subscribe& subscribe);
  void LoadAndPost(const v1::Post& post, const ChannelName& name);
  absl::StatusOr<rights_feed::ChannelRights> Rights(const ChannelName& name);
  void ReadTable(const ChannelId& channel, uint64_t cursor);

  void TakeFrame(v1::ConnectRequest frame);
  void TakePost(const v1::Post& post);
  void SubmitPost(const v1::Post& post, const rights_feed::ChannelRights& rights);
  absl::Status TakeRate(const rights::Authority& authority);
  void Answer(const std::string& channel, const std::string& id, const absl::StatusOr<Appended>& appended);
  void PostDone(const std::string& channel, const std::string& id, const absl::StatusOr<Appended>& appended);
  bool RunBlocking(std::function<void()> work);

  void Send(const v1::ConnectResponse& frame) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReadNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PumpLocked(const ChannelId& channel) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool Deliver(Open& open, const Message& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellRights(const rights::Entry* entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SayGoodbye(v1::Goodbye::Reason reason, bool reconnect, const rights::Entry* entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishWith(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishIfDrained() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Time Now() const;

  Gateway& gateway_;
  grpc::CallbackServerContext& context_;
  const rpc::Credentials credentials_;  // the context itself goes with the call
  const absl::Duration began_;
  std::shared_ptr<Session> self_;  // until OnDone
  grpc::ByteBuffer bytes_;         // being read

  mutable absl::Mutex mutex_;
  Outbox outbox_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool read_wanted_ ABSL_GUARDED_BY(mutex_) = false;  // the next read waits for room
  bool half_closed_ ABSL_GUARDED_BY(mutex_) = false;  // the client says no more
  bool hello_taken_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;  // Finish was called: nothing more may begin
  bool done_ ABSL_GUARDED_BY(mutex_) = false;      // gRPC is done: the context is no more
  std::optional<absl::Duration> ending_since_
      ABSL_GUARDED_BY(mutex_);                    // Goodbye was queued, or Finish called
  bool leaving_ ABSL_GUARDED_BY(mutex_) = false;  // Goodbye was queued: it is the last frame
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;     // frames being taken and posts not answered
  std::optional<UserId> user_ ABSL_GUARDED_BY(mutex_);
  std::optional<rights_feed::MemberRights> member_ ABSL_GUARDED_BY(mutex_);
  std::optional<Told> told_ ABSL_GUARDED_BY(mutex_);
  absl::Time token_end_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool untold_ ABSL_GUARDED_BY(mutex_) =
      false;  // rights were not known when there may have been something to tell
  absl::flat_hash_map<ChannelId, Open> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass::messaging
