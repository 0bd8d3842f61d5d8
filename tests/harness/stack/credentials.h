// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/auth/issuer.h"

namespace guestpass::harness {

// The services that have credentials of their own, named as in their tokens.
inline constexpr absl::string_view kMembership = "membership";
inline constexpr absl::string_view kInvite = "invite";
inline constexpr absl::string_view kGuestExpiry = "guest-expiry";
inline constexpr absl::string_view kGateway = "messaging-gateway";

// What a token of the development issuer says beside whom it is for.
struct TokenOptions {
  std::string email;  // "": none
  bool email_verified = true;
  bool is_operator = false;
  bool service = false;  // for a service of that name, not a user
  absl::Duration ttl = absl::Hours(12);
};

// What a stack's services prove themselves with and verify others by, as files in its data directory and in
// `keys` there, which only its owner reads. The issuer's key, the rights key and the pages' key stay from one
// start to the next. A value.
class Credentials {
 public:
  // Loads what `directory` has and makes the rest: service tokens anew each time, for 30 days.
  // FAILED_PRECONDITION or INTERNAL with a sentence.
  static absl::StatusOr<Credentials> Make(const std::string& directory);

  std::string key_set_file() const { return directory_ + "/jwks.json"; }
  std::string rights_keys_file() const { return directory_ + "/keys/rights_keys"; }
  std::string page_keys_file() const { return directory_ + "/keys/page_keys"; }
  std::string service_token_file(absl::string_view service) const;

  // A service's password at NATS, its user name there being the service's.
  const std::string& nats_password(absl::string_view service) const;

  // nats-server's configuration: only membership publishes rights, only gateways messages, and nobody
  // connects without a password.
  std::string NatsConfiguration() const;

  std::string Token(absl::string_view name, const TokenOptions& options) const;
  const auth::Issuer& issuer() const { return issuer_; }

 private:
  Credentials(std::string directory, auth::Issuer issuer)
      : directory_(std::move(directory)), issuer_(std::move(issuer)) {}

  std::string directory_;
  auth::Issuer issuer_;
  std::map<std::string, std::string, std::less<>> nats_passwords_;
};

// Puts a file there, for its owner only if nothing else is said. INTERNAL with the system's reason.
absl::Status WriteFile(const std::string& path, absl::string_view text, mode_t mode = 0600);

}  // namespace guestpass::harness
