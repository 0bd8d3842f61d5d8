// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"

// Places in the code where a test stops or ends the process, to see what a crash there leaves behind.
namespace guestpass::failpoint {

// Says that a step is reached: `point` names it ("redeem.joined"), `key` what it is about, in parts with dots
// between, the larger first ("INVITE.USER.ATTEMPT"). Called with no lock of this process held.
//
// Does nothing in the programs that are shipped. In those that tests make of the same sources, linked with
// :armed, it does what the directory named by GUESTPASS_FAILPOINTS says in a file POINT, or POINT@PARTS for
// what is about these first parts of a key:
//
//   kill   this process ends at once, as by kill -9;
//   hold   the file FILE.reached is made, and the caller waits until FILE is gone.
//
// Without such a file, and without that directory, it does nothing either. Thread-safe.
void Reach(absl::string_view point, absl::string_view key);

}  // namespace guestpass::failpoint
