// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// Mail as it travels (RFC 5322, MIME). Pure; may be called from any thread.
namespace guestpass::mail {

// One mail, which a program sends by itself. Texts are UTF-8, their lines ended by "\n".
struct Message {
  std::string from_name;   // "guestpass"
  std::string from;        // "no-reply@chat.example.com"; as the next two, ASCII without blanks
  std::string to;          // one address
  std::string message_id;  // "x1.1@chat.example.com": the same again if the same mail is sent again
  std::string subject;
  absl::Time date;
  std::string text;
  std::string html;  // the same for who reads HTML
};

// What a part may hold on its way; one that holds more is put in base64. Either way lines have an end.
enum class Transport {
  k8Bit,  // UTF-8 as it is: files
  k7Bit,  // ASCII: servers, of which not every one says that it takes more
};

// The mail: multipart/alternative of text and HTML, `Auto-Submitted: auto-generated`, lines ended by CRLF.
// INVALID_ARGUMENT where an address or the id holds what would end its header or could not stand there.
absl::StatusOr<std::string> Compose(const Message& message, Transport transport = Transport::k8Bit);

// `text` for a place inside HTML: an element or a quoted attribute.
std::string EscapeHtml(absl::string_view text);

// `text` so that no mail program makes a link of a part of it: a space of no width behind whatever makes one.
std::string Unlinked(absl::string_view text);

}  // namespace guestpass::mail
