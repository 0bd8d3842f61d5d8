// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace guestpass::config {

using Environment = std::map<std::string, std::string>;

// This process's environment.
Environment ProcessEnvironment();

// A program's settings, read once, in main. The setting "grace-period" is the flag --grace-period=VALUE or
// --grace-period VALUE, else the variable GUESTPASS_GRACE_PERIOD; an empty variable counts as not set. Main
// asks for each setting once, then for positional(), and then for Finish(), which tells everything that is
// wrong at once; until it is OK the values mean nothing. `what` says in half a sentence what the setting is:
// "the port for gRPC". Not thread-safe.
class Settings {
 public:
  // `args` without the program's name.
  Settings(std::vector<std::string> args, Environment environment);

  // A text that must be given, and not empty.
  std::string Text(absl::string_view name, absl::string_view what);
  std::string TextOr(absl::string_view name, absl::string_view fallback, absl::string_view what);

  // A secret that must be given: in the file named by --NAME-file or GUESTPASS_NAME_FILE (the newline at its
  // end does not count), or in GUESTPASS_NAME. Never as a flag, because anybody can read a command line.
  std::string Secret(absl::string_view name, absl::string_view what);

  // A value from `min` to `max`, both included. Durations are written as "1h30m", "250ms".
  absl::Duration DurationOr(absl::string_view name, absl::Duration fallback, absl::Duration min,
                            absl::Duration max, absl::string_view what);
  int IntOr(absl::string_view name, int fallback, int min, int max, absl::string_view what);

  // "true" or "false"; the flag alone is true.
  bool BoolOr(absl::string_view name, bool fallback, absl::string_view what);

  // Whether --help is there: then main prints Help() and ends.
  bool HelpAsked();

  // What is neither a flag nor a flag's value, in order: {"migrate", "up"}. After every setting was asked
  // for.
  std::vector<std::string> positional() const;

  // OK, or INVALID_ARGUMENT with a line for each problem, a sentence that says what to do; unknown flags are
  // problems. Secrets are not in it.
  absl::Status Finish() const;

  // Every setting that was asked for: its flag, variable, default and meaning.
  std::string Help() const;

 private:
  enum class Shape { kValue, kSwitch };
  struct Argument {
    std::string text;
    bool taken = false;
  };
  struct Given {
    std::string source;  // "--port" or "GUESTPASS_PORT"
    std::string value;
  };

  std::optional<std::string> TakeFlag(absl::string_view name, Shape shape);
  std::optional<std::string> TakeValue(size_t at, absl::string_view flag, Shape shape);
  std::optional<std::string> Variable(const std::string& name) const;
  std::optional<Given> Find(absl::string_view name, Shape shape);
  std::string ReadSecretFile(const Given& file, absl::string_view what);
  void Declare(absl::string_view flag, absl::string_view variable, absl::string_view fallback,
               absl::string_view what);
  void Bad(const Given& given, absl::string_view wanted, absl::string_view what);

  std::vector<Argument> args_;
  const Environment environment_;
  std::vector<std::string> problems_;
  std::string help_;
};

}  // namespace guestpass::config
