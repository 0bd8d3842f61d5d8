// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/harness/client.h"
#include "tests/harness/stack/stack.h"
#include "tests/harness/stream_client.h"

namespace guestpass::e2e {

// The people of the scenario, and what they have made so far. Every act makes one or two calls, in the order
// of this list, and gives a note on what came, or what came in place of what was expected.
class Story {
 public:
  using Note = absl::StatusOr<std::string>;

  explicit Story(const harness::Stack& stack)
      : stack_(stack), olga_(stack.User("olga")), gina_(stack.User("gina")) {}

  Note MakeOrganization();
  Note MakeWorkspace();
  Note MakePlans();   // the channel that gina is granted
  Note MakeOffice();  // the one that she is not
  Note Invite();
  Note FindMail();
  Note RedeemAsMallory();
  Note RedeemAsGina();
  Note OpenStream();
  Note PostInPlans();
  Note PostInOffice();
  Note AwaitSoftLock();
  Note PostLate();
  Note ReadOn();
  Note CheckSoftLock();
  Note Extend();
  Note PostAgain();
  Note Remove();
  Note ComeBack();

 private:
  Note MakeChannel(const char* name, type::v1::ChannelKind kind, std::string& channel);
  Note PostAndReceive(const std::string& id, uint64_t number);
  Note AwaitGoodbye();
  absl::StatusOr<harness::Received> AwaitEvent(uint64_t number);
  absl::StatusOr<invite::v1::RedeemInviteResponse> Redeem(const harness::Client& client);

  const harness::Stack& stack_;
  const harness::Client olga_;
  const harness::Client gina_;
  std::string organization_, workspace_, plans_, office_, secret_, member_;
  absl::Time expire_time_;
  std::unique_ptr<harness::StreamClient> stream_;
};

}  // namespace guestpass::e2e
