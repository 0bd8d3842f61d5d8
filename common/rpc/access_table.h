// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// The tables of docs/access.md (A9), which each service makes of the rules that it enforces. Pure.
namespace guestpass::rpc {

// One method and who may call it.
struct AccessRow {
  std::string method;
  std::string users;                  // which, in words
  std::vector<std::string> services;  // for themselves
  bool operators = false;             // whether they may, whatever their role
};

std::string AccessTable(const std::vector<AccessRow>& rows);

// A method's rule, which has a `method`; nullptr where there is none.
template <typename Rule>
const Rule* FindRule(const std::vector<Rule>& rules, absl::string_view method) {
  for (const Rule& rule : rules) {
    if (rule.method == method) return &rule;
  }
  return nullptr;
}

}  // namespace guestpass::rpc
