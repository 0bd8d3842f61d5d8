// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace guestpass {

// An id of one kind of thing: 26 characters of lower-case base32, which is 128 random bits, or for a user
// the head of a hash. A value: cheap to copy, ordered, hashable. Ids of different kinds do not mix.
template <typename Kind>
class Id {
 public:
  static constexpr size_t kLength = 26;

  // The id that `text` is, or nothing if it is none.
  static std::optional<Id> Parse(absl::string_view text) {
    const auto valid = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); };
    if (text.size() != kLength || !std::all_of(text.begin(), text.end(), valid)) return std::nullopt;
    Id id;
    std::copy(text.begin(), text.end(), id.text_.begin());
    return id;
  }

  // No id: equal to itself only, and never parsed. Its text is empty.
  Id() : text_{} {}

  bool empty() const { return text_[0] == '\0'; }
  absl::string_view text() const { return {text_.data(), empty() ? 0 : kLength}; }
  std::string ToString() const { return std::string(text()); }

  friend auto operator<=>(const Id&, const Id&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const Id& id) {
    return H::combine(std::move(state), id.text_);
  }

 private:
  std::array<char, kLength> text_;
};

using OrganizationId = Id<struct OrganizationKind>;
using WorkspaceId = Id<struct WorkspaceKind>;
using ChannelId = Id<struct ChannelIdKind>;
using UserId = Id<struct UserKind>;
using InviteId = Id<struct InviteKind>;

}  // namespace guestpass
