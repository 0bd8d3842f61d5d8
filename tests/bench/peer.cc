// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/peer.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"

namespace guestpass::bench {

Peer::Peer(std::string directory) {
  const std::string program = directory + "/run";
  if (!directory.empty() && access(program.c_str(), X_OK) == 0) program_ = program;
}

absl::StatusOr<Figures> Peer::Measure(const std::string& mode) const {
  FILE* output = popen(absl::StrCat("'", program_, "' ", mode, " 2>/dev/null").c_str(), "r");
  if (output == nullptr) return absl::InternalError("the peer cannot be started");
  std::string text;
  char buffer[4096];
  while (const size_t count = fread(buffer, 1, sizeof(buffer), output)) text.append(buffer, count);
  pclose(output);
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  const auto json = lines.empty() ? nlohmann::json() : nlohmann::json::parse(lines.back(), nullptr, false);
  if (!json.is_object()) return absl::InternalError(absl::StrCat("the peer printed: ", text));
  Figures figures;
  for (const auto& [key, value] : json.items()) {
    if (value.is_number()) figures[key] = value.get<double>();
  }
  return figures;
}

}  // namespace guestpass::bench
