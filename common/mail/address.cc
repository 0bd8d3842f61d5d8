// SPDX-License-Identifier: Apache-2.0
#include "common/mail/address.h"

#include <idn2.h>

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace guestpass::mail {
namespace {

constexpr size_t kMaxAddress = 254;
constexpr size_t kMaxLocal = 64;
constexpr size_t kMaxLabel = 63;

bool IsAtom(absl::string_view text) {
  const auto fits = [](unsigned char c) {
    return absl::ascii_isalnum(c) ||
           absl::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != absl::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

bool IsLocalPart(absl::string_view text) {
  if (text.size() > kMaxLocal) return false;
  const std::vector<absl::string_view> atoms = absl::StrSplit(text, '.');
  return std::all_of(atoms.begin(), atoms.end(), IsAtom);
}

bool IsLabel(absl::string_view text) {
  const auto fits = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-'; };
  return !text.empty() && text.size() <= kMaxLabel && text.front() != '-' && text.back() != '-' &&
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

std::string Address::Mailbox() const {
  return absl::StrCat(shown.substr(0, shown.find('@')), folded.substr(folded.find('@')));
}

std::optional<Address> ParseAddress(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (text.size() > kMaxAddress) return std::nullopt;
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '@');
  if (parts.size() != 2 || !IsLocalPart(parts[0])) return std::nullopt;
  const std::optional<std::string> domain = FoldDomain(parts[1]);
  if (!domain.has_value()) return std::nullopt;
  Address address{.shown = std::string(text),
                  .folded = absl::StrCat(absl::AsciiStrToLower(parts[0]), "@", *domain)};
  if (address.folded.size() > kMaxAddress) return std::nullopt;
  return address;
}

}  // namespace guestpass::mail
