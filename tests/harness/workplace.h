// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "tests/harness/stack/stack.h"

namespace guestpass::harness {

// A workspace to test in: its owner is the user "olga", who made it.
struct Workplace {
  std::string organization;    // `organizations/{o}`
  std::string workspace;       // `workspaces/{w}`
  std::string open_channel;    // `workspaces/{w}/channels/{c}`, PUBLIC
  std::string closed_channel;  // the same, PRIVATE; olga takes part in it
};

// Makes one: an organization of olga's, a workspace whose guests read on for `grace`, and two channels.
// Errors: as the calls.
absl::StatusOr<Workplace> MakeWorkplace(const Stack& stack, absl::Duration grace = absl::Hours(24));

// Makes one more PRIVATE channel in `place`, of that display name. Errors: as the call.
absl::StatusOr<std::string> MakePrivateChannel(const Stack& stack, const Workplace& place,
                                               const std::string& display_name);

// Has olga invite NAME@example.com to the closed channel, and `name` redeem that; the guest posts for `ttl`
// from then on, without end if that is infinite. Errors: as the calls.
absl::StatusOr<invite::v1::RedeemInviteResponse> AddGuest(const Stack& stack, const Workplace& place,
                                                          const std::string& name,
                                                          absl::Duration ttl = absl::InfiniteDuration());

// The secret in the newest mail to `address` among the files of `directory`. NOT_FOUND.
absl::StatusOr<std::string> MailedSecret(const std::string& directory, const std::string& address);

}  // namespace guestpass::harness
