// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/row.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace guestpass::bench {
namespace {

double Least(const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); }
double Most(const std::vector<double>& values) { return *std::max_element(values.begin(), values.end()); }

std::string Short(double value) {
  return value >= 1000 ? absl::StrFormat("%.0f", value) : absl::StrFormat("%.3g", value);
}

}  // namespace

double Quantile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(p * static_cast<double>(values.size())))];
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::optional<double> Ratio(const Row& row) {
  if (row.peers.size() != row.ours.size() || row.peers.empty()) return std::nullopt;
  std::vector<double> ratios;
  for (size_t i = 0; i < row.ours.size(); ++i) {
    const double ours = row.ours[i], peers = row.peers[i];
    ratios.push_back(row.what.higher_is_better ? ours / peers : peers / ours);
  }
  return Median(std::move(ratios));
}

std::string Table(const std::vector<Row>& rows) {
  std::string table = absl::StrFormat("%-35s %-8s %10s %10s %10s %5s %10s %7s\n", "row", "unit", "value",
                                      "min", "max", "runs", "peer", "ratio");
  for (const Row& row : rows) {
    const std::optional<double> ratio = Ratio(row);
    absl::StrAppendFormat(&table, "%-35s %-8s %10s %10s %10s %5d %10s %7s\n", row.what.name, row.what.unit,
                          Short(Median(row.ours)), Short(Least(row.ours)), Short(Most(row.ours)),
                          static_cast<int>(row.ours.size()),
                          row.peers.empty() ? "-" : Short(Median(row.peers)),
                          ratio.has_value() ? Short(*ratio) : "-");
  }
  return table;
}

std::string Json(const std::vector<Row>& rows) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    nlohmann::ordered_json object = {{"name", row.what.name},
                                     {"unit", row.what.unit},
                                     {"better", row.what.higher_is_better ? "higher" : "lower"},
                                     {"value", Median(row.ours)},
                                     {"min", Least(row.ours)},
                                     {"max", Most(row.ours)},
                                     {"runs", row.ours.size()},
                                     {"peer", nullptr},
                                     {"ratio", nullptr}};
    if (!row.peers.empty()) object["peer"] = Median(row.peers);
    if (const auto ratio = Ratio(row)) object["ratio"] = *ratio;
    array.push_back(std::move(object));
  }
  return array.dump(2) + "\n";
}

}  // namespace guestpass::bench
