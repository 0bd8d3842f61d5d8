// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>

#include "grpcpp/support/byte_buffer.h"
#include "guestpass/messaging/v1/messaging.grpc.pb.h"

namespace guestpass::messaging {

// What a stream still has to send: in order, one frame at a time, as gRPC wants it. Bounded by its user, who
// asks whether there is room. Not thread-safe.
class Outbox {
 public:
  // Events are sent while there is room; what else there is to say always is.
  bool has_room() const { return bytes_ < kBytes && frames_.size() < kFrames; }
  bool empty() const { return frames_.empty(); }

  void Push(const v1::ConnectResponse& frame) {
    bool own_buffer;
    grpc::ByteBuffer buffer;
    grpc::SerializationTraits<v1::ConnectResponse>::Serialize(frame, &buffer, &own_buffer);
    bytes_ += buffer.Length();
    frames_.push_back(std::move(buffer));
  }

  // The frame being sent or to be sent next; stays in place until Pop.
  const grpc::ByteBuffer& front() const { return frames_.front(); }
  void Pop() {
    bytes_ -= frames_.front().Length();
    frames_.pop_front();
  }

 private:
  static constexpr size_t kBytes = 256 << 10;
  static constexpr size_t kFrames = 1024;

  std::deque<grpc::ByteBuffer> frames_;
  size_t bytes_ = 0;
};

}  // namespace guestpass::messaging
