// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "common/config/settings.h"
#include "common/status/macros.h"
#include "tests/e2e/scenario.h"
#include "tests/harness/stack/banner.h"
#include "tests/harness/stack/stack.h"

// `./guestpass demo`: starts a stack, plays the scenario on it, and leaves nothing running.
namespace guestpass::e2e {
namespace {

constexpr char kUsage[] = "demo starts guestpass on this machine, plays one story on it, and stops it.\n\n";

void Say(absl::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void Report(const Step& step) {
  const double milliseconds = absl::ToDoubleMilliseconds(step.took);
  const std::string result = step.outcome.ok() ? step.note : std::string(step.outcome.message());
  Say(absl::StrFormat("%s %8.1f ms  %s%s%s\n", step.outcome.ok() ? " ok " : "FAIL", milliseconds, step.text,
                      result.empty() ? "" : "\n                    ", result));
}

absl::Status Play(const std::string& data_dir) {
  const absl::Time begin = absl::Now();
  ASSIGN_OR_RETURN(const auto stack,
                   harness::Stack::Start({.data_dir = data_dir, .progress = [](absl::string_view what) {
                                            Say(absl::StrCat("  starting ", what, "\n"));
                                          }}));
  Say(absl::StrCat("\n", harness::Banner(*stack, "it ends by itself, or by Ctrl-C"), "\n"));
  RETURN_IF_ERROR(PlayScenario(*stack, Report));
  Say(absl::StrFormat("\nAll as expected, in %.1f s. Stopping.\n",
                      absl::ToDoubleSeconds(absl::Now() - begin)));
  return absl::OkStatus();
}

int Main(std::vector<std::string> args) {
  config::Settings settings(std::move(args), config::ProcessEnvironment());
  const bool help_asked = settings.HelpAsked();
  const std::string data_dir =
      settings.TextOr("data-dir", "", "the directory in which everything lives and is kept");
  absl::Status status = settings.Finish();
  if (help_asked) {
    Say(absl::StrCat(kUsage, settings.Help()));
    return 0;
  }
  if (status.ok()) status = Play(data_dir);
  if (!status.ok()) std::fprintf(stderr, "The demo failed: %s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace guestpass::e2e

int main(int argc, char** argv) { return guestpass::e2e::Main({argv + 1, argv + argc}); }
