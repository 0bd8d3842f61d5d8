// SPDX-License-Identifier: Apache-2.0
#include "common/auth/issuer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "common/auth/random.h"
#include "common/auth/watched_file.h"
#include "common/status/macros.h"
#include "nlohmann/json.hpp"

namespace guestpass::auth {
namespace {

enum class Existing { kKeep, kReplace };

absl::Status CannotWrite(const std::string& path, int error) {
  return absl::FailedPreconditionError(absl::StrCat("Cannot write ", path, " (", strerror(error),
                                                    "): name a directory that can be written to."));
}

bool WriteAll(int fd, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(written);
  }
  return fsync(fd) == 0;
}

// Puts a whole file at `path` or none. Whether it did: kKeep leaves alone what is there.
absl::StatusOr<bool> PutFile(const std::string& path, const std::string& text, mode_t mode,
                             Existing existing) {
  std::string temporary = absl::StrCat(path, ".XXXXXX");
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return CannotWrite(path, errno);
  int error = fchmod(fd, mode) == 0 && WriteAll(fd, text) ? 0 : errno;
  close(fd);
  const auto place = existing == Existing::kKeep ? link : rename;
  if (error == 0 && place(temporary.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0 || existing == Existing::kKeep) unlink(temporary.c_str());
  if (error == EEXIST && existing == Existing::kKeep) return false;
  if (error != 0) return CannotWrite(path, error);
  return true;
}

nlohmann::json ToJson(const TokenClaims& claims) {
  nlohmann::json json = {{"iss", claims.issuer},
                         {"aud", claims.audience},
                         {"sub", claims.subject},
                         {"iat", absl::ToUnixSeconds(claims.issue_time)},
                         {"exp", absl::ToUnixSeconds(claims.expire_time)}};
  if (!claims.email.empty()) {
    json["email"] = claims.email;
    json["email_verified"] = claims.email_verified;
  }
  if (!claims.service.empty()) json["gp_service"] = claims.service;
  if (claims.is_operator) json["gp_operator"] = true;
  return json;
}

}  // namespace

Issuer Issuer::Create(Algorithm algorithm) {
  Issuer issuer;
  issuer.algorithm_ = algorithm;
  issuer.kid_ = Base32(RandomBytes(16));
  const KeyPair pair = NewKeyPair(algorithm, issuer.kid_);
  issuer.private_jwk_ = pair.private_jwk;
  issuer.public_jwk_ = pair.public_jwk;
  return issuer;
}

absl::StatusOr<Issuer> Issuer::FromPrivateJwk(const std::string& jwk) {
  const nlohmann::json json = nlohmann::json::parse(jwk, nullptr, false);
  const std::optional<std::string> public_jwk = PublicHalf(jwk);
  const bool is_named = json.is_object() && json.contains("kid") && json["kid"].is_string() &&
                        json.contains("alg") && json["alg"].is_string();
  const auto algorithm = is_named ? AlgorithmOf(json["alg"].get<std::string>()) : std::nullopt;
  if (!public_jwk.has_value() || !algorithm.has_value()) {
    return absl::FailedPreconditionError("it is not a private JSON Web Key with kid and alg");
  }
  Issuer issuer;
  issuer.algorithm_ = *algorithm;
  issuer.kid_ = json["kid"].get<std::string>();
  issuer.private_jwk_ = jwk;
  issuer.public_jwk_ = *public_jwk;
  return issuer;
}

absl::StatusOr<Issuer> Issuer::LoadOrCreate(const std::string& directory) {
  const std::string key_path = absl::StrCat(directory, "/issuer.jwk");
  const std::string set_path = absl::StrCat(directory, "/jwks.json");
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return CannotWrite(directory, error.value());
  bool created = false;
  if (access(key_path.c_str(), F_OK) != 0) {
    ASSIGN_OR_RETURN(created, PutFile(key_path, Create().private_jwk_, 0600, Existing::kKeep));
  }
  WatchedFile file(key_path);
  ASSIGN_OR_RETURN(const std::optional<std::string> jwk, file.ReadIfChanged());
  absl::StatusOr<Issuer> issuer = FromPrivateJwk(*jwk);
  if (!issuer.ok()) {
    return absl::FailedPreconditionError(absl::StrCat("The key ", key_path, " cannot be used, ",
                                                      issuer.status().message(),
                                                      ": remove it, and a new one will be made."));
  }
  if (created || access(set_path.c_str(), F_OK) != 0) {
    const auto put = PutFile(set_path, issuer->Jwks(), 0644, Existing::kReplace);
    if (!put.ok()) return put.status();
  }
  return issuer;
}

std::string Issuer::Mint(const TokenClaims& claims) const {
  const nlohmann::json header = {{"typ", "JWT"}, {"kid", kid_}};
  return SignAsIs(header.dump(),
                  ToJson(claims).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

std::string Issuer::SignAsIs(const std::string& header, absl::string_view payload) const {
  return Sign(algorithm_, private_jwk_, header, payload).value_or("");
}

std::string Issuer::Jwks() const {
  nlohmann::json key = nlohmann::json::parse(public_jwk_);
  key["use"] = "sig";
  return nlohmann::json({{"keys", nlohmann::json::array({key})}}).dump() + "\n";
}

}  // namespace guestpass::auth
