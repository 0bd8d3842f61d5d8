// SPDX-License-Identifier: Apache-2.0
#include "common/auth/token_verifier.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "common/auth/random.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "nlohmann/json.hpp"

namespace guestpass::auth {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxTokenBytes = 8192;
constexpr size_t kMaxKnown = 10'000;
constexpr size_t kMaxSubjectBytes = 255;
constexpr size_t kMaxEmailBytes = 320;
constexpr size_t kMaxServiceBytes = 63;
constexpr double kLastSecond = 253'402'300'799;  // 9999-12-31T23:59:59Z

absl::Status Malformed(absl::string_view message) { return Error(Reason::kTokenMalformed, message); }

absl::Status NoToken() { return Malformed("This is not a signed JSON Web Token in compact form."); }

absl::Status WrongSignature() {
  return Error(Reason::kTokenSignature,
               "This token is not signed with a key that is in use here. Get a new one from the issuer.");
}

bool IsBase64Url(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; });
}

struct Parts {
  std::string header;
  std::string payload;
  absl::string_view text;       // what is signed
  absl::string_view signature;  // as it is written
};

absl::StatusOr<Parts> Split(absl::string_view token) {
  if (token.size() > kMaxTokenBytes) return Malformed("This token is longer than 8 KiB.");
  const std::vector<absl::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() != 3 || !std::all_of(parts.begin(), parts.end(), IsBase64Url)) return NoToken();
  const std::optional<std::string> header = DecodeBase64Url(parts[0]);
  const std::optional<std::string> payload = DecodeBase64Url(parts[1]);
  if (!header.has_value() || !payload.has_value()) return NoToken();
  return Parts{*header, *payload, token.substr(0, token.rfind('.')), parts[2]};
}

struct Header {
  std::string alg;
  std::optional<std::string> kid;
};

absl::StatusOr<Header> ParseHeader(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Malformed("This token's header is not a JSON object.");
  for (const char* name : {"crit", "b64", "zip", "enc"}) {
    if (json.contains(name))
      return Malformed("This token's header asks for an extension that is not understood.");
  }
  const auto alg = json.find("alg");
  const auto kid = json.find("kid");
  if (alg == json.end() || !alg->is_string() || (kid != json.end() && !kid->is_string())) {
    return Malformed("This token's header has no text \"alg\", or a \"kid\" that is not a text.");
  }
  Header header{.alg = alg->get<std::string>()};
  if (kid != json.end()) header.kid = kid->get<std::string>();
  return header;
}

bool Names(const Header& header, const VerificationKey& key) { return !header.kid || *header.kid == key.kid; }

bool HasNamedKey(const KeySet& set, const Header& header) {
  return std::any_of(set.keys.begin(), set.keys.end(), [&](const auto& key) { return Names(header, key); });
}

absl::Status CheckSignature(const Parts& parts, const Header& header, Algorithm algorithm,
                            const KeySet& set) {
  if (!HasNamedKey(set, header)) return WrongSignature();
  bool fits = false;
  for (const VerificationKey& candidate : set.keys) {
    if (!Names(header, candidate) || candidate.key.algorithm() != algorithm) continue;
    fits = true;
    if (candidate.key.Verifies(parts.text, parts.signature)) return absl::OkStatus();
  }
  if (fits) return WrongSignature();
  return Error(Reason::kTokenAlgorithm, "This token's algorithm is not the one that its key is for.");
}

// The claim's text, empty where it is absent or null; nothing where it is something else.
std::optional<std::string> TextClaim(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || found->is_null()) return "";
  if (!found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<bool> BoolClaim(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || found->is_null()) return false;
  if (!found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

std::optional<absl::Time> TimeClaim(const Json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number()) return std::nullopt;
  if (const double seconds = found->get<double>(); !(seconds >= 0 && seconds <= kLastSecond))
    return std::nullopt;
  if (found->is_number_integer()) return absl::FromUnixSeconds(found->get<int64_t>());
  return absl::FromUnixMicros(std::llround(found->get<double>() * 1e6));
}

bool IsFor(const Json& claims, const std::string& audience) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_array()) return std::find(found->begin(), found->end(), audience) != found->end();
  return *found == audience;
}

bool HasControlCharacter(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), absl::ascii_iscntrl);
}

bool IsServiceName(absl::string_view name) {
  const auto fits = [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-'; };
  return name.size() <= kMaxServiceBytes && std::all_of(name.begin(), name.end(), fits);
}

// The identity as the claims have it, whatever issuer, audience and time.
absl::StatusOr<Identity> ParseIdentity(const Json& claims) {
  const auto iss = TextClaim(claims, "iss");
  const auto sub = TextClaim(claims, "sub");
  const auto exp = TimeClaim(claims, "exp");
  const auto email = TextClaim(claims, "email");
  const auto verified = BoolClaim(claims, "email_verified");
  // Present and empty is no service, and no user either.
  const auto service = claims.contains("gp_service") && claims["gp_service"].is_string() &&
                               claims["gp_service"].get<std::string>().empty()
                           ? std::nullopt
                           : TextClaim(claims, "gp_service");
  const auto is_operator = BoolClaim(claims, "gp_operator");
  if (!exp) return Malformed("This token has no \"exp\", or one that is not a time in seconds.");
  if (!sub || sub->empty() || sub->size() > kMaxSubjectBytes || HasControlCharacter(*sub)) {
    return Malformed("This token has no \"sub\", or one that is not a text of at most 255 bytes.");
  }
  if (!iss || !email || !verified || !service || !is_operator || email->size() > kMaxEmailBytes ||
      HasControlCharacter(*email) || !IsServiceName(*service)) {
    return Malformed(
        "One of this token's claims has the wrong shape: iss, email, email_verified, gp_service or "
        "gp_operator.");
  }
  Identity identity{.is_service = !service->empty(), .service = *service, .is_operator = *is_operator};
  identity.issuer = *iss;
  identity.subject = *sub;
  identity.email = *email;
  identity.email_verified = *verified && !email->empty();
  identity.expire_time = *exp;
  if (!identity.is_service) identity.user = UserIdOf(*iss, *sub);
  return identity;
}

absl::Status Expired(absl::Time expire_time) {
  return Error(Reason::kTokenExpired, "This token has expired. Get a new one from the issuer.",
               {{"expire_time", Rfc3339(expire_time)}});
}

}  // namespace

absl::StatusOr<Identity> TokenVerifier::Verify(absl::string_view token, absl::Time now) {
  std::shared_ptr<const KeySet> keys = keys_.Current(now);
  const std::string hash = Sha256(token);
  if (std::optional<Identity> known = Known(hash, keys)) {
    if (known->expire_time <= now) return Expired(known->expire_time);
    return *std::move(known);
  }
  ASSIGN_OR_RETURN(Identity identity, VerifyAnew(token, keys, now));
  Keep(hash, identity, keys);
  return identity;
}

absl::StatusOr<Identity> TokenVerifier::VerifyAnew(absl::string_view token,
                                                   std::shared_ptr<const KeySet>& keys, absl::Time now) {
  ASSIGN_OR_RETURN(const Parts parts, Split(token));
  ASSIGN_OR_RETURN(const Header header, ParseHeader(parts.header));
  const std::optional<Algorithm> algorithm = AlgorithmOf(header.alg);
  if (!algorithm.has_value()) {
    return Error(Reason::kTokenAlgorithm, "This token's algorithm is none of ES256, RS256 and EdDSA.");
  }
  if (!HasNamedKey(*keys, header)) keys = keys_.Newest(now);
  RETURN_IF_ERROR(CheckSignature(parts, header, *algorithm, *keys));
  return JudgeClaims(parts.payload, now);
}

absl::StatusOr<Identity> TokenVerifier::JudgeClaims(absl::string_view payload, absl::Time now) const {
  const Json claims = Json::parse(payload.begin(), payload.end(), nullptr, false);
  if (!claims.is_object()) return Malformed("This token's payload is not a JSON object.");
  ASSIGN_OR_RETURN(Identity identity, ParseIdentity(claims));
  if (identity.issuer != issuer_) return Error(Reason::kTokenIssuer, "This token is from another issuer.");
  if (!IsFor(claims, audience_)) return Error(Reason::kTokenAudience, "This token is for another audience.");
  if (identity.expire_time <= now) return Expired(identity.expire_time);
  if (claims.contains("nbf")) {
    const std::optional<absl::Time> begin = TimeClaim(claims, "nbf");
    if (!begin.has_value()) return Malformed("This token's \"nbf\" is not a time in seconds.");
    if (*begin > now) {
      return Error(Reason::kTokenExpired, "This token is not valid yet: wait until not_before.",
                   {{"not_before", Rfc3339(*begin)}});
    }
  }
  return identity;
}

std::optional<Identity> TokenVerifier::Known(const std::string& hash,
                                             const std::shared_ptr<const KeySet>& keys) {
  absl::MutexLock lock(&mutex_);
  if (known_by_ != keys) return std::nullopt;
  const auto found = known_.find(hash);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

size_t TokenVerifier::kept() {
  absl::MutexLock lock(&mutex_);
  return known_.size();
}

void TokenVerifier::Keep(const std::string& hash, const Identity& identity,
                         const std::shared_ptr<const KeySet>& keys) {
  absl::MutexLock lock(&mutex_);
  if (known_by_ != keys) {
    known_.clear();
    oldest_first_.clear();
    known_by_ = keys;
  }
  if (!known_.emplace(hash, identity).second) return;
  oldest_first_.push_back(hash);
  if (oldest_first_.size() <= kMaxKnown) return;
  known_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

}  // namespace guestpass::auth
