// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/harness/stack/stack.h"

namespace guestpass::e2e {

// One thing that happened, and whether it was what the rules say.
struct Step {
  std::string text;      // "olga invites gina@example.com as a guest of one channel, for 3 s"
  std::string note;      // what else there is to say: "INVITE_EMAIL_MISMATCH"; may be empty
  absl::Duration took;   // from the call to its outcome
  absl::Status outcome;  // or what came in place of what was expected
};

// The first light: a guest is invited, joins, posts, loses posting when its time comes, gets it back, and is
// removed, each step a real call to the services of `stack`. Every step goes to `report` as soon as it is
// over. OK, or the first mismatch, after which nothing more is played. Takes about 4 s.
absl::Status PlayScenario(const harness::Stack& stack, absl::FunctionRef<void(const Step&)> report);

}  // namespace guestpass::e2e
