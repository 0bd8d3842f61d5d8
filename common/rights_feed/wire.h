// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rights/objects.h"
#include "guestpass/rights/v1/rights.pb.h"

// The rights log on the wire and in memory. Readers answer INTERNAL where a message is malformed: an id that
// is none, an enum number that is unknown, no object, too many grants. Pure.
namespace guestpass::rights_feed {

// Entries of one shard, and the history that their numbers belong to.
struct Entries {
  std::string epoch;
  uint32_t shard = 0;
  std::vector<rights::Entry> entries;
};

absl::StatusOr<rights::Entry> FromProto(const rights::v1::RightsEntry& entry);
absl::StatusOr<rights::MemberState> FromProto(const rights::v1::MemberState& member);  // grants get sorted
absl::StatusOr<Entries> FromProto(const rights::v1::RightsEntries& entries);

rights::v1::RightsEntry ToProto(const rights::Entry& entry);
rights::v1::MemberState ToProto(const rights::MemberState& member);
rights::v1::RightsEntries ToProto(const Entries& entries);

// Microseconds since the Unix epoch; infinite ends are 0.
int64_t EndToMicros(absl::Time end);
absl::Time EndFromMicros(int64_t micros);

}  // namespace guestpass::rights_feed
