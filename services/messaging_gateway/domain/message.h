// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/rights/ids.h"

namespace guestpass::messaging {

// What a gateway knew of the rights of a shard: numbers of different epochs do not compare.
struct RightsRevision {
  std::string epoch;
  uint32_t shard = 0;
  uint64_t n = 0;
  friend bool operator==(const RightsRevision&, const RightsRevision&) = default;
};

// One message as stored: a channel's event of that number.
struct Message {
  WorkspaceId workspace;
  ChannelId channel;
  uint64_t number = 0;  // the channel's: dense, from 1
  UserId author;
  std::string client_message_id;
  std::string text;
  absl::Time create_time;   // the message's instant, by the messaging database
  RightsRevision revision;  // what the author's gateway knew when it let the author write
};

// A post that was decided on, on its way to storage.
struct NewMessage {
  WorkspaceId workspace;
  ChannelId channel;
  UserId author;
  std::string client_message_id;
  std::string text;
  RightsRevision revision;
  absl::Time expire_time;    // the author's: stored only with a create_time before it
  absl::Duration lease_end;  // boot time: stored only before it
};

// What became of it.
struct Appended {
  enum class Outcome {
    kStored,
    kDuplicate,  // stored before under the same client_message_id; number and create_time are that one's
    kExpired,    // too late for the author's expire_time
    kStale,      // too late for the lease
  };
  Outcome outcome = Outcome::kStored;
  uint64_t number = 0;
  absl::Time create_time;
};

inline constexpr size_t kMaxTextCharacters = 10'000;
inline constexpr size_t kMaxClientMessageId = 64;

}  // namespace guestpass::messaging
