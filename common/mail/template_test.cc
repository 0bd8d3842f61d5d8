// SPDX-License-Identifier: Apache-2.0
#include "common/mail/template.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace guestpass::mail {
namespace {

const Parts kParts = {.text = "{name} {link} {until} {name}",
                      .html = "<p title=\"{name}\">{name}</p><a href=\"{link}\">x</a>{until}"};

TEST(Fill, EachPartGetsItsOwnForm) {
  const Parts filled = Fill(kParts, {{"name", Filling::Quoted("Acme & Sons")},
                                     {"link", Filling::Ours("https://a.example/?x=1&y=2")},
                                     {"until", Filling::Ours("2027-01-22 < 23")}});
  EXPECT_EQ(filled.text, "\"Acme & Sons\" https://a.example/?x=1&y=2 2027-01-22 < 23 \"Acme & Sons\"");
  EXPECT_EQ(filled.html,
            "<p title=\"&quot;Acme &amp; Sons&quot;\">&quot;Acme &amp; Sons&quot;</p>"
            "<a href=\"https://a.example/?x=1&amp;y=2\">x</a>2027-01-22 &lt; 23");
}

TEST(Fill, WhatPeopleWroteIsNeitherMarkupNorALinkNorAPlace) {
  const Parts filled = Fill(kParts, {{"name", Filling::Quoted("<a href='http://evil.example'>{link}</a>")},
                                     {"link", Filling::Ours("https://a.example/")},
                                     {"until", Filling::Ours("")}});
  for (const std::string& part : {filled.text, filled.html}) {
    EXPECT_FALSE(absl::StrContains(part, "evil.example")) << part;
    EXPECT_FALSE(absl::StrContains(part, "http:/")) << part;
    EXPECT_EQ(part.find("https://a.example/"), part.rfind("https://a.example/")) << part;
  }
  EXPECT_EQ(filled.html.find("<a "), filled.html.rfind("<a "));
}

TEST(Fill, WhatPeopleWroteDoesNotEndItsQuotes) {
  for (const char* quote : {"\"", "\u00ab", "\u00bb", "\u201c", "\u201d", "\u201e", "\u201f", "\uff02"}) {
    const Parts filled =
        Fill({.text = "{name}", .html = "{name}"},
             {{"name", Filling::Quoted(absl::StrCat("Acme", quote, ". We lock you out: ", quote, "Ok"))}});
    EXPECT_EQ(filled.text, "\"Acme'.\u200b We lock you out:\u200b 'Ok\"") << quote;
    EXPECT_EQ(filled.html, "&quot;Acme&#39;.\u200b We lock you out:\u200b &#39;Ok&quot;") << quote;
  }
}

}  // namespace
}  // namespace guestpass::mail
