// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/result.h"

#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"

namespace guestpass::postgres {
namespace {

// The elements of a one-dimensional array as PostgreSQL writes one: {a,"b \"c\" \\",NULL}.
std::vector<std::string> Elements(absl::string_view text) {
  std::vector<std::string> elements;
  if (text.size() < 2 || text == "{}" || text.front() != '{') return elements;
  text = text.substr(1, text.size() - 2);
  std::string element;
  bool in_quotes = false;
  bool was_quoted = false;
  const auto end_element = [&] {
    if (!was_quoted && element == "NULL") element.clear();
    elements.push_back(std::move(element));
    element.clear();
    was_quoted = false;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      element += text[++i];
    } else if (text[i] == '"') {
      in_quotes = !in_quotes;
      was_quoted = true;
    } else if (text[i] == ',' && !in_quotes) {
      end_element();
    } else {
      element += text[i];
    }
  }
  end_element();
  return elements;
}

int64_t ToInt64(absl::string_view text) {
  int64_t number = 0;
  return absl::SimpleAtoi(text, &number) ? number : 0;
}

}  // namespace

int64_t Result::affected() const { return ToInt64(PQcmdTuples(result_.get())); }

absl::string_view Result::Text(int row, int col) const {
  const char* value = PQgetvalue(result_.get(), row, col);
  if (value == nullptr) return "";
  return {value, static_cast<size_t>(PQgetlength(result_.get(), row, col))};
}

int64_t Result::Int64(int row, int col) const { return ToInt64(Text(row, col)); }

bool Result::Bool(int row, int col) const { return Text(row, col) == "t"; }

std::string Result::Bytes(int row, int col) const {
  absl::string_view text = Text(row, col);
  if (text.substr(0, 2) != "\\x") return "";
  return absl::HexStringToBytes(text.substr(2));
}

absl::Time Result::Time(int row, int col) const {
  return IsNull(row, col) ? absl::InfiniteFuture() : absl::FromUnixMicros(Int64(row, col));
}

std::vector<std::string> Result::TextArray(int row, int col) const { return Elements(Text(row, col)); }

std::vector<int64_t> Result::Int64Array(int row, int col) const {
  std::vector<int64_t> numbers;
  for (const std::string& element : Elements(Text(row, col))) numbers.push_back(ToInt64(element));
  return numbers;
}

}  // namespace guestpass::postgres
