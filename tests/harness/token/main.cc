// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "common/auth/issuer.h"
#include "common/auth/random.h"
#include "common/config/settings.h"
#include "common/status/macros.h"
#include "common/time/clock.h"

namespace guestpass {
namespace {

constexpr char kUsage[] =
    "token NAME prints a token of the development issuer, for the user (or service) NAME.\n"
    "token --id NAME prints that user's id, token --init only makes the issuer's key.\n\n";

constexpr size_t kMaxNameBytes = 255;

struct Request {
  std::string data_dir;
  bool id_only = false;
  bool init_only = false;
  absl::Duration ttl;
  auth::TokenClaims claims;
};

absl::StatusOr<std::string> OneName(const std::vector<std::string>& names) {
  if (names.size() != 1 || names[0].empty() || names[0].size() > kMaxNameBytes ||
      std::any_of(names[0].begin(), names[0].end(), absl::ascii_iscntrl)) {
    return absl::InvalidArgumentError("Give one NAME, of at most 255 bytes: token alice.");
  }
  return names[0];
}

absl::StatusOr<Request> ReadRequest(config::Settings& settings) {
  Request request;
  auth::TokenClaims& claims = request.claims;
  request.data_dir = settings.Text("data-dir", "the directory with the development issuer's key");
  request.init_only = settings.BoolOr("init", false, "make the key and print nothing");
  request.id_only = settings.BoolOr("id", false, "print the user's id in place of a token");
  request.ttl = settings.DurationOr("ttl", absl::Hours(12), absl::Seconds(1), absl::Hours(24 * 365),
                                    "how long the token is valid");
  claims.email = settings.TextOr("email", "", "the user's address, verified");
  claims.email_verified = !settings.BoolOr("unverified", false, "leave the address unverified");
  claims.is_operator = settings.BoolOr("operator", false, "make it a platform operator's token");
  claims.service = settings.TextOr("service", "", "make it the token of the service with this name");
  const std::vector<std::string> names = settings.positional();
  RETURN_IF_ERROR(settings.Finish());
  if (request.init_only && names.empty()) return request;
  ASSIGN_OR_RETURN(claims.subject, OneName(names));
  return request;
}

absl::StatusOr<std::string> Answer(Request request) {
  if (request.id_only) return auth::UserIdOf(request.claims.issuer, request.claims.subject).ToString() + "\n";
  ASSIGN_OR_RETURN(const auth::Issuer issuer, auth::Issuer::LoadOrCreate(request.data_dir));
  if (request.init_only) return "";
  request.claims.issue_time = SystemClock().Now();
  request.claims.expire_time = request.claims.issue_time + request.ttl;
  return issuer.Mint(request.claims) + "\n";
}

int Main(std::vector<std::string> args) {
  config::Settings settings(std::move(args), config::ProcessEnvironment());
  const bool help_asked = settings.HelpAsked();
  const absl::StatusOr<Request> request = ReadRequest(settings);
  if (help_asked) {
    printf("%s%s", kUsage, settings.Help().c_str());
    return 0;
  }
  const absl::StatusOr<std::string> answer =
      request.ok() ? Answer(*request) : absl::StatusOr<std::string>(request.status());
  if (!answer.ok()) {
    fprintf(stderr, "%s\n", std::string(answer.status().message()).c_str());
    return 2;
  }
  printf("%s", answer->c_str());
  return 0;
}

}  // namespace
}  // namespace guestpass

int main(int argc, char** argv) { return guestpass::Main({argv + 1, argv + argc}); }
