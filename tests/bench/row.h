// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace guestpass::bench {

// One figure, and what is better of it.
struct RowName {
  std::string name;
  std::string unit;
  bool higher_is_better = false;
};

// What rounds measured of it: ours and, where a peer does the same work, the peer's of the same round.
struct Row {
  RowName what;
  std::vector<double> ours;
  std::vector<double> peers;
};

// A round's figures by row name.
using Figures = std::map<std::string, double>;

double Median(std::vector<double> values);

// How many times better than the peer, round by round, in the middle: above 1 is better. Nothing without one.
std::optional<double> Ratio(const Row& row);

// The table for people, and the array for programs.
std::string Table(const std::vector<Row>& rows);
std::string Json(const std::vector<Row>& rows);

// The `p`th quantile, 0 to 1.
double Quantile(std::vector<double> values, double p);

}  // namespace guestpass::bench
