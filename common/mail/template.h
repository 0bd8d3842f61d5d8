// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

// What mails say, with places for what differs: "{name}". Pure.
namespace guestpass::mail {

// What fills a place, in the form that each part needs: nothing reaches a part unescaped.
class Filling {
 public:
  // People's words: in quotes that they cannot end, and so that no mail program makes a link of them.
  static Filling Quoted(absl::string_view text);
  // Our own: a link, a time. In HTML an attribute is quoted.
  static Filling Ours(absl::string_view text);

  const std::string& text() const { return text_; }
  const std::string& html() const { return html_; }

 private:
  Filling(std::string text, std::string html) : text_(std::move(text)), html_(std::move(html)) {}

  std::string text_;
  std::string html_;
};

// A mail's two parts.
struct Parts {
  std::string text;
  std::string html;
};

// `parts` with each "{name}" filled. What fillings say is not looked at again.
Parts Fill(const Parts& parts, std::initializer_list<std::pair<absl::string_view, Filling>> fillings);

}  // namespace guestpass::mail
