// SPDX-License-Identifier: Apache-2.0
#include "common/auth/key_set.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"
#include "nlohmann/json.hpp"

namespace guestpass::auth {
namespace {

constexpr absl::Duration kBetweenLooks = absl::Seconds(1);

std::string TextIn(const nlohmann::json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

bool IsForSignatures(const nlohmann::json& jwk, Algorithm algorithm) {
  const std::string use = TextIn(jwk, "use");
  const std::string alg = TextIn(jwk, "alg");
  return (use.empty() || use == "sig") && (alg.empty() || alg == NameOf(algorithm));
}

}  // namespace

absl::StatusOr<KeySet> KeySet::Parse(absl::string_view jwks) {
  const nlohmann::json json = nlohmann::json::parse(jwks.begin(), jwks.end(), nullptr, false);
  if (!json.is_object() || !json.contains("keys") || !json["keys"].is_array()) {
    return absl::InvalidArgumentError("it is not a JSON object with an array \"keys\"");
  }
  KeySet set;
  for (const nlohmann::json& jwk : json["keys"]) {
    if (!jwk.is_object()) return absl::InvalidArgumentError("one of its keys is not a JSON object");
    const std::optional<Algorithm> algorithm = AlgorithmOfJwk(jwk);
    if (!algorithm.has_value() || !IsForSignatures(jwk, *algorithm)) continue;
    const std::string kid = TextIn(jwk, "kid");
    const std::optional<Key> key = Key::Parse(jwk, Half::kPublic);
    if (!key.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("its key \"", kid, "\" is broken, or is RSA of less than 2048 bits"));
    }
    set.keys.push_back({kid, *key});
  }
  if (set.keys.empty()) return absl::InvalidArgumentError("it has no key for ES256, RS256 or EdDSA");
  return set;
}

absl::StatusOr<std::unique_ptr<KeySetSource>> KeySetSource::Open(std::string path) {
  std::unique_ptr<KeySetSource> source(new KeySetSource(path));
  absl::MutexLock lock(&source->mutex_);
  const absl::Status looked = source->Look();
  if (looked.ok()) return source;
  return absl::FailedPreconditionError(absl::StrCat(
      looked.message(), " Name the JSON Web Key Set of whoever issues your tokens as the key set file."));
}

std::shared_ptr<const KeySet> KeySetSource::Current(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  if (absl::AbsDuration(now - looked_) >= kBetweenLooks) LookAndLog(now);
  return current_;
}

std::shared_ptr<const KeySet> KeySetSource::Newest(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  LookAndLog(now);
  return current_;
}

absl::Status KeySetSource::Look() {
  ASSIGN_OR_RETURN(const std::optional<std::string> jwks, file_.ReadIfChanged());
  if (!jwks.has_value()) return absl::OkStatus();
  absl::StatusOr<KeySet> set = KeySet::Parse(*jwks);
  if (!set.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat("The file ", file_.path(), " is not a key set: ", set.status().message(), "."));
  }
  current_ = std::make_shared<const KeySet>(*std::move(set));
  return absl::OkStatus();
}

void KeySetSource::LookAndLog(absl::Time now) {
  looked_ = now;
  const std::shared_ptr<const KeySet> before = current_;
  const absl::Status looked = Look();
  if (!looked.ok()) {
    telemetry::Log(telemetry::Severity::kError, "key set not read: the keys read before stay in use",
                   {{"error", std::string(looked.message())}});
  } else if (current_ != before) {
    telemetry::Log(telemetry::Severity::kInfo, "key set read again",
                   {{"keys", absl::StrCat(current_->keys.size())}});
  }
}

}  // namespace guestpass::auth
