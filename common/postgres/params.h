// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace guestpass {
template <typename Kind>
class Id;
}

namespace guestpass::postgres {

// The values of a statement's $1, $2, … in that order: Params::Of(workspace, user, expire_time), or one Add
// after another. Owns copies of them. What is added, and what the statement sees:
//
//   absl::string_view, std::string      text           guestpass::Id     text; none: NULL
//   bool, any integer                   boolean, bigint   absl::Time     bigint, epoch microseconds;
//   infinite: NULL std::optional<T>                    T or NULL      absl::Duration    bigint, microseconds
//   std::vector<T> of any of these      an array: say $1::text[], $1::bigint[], $1::boolean[]
//
// A text with a NUL character cannot be stored: Session::Run refuses it with FIELD_INVALID, and nothing of it
// reaches the database. Bytes may hold any.
class Params {
 public:
  template <typename... T>
  static Params Of(const T&... values) {
    Params params;
    (params.Add(values), ...);
    return params;
  }

  // The columns of these rows, all as long as the first: an array for each place. What AddBytes added becomes
  // bytea[].
  static Params ColumnsOf(const std::vector<Params>& rows);

  template <typename T>
  Params& Add(const T& value) {
    return Push(Encode(value));
  }
  template <typename T>
  Params& Add(const std::vector<T>& values) {
    std::string array = "{";
    for (const T& value : values) AppendElement(array, Encode(value));
    return Push(Value(CloseArray(std::move(array))));
  }
  Params& AddNull() { return Push(std::nullopt); }
  Params& AddBytes(absl::string_view bytes);                     // bytea
  Params& AddBytesArray(const std::vector<std::string>& bytes);  // bytea[]

  // As libpq takes them; they point into this object, which must stay as it is meanwhile.
  int size() const { return static_cast<int>(values_.size()); }
  std::vector<const char*> Values() const;
  std::vector<int> Lengths() const;
  const std::vector<int>& formats() const { return formats_; }

  // Whether a text with a NUL character was added.
  bool has_nul() const { return has_nul_; }

 private:
  using Value = std::optional<std::string>;

  static Value Encode(absl::string_view text) { return std::string(text); }
  static Value Encode(const char* text) { return std::string(text); }
  static Value Encode(const std::string& text) { return text; }
  static Value Encode(absl::Time time);
  static Value Encode(absl::Duration duration);
  template <std::integral Number>
  static Value Encode(Number value) {
    if constexpr (std::same_as<Number, bool>) return value ? "t" : "f";
    return std::to_string(value);
  }
  template <typename Kind>
  static Value Encode(const Id<Kind>& id) {
    return id.empty() ? Value() : Value(id.text());
  }
  template <typename T>
  static Value Encode(const std::optional<T>& value) {
    return value.has_value() ? Encode(*value) : Value();
  }

  static void AppendElement(std::string& array, const Value& value);
  static std::string CloseArray(std::string array);
  Params& Push(Value value);

  std::vector<Value> values_;
  std::vector<int> formats_;
  bool has_nul_ = false;
};

}  // namespace guestpass::postgres
