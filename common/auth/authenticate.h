// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/auth/identity.h"
#include "common/auth/token_verifier.h"

namespace guestpass::auth {

// The token in a header of the form "Bearer TOKEN". CREDENTIALS_MISSING where it is empty, TOKEN_MALFORMED
// where it has another form.
absl::StatusOr<absl::string_view> BearerToken(absl::string_view authorization_header);

// Who makes a call (A1), by two of its headers, each absent or of the form "Bearer TOKEN": `authorization`,
// the caller's own credential, and `forwarded` (guestpass-user-authorization), the token of the user for whom
// a service acts. CREDENTIALS_MISSING without the first; what TokenVerifier::Verify says of either token,
// with the header's name as metadata; CALLER_NOT_ALLOWED where a user forwards a token, or a service forwards
// one that is not a user's. Thread-safe.
absl::StatusOr<Caller> Authenticate(TokenVerifier& verifier, const std::optional<std::string>& authorization,
                                    const std::optional<std::string>& forwarded, absl::Time now);

// The same of one of several users for whom `service` acts in one call.
absl::StatusOr<Caller> AuthenticateFor(TokenVerifier& verifier, const std::string& service,
                                       const std::string& forwarded, absl::Time now);

}  // namespace guestpass::auth
