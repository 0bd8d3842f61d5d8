// SPDX-License-Identifier: Apache-2.0
#include "common/auth/authenticate.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::auth {
namespace {

constexpr absl::string_view kScheme = "Bearer ";
constexpr char kOwn[] = "authorization";
constexpr char kForwarded[] = "guestpass-user-authorization";

struct Credential {
  std::string token;
  Identity identity;
};

absl::Status InHeader(const absl::Status& status, const char* header) {
  std::optional<ErrorDetails> details = DetailsOf(status);
  if (!details.has_value()) return status;
  details->metadata["header"] = header;
  return Error(status.message(), *details);
}

absl::StatusOr<Credential> ReadCredential(TokenVerifier& verifier, const std::string& text,
                                          const char* header, absl::Time now) {
  const absl::StatusOr<absl::string_view> token = BearerToken(text);
  if (!token.ok()) return InHeader(token.status(), header);
  absl::StatusOr<Identity> identity = verifier.Verify(*token, now);
  if (!identity.ok()) return InHeader(identity.status(), header);
  return Credential{std::string(*token), *std::move(identity)};
}

Caller ActingUser(Credential credential) {
  Caller caller;
  caller.is_operator = credential.identity.is_operator;
  caller.user_token = std::move(credential.token);
  caller.user = std::move(credential.identity);
  return caller;
}

}  // namespace

absl::StatusOr<absl::string_view> BearerToken(absl::string_view authorization_header) {
  if (authorization_header.empty()) {
    return Error(Reason::kCredentialsMissing,
                 "Send your token in the header authorization, as \"Bearer TOKEN\".");
  }
  if (!absl::StartsWithIgnoreCase(authorization_header, kScheme)) {
    return Error(Reason::kTokenMalformed, "Send the token as \"Bearer TOKEN\".");
  }
  return absl::StripLeadingAsciiWhitespace(authorization_header.substr(kScheme.size()));
}

absl::StatusOr<Caller> Authenticate(TokenVerifier& verifier, const std::optional<std::string>& authorization,
                                    const std::optional<std::string>& forwarded, absl::Time now) {
  ASSIGN_OR_RETURN(Credential own, ReadCredential(verifier, authorization.value_or(""), kOwn, now));
  if (!own.identity.is_service) {
    if (!forwarded.has_value()) return ActingUser(std::move(own));
    return Error(Reason::kCallerNotAllowed,
                 "Only a service forwards a user's token: leave guestpass-user-authorization out.");
  }
  if (!forwarded.has_value()) {
    return Caller{.service = own.identity.service, .is_operator = own.identity.is_operator};
  }
  return AuthenticateFor(verifier, own.identity.service, *forwarded, now);
}

absl::StatusOr<Caller> AuthenticateFor(TokenVerifier& verifier, const std::string& service,
                                       const std::string& forwarded, absl::Time now) {
  ASSIGN_OR_RETURN(Credential user, ReadCredential(verifier, forwarded, kForwarded, now));
  if (user.identity.is_service) {
    return Error(Reason::kCallerNotAllowed,
                 "A service acts for a user only: guestpass-user-authorization has a service's token.");
  }
  Caller caller = ActingUser(std::move(user));
  caller.service = service;
  return caller;
}

}  // namespace guestpass::auth
