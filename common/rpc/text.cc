// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/text.h"

#include <utf8proc.h>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::rpc {
namespace {

// Calls `see` with each character; false where `text` is not UTF-8.
template <typename See>
bool ForEachCharacter(absl::string_view text, See see) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  utf8proc_ssize_t left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t character;
    const utf8proc_ssize_t size = utf8proc_iterate(at, left, &character);
    if (size <= 0) return false;
    see(character);
    at += size;
    left -= size;
  }
  return true;
}

bool ControlsTheLine(utf8proc_int32_t character) {
  switch (utf8proc_category(character)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    default:
      break;
  }
  return (character >= 0x202A && character <= 0x202E) || (character >= 0x2066 && character <= 0x2069) ||
         character == 0x200E || character == 0x200F || character == 0x061C;
}

bool Shows(utf8proc_int32_t character) {
  const utf8proc_category_t category = utf8proc_category(character);
  return category != UTF8PROC_CATEGORY_ZS && category != UTF8PROC_CATEGORY_CF;
}

}  // namespace

absl::StatusOr<size_t> CountCharacters(absl::string_view field, absl::string_view text) {
  size_t count = 0;
  if (!ForEachCharacter(text, [&](utf8proc_int32_t) { ++count; })) return FieldInvalid(field, "is not UTF-8");
  return count;
}

absl::Status CheckText(absl::string_view field, absl::string_view text, size_t min, size_t max) {
  ASSIGN_OR_RETURN(const size_t count, CountCharacters(field, text));
  if (count < min) {
    return FieldInvalid(field, count == 0 ? "is empty" : absl::StrCat("has fewer than ", min, " characters"));
  }
  if (count > max) return FieldInvalid(field, absl::StrCat("has more than ", max, " characters"));
  if (text.find('\0') != absl::string_view::npos) return FieldInvalid(field, "holds the character U+0000");
  return absl::OkStatus();
}

absl::Status CheckDisplayName(absl::string_view field, absl::string_view text) {
  RETURN_IF_ERROR(CheckText(field, text, 1, 128));
  bool controls = false, shows = false;
  ForEachCharacter(text, [&](utf8proc_int32_t character) {
    controls |= ControlsTheLine(character);
    shows |= Shows(character);
  });
  if (controls) return FieldInvalid(field, "holds control, line-break or bidi-override characters");
  if (!shows) return FieldInvalid(field, "shows nothing: it holds blanks and invisible characters only");
  return absl::OkStatus();
}

}  // namespace guestpass::rpc
