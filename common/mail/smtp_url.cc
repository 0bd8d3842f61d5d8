// SPDX-License-Identifier: Apache-2.0
#include "common/mail/smtp_url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace guestpass::mail {
namespace {

using Security = SmtpUrl::Security;

std::optional<Security> ConsumeScheme(absl::string_view& text) {
  if (absl::ConsumePrefix(&text, "smtp://")) return Security::kPlain;
  if (absl::ConsumePrefix(&text, "smtp+starttls://")) return Security::kStartTls;
  if (absl::ConsumePrefix(&text, "smtps://")) return Security::kTls;
  return std::nullopt;
}

std::optional<in6_addr> Ipv6(absl::string_view host) {
  in6_addr address;
  if (!absl::ConsumePrefix(&host, "[") || !absl::ConsumeSuffix(&host, "]")) return std::nullopt;
  if (inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1) return std::nullopt;
  return address;
}

bool IsName(absl::string_view host) {
  const auto fits = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-' || c == '.'; };
  return !host.empty() && host.size() <= 253 && absl::ascii_isalnum(host.front()) &&
         std::all_of(host.begin(), host.end(), fits);
}

bool IsLoopback(const std::string& host) {
  if (const std::optional<in6_addr> address = Ipv6(host)) return IN6_IS_ADDR_LOOPBACK(&*address);
  in_addr address;
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return ntohl(address.s_addr) >> 24 == 127;
  return host == "localhost";
}

}  // namespace

absl::StatusOr<SmtpUrl> ParseSmtpUrl(absl::string_view text) {
  absl::string_view rest = text;
  const std::optional<Security> security = ConsumeScheme(rest);
  const size_t colon = rest.rfind(':');
  const std::string host = absl::AsciiStrToLower(rest.substr(0, colon));
  int port = 0;
  const bool has_port = colon != absl::string_view::npos &&
                        std::all_of(rest.begin() + colon + 1, rest.end(), absl::ascii_isdigit) &&
                        absl::SimpleAtoi(rest.substr(colon + 1), &port) && port > 0 && port < 65536;
  if (!security.has_value() || !has_port || !(IsName(host) || Ipv6(host).has_value())) {
    return absl::InvalidArgumentError(
        "Set smtp-url to the mail server: smtp+starttls://HOST:PORT, smtps://HOST:PORT, or smtp://HOST:PORT "
        "for one on this machine. User and password are settings of their own.");
  }
  if (*security == Security::kPlain && !IsLoopback(host)) {
    return absl::InvalidArgumentError(absl::StrCat("Mail would travel unguarded to ", host,
                                                   ": set smtp-url to smtp+starttls://", host, ":", port,
                                                   " or to smtps://; smtp:// is for a loopback address."));
  }
  return SmtpUrl{.security = *security, .host = host, .port = port};
}

}  // namespace guestpass::mail
