// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/address.h"

#include <idn2.h>

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace guestpass::membership {
namespace {

constexpr size_t kMaxAddress = 254;
constexpr size_t kMaxLocal = 64;

bool IsLocalPart(absl::string_view text) {
  const auto fits = [](unsigned char c) {
    return absl::ascii_isalnum(c) ||
           absl::string_view("!#$%&'*+-/=?^_`{|}~").find(static_cast<char>(c)) != absl::string_view::npos;
  };
  const auto is_atom = [&fits](absl::string_view atom) {
    return !atom.empty() && std::all_of(atom.begin(), atom.end(), fits);
  };
  const std::vector<absl::string_view> atoms = absl::StrSplit(text, '.');
  return text.size() <= kMaxLocal && std::all_of(atoms.begin(), atoms.end(), is_atom);
}

bool IsLabel(absl::string_view text) {
  const auto fits = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-'; };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(), fits);
}

std::optional<std::string> FoldDomain(absl::string_view domain) {
  if (domain.find('\0') != absl::string_view::npos) return std::nullopt;
  const std::string text(domain);
  uint8_t* mapped = nullptr;
  const int result = idn2_lookup_u8(reinterpret_cast<const uint8_t*>(text.c_str()), &mapped,
                                    IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
  if (result != IDN2_OK) return std::nullopt;
  const std::string folded = absl::AsciiStrToLower(reinterpret_cast<const char*>(mapped));
  idn2_free(mapped);
  const std::vector<absl::string_view> labels = absl::StrSplit(folded, '.');
  if (!std::all_of(labels.begin(), labels.end(), IsLabel)) return std::nullopt;
  return folded;
}

}  // namespace

std::optional<std::string> FoldAddress(absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(absl::StripAsciiWhitespace(text), '@');
  if (parts.size() != 2 || !IsLocalPart(parts[0])) return std::nullopt;
  const std::optional<std::string> domain = FoldDomain(parts[1]);
  if (!domain.has_value()) return std::nullopt;
  const std::string folded = absl::StrCat(absl::AsciiStrToLower(parts[0]), "@", *domain);
  if (std::max(folded.size(), parts[0].size() + 1 + parts[1].size()) > kMaxAddress) return std::nullopt;
  return folded;
}

}  // namespace guestpass::membership
