// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "common/lanes/anybody.h"
#include "common/lanes/lanes.h"
#include "common/postgres/pool.h"
#include "services/membership/storage/reads.h"

namespace guestpass::membership {

// Reads what invites would meet; those that are asked for together from one snapshot, taken after they were.
// Thread-safe.
class InviteReads {
 public:
  // It outlives this.
  explicit InviteReads(postgres::Pool& pool)
      : pool_(pool),
        lanes_({.lanes = kLanes, .most = kMost, .patience = kPatience},
               [this](const Batch& batch) { ReadAll(batch); }) {}

  // In their order. Blocks. OVERLOADED, DATABASE_UNAVAILABLE.
  std::vector<absl::StatusOr<InviteRead>> Read(const std::vector<InviteQuery>& queries);

  // How many wait for a read that has not begun.
  size_t waiting() { return lanes_.waiting(); }

 private:
  static constexpr int kLanes = 2;
  static constexpr absl::Duration kPatience = absl::Milliseconds(5);
  static constexpr size_t kMost = 16;  // each may have to count a workspace's guests

  struct Question {
    const InviteQuery& query;
    absl::StatusOr<InviteRead> answer = absl::UnknownError("not read yet");
  };

  using Batch = std::vector<Question*>;

  void ReadAll(const Batch& batch);

  postgres::Pool& pool_;
  Lanes<Question, Anybody<Question>> lanes_;
};

}  // namespace guestpass::membership
