// SPDX-License-Identifier: Apache-2.0
#include "common/mail/template.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/mail/message.h"

namespace guestpass::mail {
namespace {

// `text` with single quotes for all double ones, so that it cannot end those that it is put in.
std::string WithoutDoubleQuotes(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"\"", "'"},
                                    {"\u00ab", "'"},
                                    {"\u00bb", "'"},
                                    {"\u201c", "'"},
                                    {"\u201d", "'"},
                                    {"\u201e", "'"},
                                    {"\u201f", "'"},
                                    {"\uff02", "'"}});
}

}  // namespace

Filling Filling::Quoted(absl::string_view text) {
  return Ours(absl::StrCat("\"", Unlinked(WithoutDoubleQuotes(text)), "\""));
}

Filling Filling::Ours(absl::string_view text) { return Filling(std::string(text), EscapeHtml(text)); }

Parts Fill(const Parts& parts, std::initializer_list<std::pair<absl::string_view, Filling>> fillings) {
  std::vector<std::pair<std::string, std::string>> texts, htmls;
  for (const auto& [name, filling] : fillings) {
    const std::string place = absl::StrCat("{", name, "}");
    texts.emplace_back(place, filling.text());
    htmls.emplace_back(place, filling.html());
  }
  return {.text = absl::StrReplaceAll(parts.text, texts), .html = absl::StrReplaceAll(parts.html, htmls)};
}

}  // namespace guestpass::mail
