// SPDX-License-Identifier: Apache-2.0
#include "common/config/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace guestpass::config {
namespace {

constexpr absl::string_view kRequired = "required";

std::string FlagOf(absl::string_view name) { return absl::StrCat("--", name); }

// The file's bytes, or nothing, with errno saying why.
std::optional<std::string> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::string bytes;
  char buffer[4096];
  ssize_t n;
  while ((n = read(fd, buffer, sizeof(buffer))) > 0) bytes.append(buffer, n);
  const int error = errno;
  close(fd);
  errno = error;
  if (n < 0) return std::nullopt;
  return bytes;
}

std::string VariableOf(absl::string_view name) {
  return absl::StrCat("GUESTPASS_", absl::AsciiStrToUpper(absl::StrReplaceAll(name, {{"-", "_"}})));
}

}  // namespace

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

Settings::Settings(std::vector<std::string> args, Environment environment)
    : environment_(std::move(environment)) {
  for (std::string& arg : args) args_.push_back({std::move(arg)});
}

std::string Settings::Text(absl::string_view name, absl::string_view what) {
  Declare(FlagOf(name), VariableOf(name), kRequired, what);
  const size_t problems = problems_.size();
  const std::optional<Given> given = Find(name, Shape::kValue);
  if (given.has_value() && !given->value.empty()) return given->value;
  if (problems_.size() == problems) {
    problems_.push_back(absl::StrCat("Set ", VariableOf(name), " or ", FlagOf(name), ": ", what, "."));
  }
  return "";
}

std::string Settings::TextOr(absl::string_view name, absl::string_view fallback, absl::string_view what) {
  Declare(FlagOf(name), VariableOf(name),
          fallback.empty() ? "default: none" : absl::StrCat("default: ", fallback), what);
  const std::optional<Given> given = Find(name, Shape::kValue);
  return given.has_value() ? given->value : std::string(fallback);
}

std::string Settings::Secret(absl::string_view name, absl::string_view what) {
  const std::string file_name = absl::StrCat(name, "-file");
  const std::string variable = VariableOf(name);
  const std::string ways = absl::StrCat(VariableOf(file_name), " or ", FlagOf(file_name));
  Declare(FlagOf(file_name), absl::StrCat(VariableOf(file_name), " or ", variable), kRequired, what);
  if (TakeFlag(name, Shape::kValue).has_value()) {
    problems_.push_back(absl::StrCat("Do not give ", FlagOf(name),
                                     ", because anybody can read a command line: ", "set ", ways,
                                     " to the path of a file that has ", what, "."));
    return "";
  }
  const size_t problems = problems_.size();
  const std::optional<Given> file = Find(file_name, Shape::kValue);
  const std::optional<std::string> value = Variable(variable);
  if (file.has_value() && value.has_value()) {
    problems_.push_back(absl::StrCat("Set only one of ", file->source, " and ", variable, ": ", what, "."));
    return "";
  }
  if (file.has_value()) return ReadSecretFile(*file, what);
  if (value.has_value()) return *value;
  if (problems_.size() == problems) {
    problems_.push_back(
        absl::StrCat("Set ", ways, " to the path of a file, or set ", variable, ": ", what, "."));
  }
  return "";
}

std::string Settings::ReadSecretFile(const Given& file, absl::string_view what) {
  std::optional<std::string> bytes = ReadFile(file.value);
  if (!bytes.has_value()) {
    problems_.push_back(absl::StrCat(file.source, " names \"", absl::CHexEscape(file.value),
                                     "\", which cannot be read (", strerror(errno),
                                     "): name a file that has ", what, "."));
    return "";
  }
  std::string text = *std::move(bytes);
  if (absl::EndsWith(text, "\n")) text.pop_back();
  if (absl::EndsWith(text, "\r")) text.pop_back();
  if (text.empty()) {
    problems_.push_back(absl::StrCat(file.source, " names \"", absl::CHexEscape(file.value),
                                     "\", which is empty: name a file that has ", what, "."));
  }
  return text;
}

absl::Duration Settings::DurationOr(absl::string_view name, absl::Duration fallback, absl::Duration min,
                                    absl::Duration max, absl::string_view what) {
  Declare(FlagOf(name), VariableOf(name), absl::StrCat("default: ", absl::FormatDuration(fallback)), what);
  const std::optional<Given> given = Find(name, Shape::kValue);
  if (!given.has_value()) return fallback;
  absl::Duration value;
  if (absl::ParseDuration(given->value, &value) && value >= min && value <= max) return value;
  Bad(*given,
      absl::StrCat("a duration from ", absl::FormatDuration(min), " to ", absl::FormatDuration(max),
                   ", such as ", absl::FormatDuration(fallback)),
      what);
  return fallback;
}

int Settings::IntOr(absl::string_view name, int fallback, int min, int max, absl::string_view what) {
  Declare(FlagOf(name), VariableOf(name), absl::StrCat("default: ", fallback), what);
  const std::optional<Given> given = Find(name, Shape::kValue);
  if (!given.has_value()) return fallback;
  int value = 0;
  if (absl::SimpleAtoi(given->value, &value) && value >= min && value <= max) return value;
  Bad(*given, absl::StrCat("a whole number from ", min, " to ", max), what);
  return fallback;
}

bool Settings::BoolOr(absl::string_view name, bool fallback, absl::string_view what) {
  Declare(FlagOf(name), VariableOf(name), absl::StrCat("default: ", fallback ? "true" : "false"), what);
  const std::optional<Given> given = Find(name, Shape::kSwitch);
  if (!given.has_value()) return fallback;
  if (given->value == "true" || given->value == "false") return given->value == "true";
  Bad(*given, "true or false", what);
  return fallback;
}

bool Settings::HelpAsked() { return TakeFlag("help", Shape::kSwitch).value_or("false") == "true"; }

std::vector<std::string> Settings::positional() const {
  std::vector<std::string> left;
  for (const Argument& argument : args_) {
    if (!argument.taken && !absl::StartsWith(argument.text, "-")) left.push_back(argument.text);
  }
  return left;
}

absl::Status Settings::Finish() const {
  std::vector<std::string> problems = problems_;
  for (const Argument& argument : args_) {
    if (argument.taken || !absl::StartsWith(argument.text, "-")) continue;
    const std::string flag = argument.text.substr(0, argument.text.find('='));
    problems.push_back(
        absl::StrCat("There is no flag ", absl::CHexEscape(flag), ": --help lists those there are."));
  }
  return problems.empty() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
}

std::string Settings::Help() const { return help_; }

std::optional<std::string> Settings::TakeFlag(absl::string_view name, Shape shape) {
  const std::string flag = FlagOf(name);
  std::optional<std::string> value;
  int times = 0;
  for (size_t at = 0; at < args_.size(); ++at) {
    if (args_[at].taken) continue;
    if (args_[at].text == flag) {
      ++times;
      value = TakeValue(at, flag, shape);
    } else if (absl::StartsWith(args_[at].text, flag + "=")) {
      ++times;
      args_[at].taken = true;
      value = args_[at].text.substr(flag.size() + 1);
    }
  }
  if (times > 1) problems_.push_back(absl::StrCat("Give ", flag, " only once."));
  return value;
}

std::optional<std::string> Settings::TakeValue(size_t at, absl::string_view flag, Shape shape) {
  args_[at].taken = true;
  Argument* next = at + 1 < args_.size() && !args_[at + 1].taken ? &args_[at + 1] : nullptr;
  const bool follows =
      next != nullptr && (shape == Shape::kSwitch ? next->text == "true" || next->text == "false"
                                                  : !absl::StartsWith(next->text, "--"));
  if (follows) {
    next->taken = true;
    return next->text;
  }
  if (shape == Shape::kSwitch) return "true";
  problems_.push_back(absl::StrCat("Give ", flag, " a value: ", flag, "=VALUE."));
  return std::nullopt;
}

std::optional<std::string> Settings::Variable(const std::string& name) const {
  const auto found = environment_.find(name);
  if (found == environment_.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::optional<Settings::Given> Settings::Find(absl::string_view name, Shape shape) {
  if (std::optional<std::string> value = TakeFlag(name, shape)) return Given{FlagOf(name), *std::move(value)};
  const std::string variable = VariableOf(name);
  if (std::optional<std::string> value = Variable(variable)) return Given{variable, *std::move(value)};
  return std::nullopt;
}

void Settings::Declare(absl::string_view flag, absl::string_view variable, absl::string_view fallback,
                       absl::string_view what) {
  absl::StrAppend(&help_, "  ", flag, ", ", variable, " (", fallback, ")\n      ", what, "\n");
}

void Settings::Bad(const Given& given, absl::string_view wanted, absl::string_view what) {
  problems_.push_back(absl::StrCat(given.source, " is \"", absl::CHexEscape(given.value), "\": give ", wanted,
                                   ", ", what, "."));
}

}  // namespace guestpass::config
