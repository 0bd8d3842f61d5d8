// SPDX-License-Identifier: Apache-2.0
#include "common/mail/message.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace guestpass::mail {
namespace {

constexpr size_t kMaxLine = 998;          // RFC 5322, without CRLF
constexpr size_t kMaxHeaderText = 60;     // of ASCII, in one line behind the header's name
constexpr size_t kEncodedWordBytes = 45;  // 60 characters of base64, and 12 around them
constexpr size_t kBase64LineBytes = 57;   // 76 characters

bool IsAddrSpec(absl::string_view text) {
  const auto fits = [](unsigned char c) {
    return absl::ascii_isgraph(c) && absl::string_view("<>()[],;:\\\"").find(c) == absl::string_view::npos;
  };
  return text.size() <= 320 && std::count(text.begin(), text.end(), '@') == 1 && text.front() != '@' &&
         text.back() != '@' && std::all_of(text.begin(), text.end(), fits);
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Splits UTF-8 into pieces of at most `limit` bytes, each of whole characters.
std::vector<absl::string_view> Pieces(absl::string_view text, size_t limit) {
  std::vector<absl::string_view> pieces;
  while (!text.empty()) {
    size_t size = std::min(limit, text.size());
    while (size < text.size() && size > 1 && IsContinuation(text[size])) --size;
    pieces.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return pieces;
}

// RFC 2047 where it must be.
std::string HeaderText(absl::string_view text) {
  const auto plain = [](unsigned char c) { return absl::ascii_isprint(c); };
  const bool as_it_is = text.size() <= kMaxHeaderText && std::all_of(text.begin(), text.end(), plain) &&
                        !absl::StrContains(text, "=?");
  if (as_it_is) return std::string(text);
  return absl::StrJoin(Pieces(text, kEncodedWordBytes), "\r\n ",
                       [](std::string* out, absl::string_view piece) {
                         absl::StrAppend(out, "=?UTF-8?B?", absl::Base64Escape(piece), "?=");
                       });
}

std::string DisplayName(absl::string_view name) {
  const auto atom = [](unsigned char c) { return absl::ascii_isalnum(c) || c == ' ' || c == '-'; };
  if (std::all_of(name.begin(), name.end(), atom)) return HeaderText(name);
  return absl::StrJoin(Pieces(name, kEncodedWordBytes), "\r\n ",
                       [](std::string* out, absl::string_view piece) {
                         absl::StrAppend(out, "=?UTF-8?B?", absl::Base64Escape(piece), "?=");
                       });
}

bool FitsLines(absl::string_view text) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  return std::all_of(lines.begin(), lines.end(), [](absl::string_view line) {
    return line.size() <= kMaxLine &&
           line.find_first_of(absl::string_view("\r\0", 2)) == absl::string_view::npos;
  });
}

std::string Base64Lines(absl::string_view text) {
  std::string lines;
  for (; !text.empty(); text.remove_prefix(std::min(kBase64LineBytes, text.size()))) {
    absl::StrAppend(&lines, absl::Base64Escape(text.substr(0, kBase64LineBytes)), "\r\n");
  }
  return lines;
}

bool IsAscii(absl::string_view text) { return std::all_of(text.begin(), text.end(), absl::ascii_isascii); }

std::string Part(absl::string_view type, absl::string_view text, Transport transport) {
  const bool fits = FitsLines(text) && (transport == Transport::k8Bit || IsAscii(text));
  const absl::string_view as_it_is = transport == Transport::k8Bit ? "8bit" : "7bit";
  const std::string body = fits ? absl::StrReplaceAll(text, {{"\n", "\r\n"}}) : Base64Lines(text);
  return absl::StrCat("Content-Type: ", type,
                      "; charset=utf-8\r\nContent-Transfer-Encoding: ", fits ? as_it_is : "base64",
                      "\r\n\r\n", body, "\r\n");
}

// A boundary that none of the parts holds.
std::string Boundary(absl::string_view parts) {
  for (int i = 0;; ++i) {
    const std::string boundary = absl::StrCat("=_guestpass_", i, "_");
    if (!absl::StrContains(parts, boundary)) return boundary;
  }
}

}  // namespace

absl::StatusOr<std::string> Compose(const Message& message, Transport transport) {
  for (const std::string& address : {message.from, message.to, message.message_id}) {
    if (address.empty() || !IsAddrSpec(address)) {
      return absl::InvalidArgumentError("An address or the Message-ID of a mail cannot stand in its header.");
    }
  }
  const std::string text = Part("text/plain", message.text, transport);
  const std::string html = Part("text/html", message.html, transport);
  const std::string boundary = Boundary(absl::StrCat(text, html));
  return absl::StrCat(
      "From: ", DisplayName(message.from_name), " <", message.from, ">\r\n",  //
      "To: ", message.to, "\r\n",                                             //
      "Subject: ", HeaderText(message.subject), "\r\n",                       //
      "Date: ", absl::FormatTime("%a, %d %b %E4Y %H:%M:%S +0000", message.date, absl::UTCTimeZone()), "\r\n",
      "Message-ID: <", message.message_id, ">\r\n",
      "Auto-Submitted: auto-generated\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: multipart/alternative; boundary=\"",
      boundary, "\"\r\n\r\n",        //
      "--", boundary, "\r\n", text,  //
      "--", boundary, "\r\n", html,  //
      "--", boundary, "--\r\n");
}

std::string EscapeHtml(absl::string_view text) {
  return absl::StrReplaceAll(
      text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string Unlinked(absl::string_view text) {
  return absl::StrReplaceAll(text, {{".", ".\u200b"},
                                    {":", ":\u200b"},
                                    {"/", "/\u200b"},
                                    {"@", "@\u200b"},
                                    // What the name of a host may have for a dot (IDNA).
                                    {"\u2024", "\u2024\u200b"},
                                    {"\u3002", "\u3002\u200b"},
                                    {"\uff0e", "\uff0e\u200b"},
                                    {"\uff61", "\uff61\u200b"}});
}

}  // namespace guestpass::mail
