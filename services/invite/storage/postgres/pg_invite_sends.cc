// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
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

// A row that somebody else holds is not waited for as long as by one invite alone.
constexpr absl::Duration kImpatience = absl::Milliseconds(500);

// Those of these names that somebody else has locked; the others are locked.
constexpr char kTryLockNames[] = R"sql(
  SELECT u.name FROM unnest($1::text[]) AS u (name) WHERE NOT pg_try_advisory_xact_lock(hashtextextended(u.name, 7))
)sql";

// Now, and until when each limit stands in the way: until the one that was sent as many sends ago as may be
// sent leaves the time that is looked at.
constexpr char kLimits[] = R"sql(
  SELECT now, greatest(
    (SELECT at_us + $6 FROM sends WHERE workspace = q.workspace AND inviter = q.inviter AND at_us > now - $6
     ORDER BY at_us DESC OFFSET $5 - 1 LIMIT 1),
    (SELECT at_us + $8 FROM sends WHERE address_hash = address_hash(q.address) AND at_us > now - $8
     ORDER BY at_us DESC OFFSET $7 - 1 LIMIT 1),
    (SELECT max(at_us) + $9 FROM sends WHERE workspace = q.workspace AND invite = q.invite AND mails
                                         AND at_us > now - $9 AND q.address IS NOT NULL))
  FROM now_us() AS now
  CROSS JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
    AS q (workspace, invite, inviter, address, i)
  ORDER BY q.i
)sql";

constexpr char kCount[] = R"sql(
  INSERT INTO sends (workspace, invite, generation, inviter, address_hash, mails, at_us)
  SELECT workspace, invite, generation, inviter, address_hash(address), address IS NOT NULL, at_us
  FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::bigint[])
    AS q (workspace, invite, generation, inviter, address, at_us)
)sql";

// In the order of the rows. A rival that has inserted and not yet committed is waited for.
constexpr char kInsert[] = R"sql(
  INSERT INTO invites (workspace, id, email, email_folded, is_link, max_uses, allow_unverified, role, channels,
                       guest_expire_us, guest_ttl_us, inviter, rights_n, check_us, workspace_display_name, state,
                       delivery, expire_us, create_us, generation, lease_us, secret_hash)
  SELECT workspace, id, email, email_folded, is_link, max_uses, allow_unverified, role, channels::text[],
         guest_expire_us, guest_ttl_us, inviter, rights_n, check_us, workspace_display_name, state, delivery, expire_us,
         create_us, generation, lease_us, secret_hash
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::int[], $7::boolean[], $8::text[],
              $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::bigint[], $14::bigint[], $15::text[],
              $16::text[], $17::text[], $18::bigint[], $19::bigint[], $20::int[], $21::bigint[], $22::bytea[])
    AS q (workspace, id, email, email_folded, is_link, max_uses, allow_unverified, role, channels, guest_expire_us,
          guest_ttl_us, inviter, rights_n, check_us, workspace_display_name, state, delivery, expire_us, create_us,
          generation, lease_us, secret_hash)
  ON CONFLICT (workspace, email_folded) WHERE state = 'PENDING' AND email_folded IS NOT NULL DO NOTHING
  RETURNING id
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

// Whom a mail of it goes to; nobody where there is none.
std::optional<std::string> MailedTo(const Invite& invite) {
  if (invite.delivery != Delivery::kSending) return std::nullopt;
  return invite.address.folded;
}

// What its sends are counted under.
std::vector<std::string> LockNamesOfSend(const Invite& invite) {
  std::vector<std::string> names = {
      absl::StrCat("s/", invite.name.workspace.text(), "/", invite.inviter.text())};
  if (const auto address = MailedTo(invite); address.has_value())
    names.push_back(absl::StrCat("a/", *address));
  return names;
}

}  // namespace

absl::Status PgInviteTx::EndStale(const WorkspaceId& workspace, absl::string_view address,
                                  uint64_t removed_n) {
  pipeline_.Add(kEndStale, Params::Of(workspace, address, removed_n));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<bool>> PgInviteTx::TryLockSends(const std::vector<const Invite*>& invites,
                                                           const SendLimits& limits) {
  std::vector<std::vector<std::string>> own;
  std::vector<std::string> names;
  for (const Invite* invite : invites) {
    own.push_back(LockNamesOfSend(*invite));
    names.insert(names.end(), own.back().begin(), own.back().end());
  }
  std::set<std::string> busy;
  pipeline_.LimitLockWaits(kImpatience);
  pipeline_.AddSeen(kTryLockNames, Params::Of(names), [&busy](const Result& result) {
    for (int row = 0; row < result.rows(); ++row) busy.emplace(result.Text(row, 0));
  });
  QueueLimits(invites, limits);
  RETURN_IF_ERROR(pipeline_.Run().status());
  std::vector<bool> locked;
  for (const std::vector<std::string>& wanted : own) {
    locked.push_back(std::none_of(wanted.begin(), wanted.end(),
                                  [&](const std::string& name) { return busy.contains(name); }));
  }
  return locked;
}

// Looks at them once the locks are held that are queued before.
void PgInviteTx::QueueLimits(const std::vector<const Invite*>& invites, const SendLimits& limits) {
  std::vector<WorkspaceId> workspaces;
  std::vector<InviteId> ids;
  std::vector<UserId> inviters;
  std::vector<std::optional<std::string>> addresses;
  for (const Invite* invite : invites) {
    workspaces.push_back(invite->name.workspace);
    ids.push_back(invite->name.invite);
    inviters.push_back(invite->inviter);
    addresses.push_back(MailedTo(*invite));
  }
  Params params = Params::Of(workspaces, ids, inviters, addresses, limits.per_inviter_and_hour, kHour,
                             limits.mails_per_address_and_day, kDay, limits.between_mails_of_an_invite);
  pipeline_.AddSeen(kLimits, std::move(params), [this, ids = std::move(ids)](const Result& result) {
    now_ = result.Time(0, 0);
    for (int row = 0; row < result.rows(); ++row) {
      const absl::Time end = result.IsNull(row, 1) ? *now_ : result.Time(row, 1);
      waits_[ids[static_cast<size_t>(row)]] = end - *now_;
    }
  });
}

absl::Status PgInviteTx::JudgeSend(const Invite& invite, const SendLimits& limits) {
  if (!waits_.contains(invite.name.invite)) {
    LockNames(LockNamesOfSend(invite));
    QueueLimits({&invite}, limits);
    RETURN_IF_ERROR(pipeline_.Run().status());
  }
  const absl::Duration wait = waits_[invite.name.invite];
  return wait > absl::ZeroDuration() ? InviteRateLimited(wait) : absl::OkStatus();
}

absl::Status PgInviteTx::CountSend(const Invite& invite) {
  pipeline_.AddRow(kCount, Params::Of(invite.name.workspace, invite.name.invite, invite.generation,
                                      invite.inviter, MailedTo(invite), *now_));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<bool>> PgInviteTx::Insert(const std::vector<NewInvite>& invites) {
  std::vector<Params> rows;
  for (const NewInvite& added : invites) {
    rows.push_back(
        InviteParams(added.invite).Add(LeaseOf(added.invite, added.lease_end)).AddBytes(added.secret_hash));
  }
  ASSIGN_OR_RETURN(const Result result, Ask(kInsert, Params::ColumnsOf(rows)));
  std::set<InviteId> ids;
  for (int row = 0; row < result.rows(); ++row) ids.insert(result.As<InviteId>(row, 0));
  std::vector<bool> inserted;
  for (const NewInvite& added : invites) inserted.push_back(ids.contains(added.invite.name.invite));
  return inserted;
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
