// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/rights/ids.h"

namespace guestpass::membership {

// Ids from `first` to `last` in their order, both included, as a statement's BETWEEN takes them: so the same
// statement finds one and lists those behind a place. A value.
struct IdRange {
  std::string first, last;

  template <typename IdType>
  static IdRange Only(const IdType& id) {
    return {id.ToString(), id.ToString()};
  }

  // Those behind `after`, which may be empty: then all. Between an id and the same with one character more
  // lies no id, and above so many z's none either.
  template <typename IdType>
  static IdRange Behind(const IdType& after) {
    return {after.empty() ? "" : after.ToString() + "2", std::string(IdType::kLength + 1, 'z')};
  }
};

}  // namespace guestpass::membership
