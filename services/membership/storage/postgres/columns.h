// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/postgres/params.h"

namespace guestpass::membership {

// What to ask about several plans at once: the plan that each row is for, by its place, and arrays with a
// column of the rows each.
class Columns {
 public:
  void Add(size_t plan, const std::vector<std::optional<std::string>>& values) {
    plans_.push_back(static_cast<int64_t>(plan));
    columns_.resize(values.size());
    for (size_t i = 0; i < values.size(); ++i) columns_[i].push_back(values[i]);
  }

  bool empty() const { return plans_.empty(); }
  postgres::Params ToParams() const {
    postgres::Params params = postgres::Params::Of(plans_);
    for (const auto& column : columns_) params.Add(column);
    return params;
  }

 private:
  std::vector<int64_t> plans_;
  std::vector<std::vector<std::optional<std::string>>> columns_;
};

// An id as it stands in a column; an empty one is NULL.
template <typename IdType>
std::optional<std::string> TextOrNull(const IdType& id) {
  return id.empty() ? std::nullopt : std::optional<std::string>(id.text());
}

}  // namespace guestpass::membership
