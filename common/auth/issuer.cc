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

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/auth/random.h"
#include "common/auth/watched_file.h"
#include "common/status/macros.h"
#include "nlohmann/json.hpp"

namespace guestpass::auth {
namespace {

using Json = nlohmann::json;

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

Json ToJson(const TokenClaims& claims) {
  Json json = {{"iss", claims.issuer},
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

Issuer Issuer::Create(Algorithm algorithm) { return Issuer(Base32(RandomBytes(16)), Key::Create(algorithm)); }

absl::StatusOr<Issuer> Issuer::FromPrivateJwk(const std::string& jwk) {
  const Json json = Json::parse(jwk, nullptr, false);
  const auto key = Key::Parse(json, Half::kPrivate);
  if (!key.has_value() || !json.contains("kid") || !json["kid"].is_string() || !json.contains("alg") ||
      json["alg"] != std::string(NameOf(key->algorithm()))) {
    return absl::FailedPreconditionError("it is not a private JSON Web Key with kid and alg");
  }
  return Issuer(json["kid"].get<std::string>(), *key);
}

std::string Issuer::ToJwk(Half half) const {
  Json jwk = key_.ToJwk(half);
  jwk["kid"] = kid_;
  jwk["alg"] = NameOf(key_.algorithm());
  return jwk.dump();
}

absl::StatusOr<Issuer> Issuer::LoadOrCreate(const std::string& directory) {
  const std::string key_path = absl::StrCat(directory, "/issuer.jwk");
  const std::string set_path = absl::StrCat(directory, "/jwks.json");
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return CannotWrite(directory, error.value());
  bool created = false;
  if (access(key_path.c_str(), F_OK) != 0) {
    ASSIGN_OR_RETURN(created, PutFile(key_path, Create().ToJwk(Half::kPrivate), 0600, Existing::kKeep));
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
  const Json header = {{"typ", "JWT"}, {"kid", kid_}};
  return SignAsIs(header.dump(), ToJson(claims).dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string Issuer::SignAsIs(const std::string& header, absl::string_view payload) const {
  Json json = Json::parse(header, nullptr, false);
  if (!json.is_object()) return "";
  json["alg"] = NameOf(key_.algorithm());
  const std::string text =
      absl::StrCat(absl::WebSafeBase64Escape(json.dump()), ".", absl::WebSafeBase64Escape(payload));
  return absl::StrCat(text, ".", key_.Sign(text));
}

std::string Issuer::Jwks() const {
  Json key = Json::parse(public_jwk());
  key["use"] = "sig";
  return Json({{"keys", Json::array({key})}}).dump() + "\n";
}

}  // namespace guestpass::auth
