// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/bench/row.h"
#include "tests/harness/stack/stack.h"

namespace guestpass::bench {

// Guests of eight channels, who post as fast as they are answered.
class Posters {
 public:
  // Makes `count` guests, four of each channel with 32.
  static absl::StatusOr<Posters> Make(const harness::Stack& stack, int count);

  // `clients` of them with `in_flight` posts each, for `time`. posts_per_s, p50_ms, p99_ms, as the client
  // sees them. INTERNAL where a post was refused.
  absl::StatusOr<Figures> Measure(const harness::Stack& stack, int clients, int in_flight,
                                  absl::Duration time);

 private:
  struct Guest {
    std::string name;
    std::string workspace;
    std::string channel;
  };

  std::vector<Guest> guests_;
  int round_ = 0;
};

}  // namespace guestpass::bench
