// SPDX-License-Identifier: Apache-2.0
#include "common/auth/service_token.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"

namespace guestpass::auth {
namespace {

constexpr absl::Duration kBetweenLooks = absl::Seconds(1);

}  // namespace

absl::StatusOr<std::unique_ptr<ServiceToken>> ServiceToken::Open(std::string path, const Clock& clock) {
  std::unique_ptr<ServiceToken> token(new ServiceToken(std::move(path), clock));
  absl::MutexLock lock(&token->mutex_);
  token->looked_ = clock.Boot();
  const absl::Status looked = token->Look();
  if (looked.ok()) return token;
  return absl::FailedPreconditionError(
      absl::StrCat(looked.message(), " Put this service's token there, a JWT with the claim gp_service."));
}

std::string ServiceToken::Get() const {
  absl::MutexLock lock(&mutex_);
  const absl::Duration now = clock_.Boot();
  if (now - looked_ >= kBetweenLooks) {
    looked_ = now;
    const absl::Status looked = Look();
    if (!looked.ok()) {
      telemetry::Log(telemetry::Severity::kError, "service token not read: the one read before stays in use",
                     {{"error", std::string(looked.message())}});
    }
  }
  return token_;
}

absl::Status ServiceToken::Look() const {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, file_.ReadIfChanged());
  if (!text.has_value()) return absl::OkStatus();
  const absl::string_view token = absl::StripAsciiWhitespace(*text);
  if (token.empty() || !std::all_of(token.begin(), token.end(), absl::ascii_isgraph)) {
    return absl::FailedPreconditionError(
        absl::StrCat("The file ", file_.path(), " does not have one token in it."));
  }
  token_ = std::string(token);
  return absl::OkStatus();
}

}  // namespace guestpass::auth
