// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/postgres/errors.h"
#include "common/status/macros.h"
#include "services/invite/domain/errors.h"
#include "services/invite/storage/postgres/invite_row.h"
#include "services/invite/storage/postgres/lock_name.h"
#include "services/invite/storage/postgres/pg_invite_tx.h"

// Creating and resending, and what becomes of the mail.
namespace guestpass::invite {
namespace {

using postgres::Params;
using postgres::Result;

constexpr absl::Duration kHour = absl::Hours(1), kDay = absl::Hours(24);

constexpr char kEndStale[] = R"sql(
  UPDATE invites SET state = CASE WHEN rights_n < $3 THEN 'REVOKED' ELSE 'EXPIRED' END,
                     end_us = CASE WHEN rights_n < $3 THEN now_us() ELSE expire_us END, undo = NULL
  WHERE workspace = $1 AND email_folded = $2 AND state = 'PENDING' AND (rights_n < $3 OR expire_us <= now_us())
)sql";

// Now, and until when each limit stands in the way: until the one that was sent as many sends ago as may be
// sent leaves the time that is looked at.
constexpr char kLimits[] = R"sql(
  SELECT now, greatest(
    (SELECT at_us + $4 FROM sends WHERE workspace = $1 AND inviter = $2 AND at_us > now - $4
     ORDER BY at_us DESC OFFSET $3 - 1 LIMIT 1),
    (SELECT at_us + $7 FROM sends WHERE address_hash = address_hash($5) AND at_us > now - $7
     ORDER BY at_us DESC OFFSET $6 - 1 LIMIT 1),
    (SELECT max(at_us) + $9 FROM sends WHERE workspace = $1 AND invite = $8 AND mails AND at_us > now - $9
                                         AND $5::text IS NOT NULL))
  FROM now_us() AS now
)sql";

constexpr char kCount[] = R"sql(
  INSERT INTO sends (workspace, invite, generation, inviter, address_hash, mails, at_us)
  VALUES ($1, $2, $3, $4, address_hash($5), $5::text IS NOT NULL, $6)
)sql";

// A rival that has inserted and not yet committed is waited for.
constexpr char kInsert[] = R"sql(
  INSERT INTO invites (workspace, id, email, email_folded, is_link, max_uses, allow_unverified, role, channels,
                       guest_expire_us, guest_ttl_us, inviter, rights_n, check_us, workspace_display_name, state,
                       delivery, expire_us, create_us, generation, lease_us, secret_hash)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text[], $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
          $22)
  ON CONFLICT (workspace, email_folded) WHERE state = 'PENDING' AND email_folded IS NOT NULL DO NOTHING
)sql";

// What a resend replaces, and UndoResend restores.
#define GUESTPASS_REPLACED                                                                    \
  "state, end_us, inviter, rights_n, check_us, workspace_display_name, expire_us, delivery, " \
  "lease_us, generation, resend_us, secret_hash, previous_secret_hash, previous_expire_us"

constexpr char kResend[] = "UPDATE invites SET undo = (SELECT to_jsonb(b) FROM (SELECT " GUESTPASS_REPLACED
                           R"sql() b),
    state = 'PENDING', end_us = NULL, inviter = $3, rights_n = $4, check_us = $5, workspace_display_name = $6,
    expire_us = $7, delivery = $8, lease_us = $9, generation = $10, resend_us = $11, secret_hash = $12,
    previous_secret_hash = CASE WHEN is_link THEN NULL ELSE secret_hash END,
    previous_expire_us = CASE WHEN is_link THEN NULL ELSE expire_us END
  WHERE workspace = $1 AND id = $2 AND (is_link OR email IS NOT NULL)
)sql";

constexpr char kSetDelivery[] = R"sql(
  UPDATE invites SET delivery = $4, lease_us = NULL, undo = NULL
  WHERE workspace = $1 AND id = $2 AND generation = $3 AND delivery = 'SENDING'
)sql";

constexpr char kRenewLease[] = R"sql(
  UPDATE invites SET lease_us = $4
  WHERE workspace = $1 AND id = $2 AND generation = $3 AND delivery = 'SENDING' AND state = 'PENDING'
)sql";

// What is taken back: the invite $2 of the workspace $1, in delivery of generation $3. Its time may have come
// meanwhile.
#define GUESTPASS_IN_DELIVERY                                               \
  "workspace = $1 AND id = $2 AND generation = $3 AND delivery = 'SENDING'" \
  " AND state IN ('PENDING', 'EXPIRED')"
#define GUESTPASS_NOT_BEGUN \
  " AND NOT EXISTS (SELECT FROM reservations r WHERE r.workspace = $1 AND r.invite = $2)"
#define GUESTPASS_REFUND                                                                        \
  "), refunded AS (DELETE FROM sends WHERE workspace = $1 AND invite = $2 AND generation = $3 " \
  "                AND EXISTS (SELECT FROM gone))"                                              \
  "SELECT FROM gone"

constexpr char kUndoInsert[] =
    "WITH gone AS (DELETE FROM invites WHERE " GUESTPASS_IN_DELIVERY GUESTPASS_NOT_BEGUN
    " RETURNING id" GUESTPASS_REFUND;

constexpr char kSetUndelivered[] =
    "WITH gone AS (UPDATE invites SET state = 'UNDELIVERED', delivery = 'FAILED', lease_us = NULL, undo = "
    "NULL, "
    "end_us = now_us() WHERE " GUESTPASS_IN_DELIVERY GUESTPASS_NOT_BEGUN " RETURNING id" GUESTPASS_REFUND;

// Attempts from before the resend are in nobody's way, unless they are under way.
constexpr char kUndoResend[] = "WITH gone AS (UPDATE invites SET (" GUESTPASS_REPLACED
                               ", undo) = (SELECT " GUESTPASS_REPLACED R"sql(, NULL::jsonb
      FROM jsonb_populate_record(NULL::invites, invites.undo))
    WHERE undo IS NOT NULL AND NOT EXISTS (
        SELECT FROM reservations r
        WHERE r.workspace = $1 AND r.invite = $2 AND (r.state = 'OPEN' OR r.create_us >= resend_us))
      AND state = 'PENDING' AND )sql" GUESTPASS_IN_DELIVERY " RETURNING id" GUESTPASS_REFUND;

std::optional<std::string> MailedTo(const Invite& invite, bool mails) {
  return mails ? std::optional<std::string>(invite.address.folded) : std::nullopt;
}

}  // namespace

absl::Status PgInviteTx::EndStale(const WorkspaceId& workspace, absl::string_view address,
                                  uint64_t removed_n) {
  pipeline_.Add(kEndStale, Params::Of(workspace, address, removed_n));
  return absl::OkStatus();
}

absl::Status PgInviteTx::CountSend(const Invite& invite, bool mails, const SendLimits& limits) {
  const InviteName& name = invite.name;
  const std::optional<std::string> address = MailedTo(invite, mails);
  std::vector<std::string> names = {absl::StrCat("s/", name.workspace.text(), "/", invite.inviter.text())};
  if (mails) names.push_back(absl::StrCat("a/", *address));
  LockNames(names);
  ASSIGN_OR_RETURN(const Result result,
                   Ask(kLimits, Params::Of(name.workspace, invite.inviter, limits.per_inviter_and_hour, kHour,
                                           address, limits.mails_per_address_and_day, kDay, name.invite,
                                           limits.between_mails_of_an_invite)));
  now_ = result.Time(0, 0);
  if (!result.IsNull(0, 1)) return InviteRateLimited(result.Time(0, 1) - *now_);
  pipeline_.Add(kCount,
                Params::Of(name.workspace, name.invite, invite.generation, invite.inviter, address, *now_));
  return absl::OkStatus();
}

absl::Status PgInviteTx::Insert(const Invite& invite, absl::string_view secret_hash, absl::Time lease_end) {
  ASSIGN_OR_RETURN(
      const bool inserted,
      Changes(kInsert, InviteParams(invite).Add(LeaseOf(invite, lease_end)).AddBytes(secret_hash)));
  return inserted ? absl::OkStatus() : InvitePendingForEmail();
}

absl::Status PgInviteTx::Resend(const Invite& invite, absl::string_view secret_hash, absl::Time lease_end) {
  const absl::StatusOr<bool> found =
      Changes(kResend, Params::Of(invite.name.workspace, invite.name.invite, invite.inviter, invite.rights_n,
                                  invite.check_time, invite.workspace_display_name, invite.expire_time,
                                  TextOf(invite.delivery), LeaseOf(invite, lease_end), invite.generation,
                                  invite.resend_time)
                           .AddBytes(secret_hash));
  if (postgres::IsUniqueViolation(found.status(), "invites_pending")) return InvitePendingForEmail();
  RETURN_IF_ERROR(found.status());
  return *found ? absl::OkStatus() : InviteRevoked(invite.name);  // its address was erased meanwhile
}

absl::StatusOr<bool> PgInviteTx::SetDelivery(const InviteName& name, int generation, Delivery delivery) {
  return Changes(kSetDelivery, Params::Of(name.workspace, name.invite, generation, TextOf(delivery)));
}

absl::StatusOr<bool> PgInviteTx::RenewLease(const InviteName& name, int generation, absl::Time lease_end) {
  return Changes(kRenewLease, Params::Of(name.workspace, name.invite, generation, lease_end));
}

absl::StatusOr<bool> PgInviteTx::SetUndelivered(const InviteName& name, int generation) {
  LockNames({LockNameOf(name)});
  return Changes(kSetUndelivered, Params::Of(name.workspace, name.invite, generation));
}

absl::StatusOr<bool> PgInviteTx::UndoInsert(const InviteName& name) {
  LockNames({LockNameOf(name)});
  return Changes(kUndoInsert, Params::Of(name.workspace, name.invite, 1));
}

absl::StatusOr<bool> PgInviteTx::UndoResend(const InviteName& name, int generation) {
  LockNames({LockNameOf(name)});
  return Changes(kUndoResend, Params::Of(name.workspace, name.invite, generation));
}

}  // namespace guestpass::invite
