// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/params.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace guestpass::postgres {
namespace {

constexpr int kText = 0;
constexpr int kBinary = 1;

std::string HexOf(absl::string_view bytes) { return absl::StrCat("\\x", absl::BytesToHexString(bytes)); }

}  // namespace

Params Params::ColumnsOf(const std::vector<Params>& rows) {
  Params columns;
  for (size_t i = 0; !rows.empty() && i < rows[0].values_.size(); ++i) {
    std::string array = "{";
    for (const Params& row : rows) {
      const bool bytes = row.formats_[i] == kBinary;
      AppendElement(array, bytes ? HexOf(*row.values_[i]) : row.values_[i]);
    }
    columns.Push(CloseArray(std::move(array)));
  }
  return columns;
}

Params& Params::AddBytes(absl::string_view bytes) {
  values_.emplace_back(std::string(bytes));
  formats_.push_back(kBinary);
  return *this;
}

Params& Params::AddBytesArray(const std::vector<std::string>& bytes) {
  std::string array = "{";
  for (const std::string& element : bytes) {
    AppendElement(array, HexOf(element));
  }
  return Push(CloseArray(std::move(array)));
}

std::vector<const char*> Params::Values() const {
  std::vector<const char*> values;
  values.reserve(values_.size());
  for (const Value& value : values_) values.push_back(value.has_value() ? value->c_str() : nullptr);
  return values;
}

std::vector<int> Params::Lengths() const {
  std::vector<int> lengths;
  lengths.reserve(values_.size());
  for (const Value& value : values_)
    lengths.push_back(value.has_value() ? static_cast<int>(value->size()) : 0);
  return lengths;
}

Params::Value Params::Encode(absl::Time time) {
  if (time == absl::InfiniteFuture()) return std::nullopt;
  return std::to_string(absl::ToUnixMicros(time));
}

Params::Value Params::Encode(absl::Duration duration) {
  return std::to_string(absl::ToInt64Microseconds(duration));
}

void Params::AppendElement(std::string& array, const Value& value) {
  if (!value.has_value()) {
    array += "NULL,";
    return;
  }
  array += '"';
  for (const char c : *value) {
    if (c == '"' || c == '\\') array += '\\';
    array += c;
  }
  array += "\",";
}

std::string Params::CloseArray(std::string array) {
  if (array.back() == ',') array.pop_back();
  return array + "}";
}

Params& Params::Push(Value value) {
  has_nul_ = has_nul_ || (value.has_value() && value->find('\0') != std::string::npos);
  values_.push_back(std::move(value));
  formats_.push_back(kText);
  return *this;
}

}  // namespace guestpass::postgres
