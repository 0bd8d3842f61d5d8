// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/scenario.h"

#include "absl/time/clock.h"
#include "common/status/macros.h"
#include "tests/e2e/story.h"

namespace guestpass::e2e {
namespace {

struct Act {
  const char* text;
  Story::Note (Story::*play)();
};

constexpr Act kActs[] = {
    {"oscar, an operator, makes an organization for olga", &Story::MakeOrganization},
    {"olga makes a workspace", &Story::MakeWorkspace},
    {"olga makes the private channel #plans", &Story::MakePlans},
    {"olga makes the public channel #office", &Story::MakeOffice},
    {"olga invites gina@example.com as a guest of #plans, for 3 s from joining", &Story::Invite},
    {"the mail is there as a file, with the secret in it", &Story::FindMail},
    {"mallory, with another address, redeems it: refused", &Story::RedeemAsMallory},
    {"gina redeems it, untouched as it is", &Story::RedeemAsGina},
    {"gina opens a stream", &Story::OpenStream},
    {"gina posts in #plans", &Story::PostInPlans},
    {"gina posts in #office: refused", &Story::PostInOffice},
    {"gina's time comes, and the open stream says so", &Story::AwaitSoftLock},
    {"gina posts in #plans: refused", &Story::PostLate},
    {"olga posts, and gina reads on, live and in the history", &Story::ReadOn},
    {"membership and guest-expiry say the same of gina", &Story::CheckSoftLock},
    {"olga extends gina's time by an hour, and the same stream says so", &Story::Extend},
    {"gina posts in #plans again, on the same stream", &Story::PostAgain},
    {"olga removes gina, and the stream ends with the reason", &Story::Remove},
    {"gina comes back: refused", &Story::ComeBack},
};

}  // namespace

absl::Status PlayScenario(const harness::Stack& stack, absl::FunctionRef<void(const Step&)> report) {
  Story story(stack);
  for (const Act& act : kActs) {
    const absl::Time begin = absl::Now();
    const Story::Note note = (story.*act.play)();
    report(
        {.text = act.text, .note = note.value_or(""), .took = absl::Now() - begin, .outcome = note.status()});
    RETURN_IF_ERROR(note.status());
  }
  return absl::OkStatus();
}

}  // namespace guestpass::e2e
