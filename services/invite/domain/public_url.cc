// SPDX-License-Identifier: Apache-2.0
#include "services/invite/domain/public_url.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace guestpass::invite {
namespace {

absl::Status Refused() {
  return absl::InvalidArgumentError(
      "Set public-url to what people reach this installation by, like https://chat.example.com (http only on "
      "a "
      "loopback address), without user, query or fragment; mail cannot do without it.");
}

bool IsPath(absl::string_view text) {
  const auto fits = [](unsigned char c) {
    return absl::ascii_isalnum(c) || absl::string_view("/-._~%").find(c) != absl::string_view::npos;
  };
  return std::all_of(text.begin(), text.end(), fits);
}

bool IsHost(absl::string_view text) {
  const auto fits = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '-' || c == '.'; };
  return !text.empty() && absl::ascii_isalnum(text.front()) && absl::ascii_isalnum(text.back()) &&
         std::all_of(text.begin(), text.end(), fits);
}

bool IsIpv6(absl::string_view text) {
  const auto fits = [](unsigned char c) { return absl::ascii_isxdigit(c) || c == ':' || c == '.'; };
  return text.size() > 4 && absl::ConsumePrefix(&text, "[") && absl::ConsumeSuffix(&text, "]") &&
         std::all_of(text.begin(), text.end(), fits);
}

bool IsLoopback(absl::string_view host) {
  if (host == "localhost" || host == "[::1]") return true;
  const auto fits = [](unsigned char c) { return absl::ascii_isdigit(c) || c == '.'; };
  return absl::StartsWith(host, "127.") && std::all_of(host.begin(), host.end(), fits);
}

bool IsPort(absl::string_view text) {
  int port = 0;
  return absl::SimpleAtoi(text, &port) && port > 0 && port < 65536;
}

}  // namespace

absl::StatusOr<PublicUrl> PublicUrl::Parse(absl::string_view text) {
  while (absl::ConsumeSuffix(&text, "/")) {
  }
  absl::string_view rest = text;
  const bool https = absl::ConsumePrefix(&rest, "https://");
  if (!https && !absl::ConsumePrefix(&rest, "http://")) return Refused();
  const absl::string_view authority = rest.substr(0, rest.find('/'));
  if (!IsPath(rest.substr(authority.size()))) return Refused();
  const size_t colon = authority.rfind(':');
  const bool has_port = colon != absl::string_view::npos && !absl::EndsWith(authority, "]");
  if (has_port && !IsPort(authority.substr(colon + 1))) return Refused();
  const std::string host = absl::AsciiStrToLower(authority.substr(0, has_port ? colon : authority.size()));
  if (!IsHost(host) && !IsIpv6(host)) return Refused();
  if (!https && !IsLoopback(host)) return Refused();
  const bool bearable = IsHost(host) && absl::ascii_isalpha(host.back());
  return PublicUrl(std::string(text), bearable ? host : "localhost");
}

std::string PublicUrl::AcceptUrl(absl::string_view secret) const {
  return absl::StrCat(base_, "/join#", secret);
}

}  // namespace guestpass::invite
