// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/bench/row.h"

namespace guestpass::bench {

// One measurement: what it fills, how, and what the peer calls the same.
struct Work {
  struct Filled {
    RowName row;
    std::string figure;  // in our figures and in the peer's
  };
  std::vector<Filled> rows;
  std::string peer_mode;  // empty: no peer does this
  std::function<absl::StatusOr<Figures>()> measure;
};

// Works on one thing, which runs only while they are measured: `start` before the first, `stop` after the
// last.
struct Group {
  std::function<absl::Status()> start;
  std::vector<Work> works;
  std::function<void()> stop;
};

// All that there is to measure; with `quick` for a shorter time and on fewer rows.
std::vector<Group> AllGroups(bool quick);

}  // namespace guestpass::bench
