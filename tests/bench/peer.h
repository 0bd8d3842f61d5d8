// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "tests/bench/row.h"

namespace guestpass::bench {

// The usual architecture for the same work, as a directory with a program `run MODE` that prints a JSON line.
// Only one of its runs goes on at a time.
class Peer {
 public:
  // `directory` may be empty or hold no such program: then there is no peer.
  explicit Peer(std::string directory);

  bool exists() const { return !program_.empty(); }

  // Runs one mode and gives the figures of its line that are numbers. INTERNAL with what it printed.
  absl::StatusOr<Figures> Measure(const std::string& mode) const;

 private:
  std::string program_;
};

}  // namespace guestpass::bench
