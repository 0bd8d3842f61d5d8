// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/auth/random.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/invite/domain/public_url.h"
#include "services/invite/server/convert.h"
#include "services/invite/storage/invite_store.h"

// What creating and resending have in common: an invite with a new secret, and how that is answered.
namespace guestpass::invite {

// An invite as it was stored with a new secret. Has the secret: never logged, never stored.
struct Issued {
  Invite invite;
  std::string secret;
  bool tells = false;  // whether the answer has the secret, because nothing else brings it to anybody
  std::string rights_revision;
  std::optional<RequestKey> key;  // under which the answer is kept
};

// An invite up to its mail; or an answer that leaves nothing to be done.
template <typename Response>
struct MadeFor {
  Issued issued;
  std::optional<Response> answer;
};

// Whether an invite's secret is told to who made it (I4).
inline bool TellsSecret(Delivery delivery) {
  return delivery == Delivery::kNotMailed || delivery == Delivery::kNotConfigured ||
         delivery == Delivery::kDevRestricted;
}

// A CreateInviteResponse, or a ResendInviteResponse; without a public URL it has no accept URL.
template <typename Response>
Response AnswerOf(const Issued& issued, const std::optional<PublicUrl>& public_url) {
  Response response;
  const Invite& invite = issued.invite;
  *response.mutable_invite() = ToProto(invite, invite.resend_time.value_or(invite.create_time));
  response.set_rights_revision(issued.rights_revision);
  if (!issued.tells) return response;
  response.set_secret(issued.secret);
  if (public_url.has_value()) response.set_accept_url(public_url->AcceptUrl(issued.secret));
  return response;
}

// The same for who repeats the request: it says that there was a secret, and has none.
template <typename Response>
std::string KeptAnswerOf(const Issued& issued) {
  Response response = AnswerOf<Response>(issued, std::nullopt);
  response.set_secret_omitted(issued.tells);
  response.clear_secret();
  return response.SerializeAsString();
}

// Whether what was stored with that secret is there: for who did not hear how a commit went.
inline absl::StatusOr<bool> IsStored(InviteStore& store, const Issued& issued) {
  const std::string hash = auth::Sha256(issued.secret);
  const absl::Status found = store.Transact([&](InviteTx& tx) { return tx.GetBySecret(hash, {}).status(); });
  if (HasReason(found, Reason::kInviteNotFound)) return false;
  RETURN_IF_ERROR(found);
  return true;
}

}  // namespace guestpass::invite
