// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/stack/credentials.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/auth/random.h"
#include "common/status/macros.h"

namespace guestpass::harness {
namespace {

constexpr absl::Duration kServiceTokenTtl = absl::Hours(30 * 24);
constexpr size_t kKeyBytes = 32;

absl::Status EnsureKey(const std::string& path) {
  if (std::filesystem::exists(path)) return absl::OkStatus();
  return WriteFile(path,
                   absl::StrCat("development:", absl::BytesToHexString(auth::RandomBytes(kKeyBytes)), "\n"));
}

}  // namespace

absl::StatusOr<Credentials> Credentials::Make(const std::string& directory) {
  ASSIGN_OR_RETURN(auth::Issuer issuer, auth::Issuer::LoadOrCreate(directory));
  Credentials credentials(directory, std::move(issuer));
  RETURN_IF_ERROR(EnsureKey(credentials.rights_keys_file()));
  RETURN_IF_ERROR(EnsureKey(credentials.page_keys_file()));
  const absl::Time now = absl::Now();
  for (const absl::string_view service : {kMembership, kInvite, kGuestExpiry, kGateway}) {
    const std::string token = credentials.issuer_.Mint({.subject = std::string(service),
                                                        .service = std::string(service),
                                                        .issue_time = now,
                                                        .expire_time = now + kServiceTokenTtl});
    RETURN_IF_ERROR(WriteFile(credentials.service_token_file(service), token));
    credentials.nats_passwords_.emplace(service, auth::NewSecret());
  }
  return credentials;
}

std::string Credentials::service_token_file(absl::string_view service) const {
  return absl::StrCat(directory_, "/keys/", service, ".token");
}

const std::string& Credentials::nats_password(absl::string_view service) const {
  return nats_passwords_.find(service)->second;
}

std::string Credentials::NatsConfiguration() const {
  const auto user = [&](absl::string_view service, absl::string_view publish, absl::string_view subscribe) {
    return absl::StrCat("    { user: \"", service, "\", password: \"", nats_password(service),
                        "\",\n      permissions: { publish: ", publish, ", subscribe: ", subscribe, " } }\n");
  };
  constexpr absl::string_view kNothing = "{ deny: \">\" }";
  return absl::StrCat(
      "authorization {\n  users = [\n", user(kMembership, "[\"guestpass.rights.>\"]", kNothing),
      user(kGuestExpiry, kNothing, "[\"guestpass.rights.>\"]"),
      user(kGateway, "[\"guestpass.messages.>\"]", "[\"guestpass.rights.>\", \"guestpass.messages.>\"]"),
      "  ]\n}\n");
}

std::string Credentials::Token(absl::string_view name, const TokenOptions& options) const {
  const absl::Time now = absl::Now();
  return issuer_.Mint({.subject = std::string(name),
                       .email = options.email,
                       .email_verified = options.email_verified && !options.email.empty(),
                       .service = options.service ? std::string(name) : "",
                       .is_operator = options.is_operator,
                       .issue_time = now,
                       .expire_time = now + options.ttl});
}

absl::Status WriteFile(const std::string& path, absl::string_view text, mode_t mode) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  const bool written =
      file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (file >= 0) close(file);
  return written ? absl::OkStatus() : absl::InternalError(absl::StrCat(path, ": ", std::strerror(error)));
}

}  // namespace guestpass::harness
