// SPDX-License-Identifier: Apache-2.0
#include "services/invite/storage/postgres/pg_invite_upkeep.h"

#include "common/postgres/transact.h"
#include "common/status/macros.h"
#include "services/invite/storage/postgres/reservation_row.h"

namespace guestpass::invite {
namespace {

using postgres::Params;
using postgres::Pipeline;
using postgres::Result;

// The longest time that a limit of sends looks back.
constexpr absl::Duration kKeepSends = absl::Hours(24);

// Each step looks at as many rows as it clears, whatever the planner's statistics know of a crowd that came
// or went since: it follows an index, in its order.
constexpr char kByIndex[] =
    "SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)";

constexpr char kAbandoned[] = "SELECT " GUESTPASS_RESERVATION_COLUMNS R"sql(,
    coalesce((SELECT i.max_uses IS NULL FROM invites i WHERE i.workspace = r.workspace AND i.id = r.invite), false)
  FROM reservations r WHERE state = 'OPEN' AND create_us <= (SELECT now_us() - $1::bigint)
  ORDER BY create_us LIMIT $2
)sql";

// Here and below, rows are locked and gone through by ctid, which a lock keeps. A row that was changed before
// it was locked is judged as it is then: a lease that was renewed is no longer due.
constexpr char kEndLeases[] = R"sql(
  UPDATE invites SET delivery = 'UNKNOWN', lease_us = NULL, undo = NULL WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM invites WHERE lease_us <= (SELECT now_us())
    ORDER BY lease_us LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED))
)sql";

constexpr char kMarkExpired[] = R"sql(
  UPDATE invites SET state = 'EXPIRED', end_us = expire_us WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM invites WHERE end_us IS NULL AND expire_us <= (SELECT now_us()) AND lease_us IS NULL
    ORDER BY expire_us LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED))
)sql";

constexpr char kDropReservations[] = R"sql(
  DELETE FROM reservations WHERE ctid = ANY (ARRAY(
    SELECT r.ctid
    FROM (SELECT workspace, id FROM invites WHERE end_us <= (SELECT now_us() - $2::bigint)
          ORDER BY end_us LIMIT $1) i
    CROSS JOIN LATERAL (SELECT ctid FROM reservations
                        WHERE workspace = i.workspace AND invite = i.id AND state <> 'OPEN'
                        LIMIT $1 FOR UPDATE SKIP LOCKED) r
    LIMIT $1))
)sql";

constexpr char kDropInvites[] = R"sql(
  DELETE FROM invites WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM invites i
    WHERE end_us <= (SELECT now_us() - $2::bigint)
      AND (SELECT r.join_key FROM reservations r WHERE r.workspace = i.workspace AND r.invite = i.id LIMIT 1) IS NULL
    ORDER BY end_us LIMIT $1 FOR UPDATE SKIP LOCKED))
)sql";

constexpr char kForgetSends[] = R"sql(
  DELETE FROM sends WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM sends WHERE at_us <= (SELECT now_us() - $2::bigint)
    ORDER BY at_us LIMIT $1 FOR UPDATE SKIP LOCKED))
)sql";

constexpr char kForgetAnswers[] = R"sql(
  DELETE FROM request_answers WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM request_answers WHERE keep_until_us <= (SELECT now_us())
    ORDER BY keep_until_us LIMIT $1 FOR UPDATE SKIP LOCKED))
)sql";

constexpr char kCountDue[] = R"sql(
  SELECT (SELECT count(*) FROM (SELECT FROM invites WHERE end_us IS NULL AND expire_us <= now AND lease_us IS NULL
                                LIMIT $1) e),
         (SELECT count(*) FROM (SELECT FROM invites WHERE end_us <= now - $2::bigint LIMIT $1) e)
  FROM now_us() AS now
)sql";

// Not by ctid: these wait for whoever holds a row, and then it is elsewhere, where this statement does not
// see it; an address that was passed over would stay.
constexpr char kEraseOfInvites[] = R"sql(
  UPDATE invites SET email = NULL, email_folded = NULL, end_us = coalesce(end_us, now_us()),
                     state = CASE WHEN state IN ('PENDING', 'EXPIRED', 'UNDELIVERED') THEN 'REVOKED' ELSE state END
  WHERE email_folded = $1
    AND (workspace, id) IN (SELECT workspace, id FROM invites WHERE email_folded = $1 LIMIT $2)
)sql";

constexpr char kEraseOfSends[] = R"sql(
  UPDATE sends SET address_hash = NULL
  WHERE address_hash = address_hash($1)
    AND (workspace, invite, generation) IN (
      SELECT workspace, invite, generation FROM sends WHERE address_hash = address_hash($1) LIMIT $2)
)sql";

// A request stays known, or its repeat would invite that address anew; the hash of it goes, as it tells the
// address to who guesses. Revoking again does no harm.
constexpr char kEraseOfAnswers[] = R"sql(
  WITH due AS MATERIALIZED (
    SELECT caller, method, request_id, method LIKE '%.RevokeInviteRequest' AS forgotten
    FROM request_answers WHERE address_hash = address_hash($1) LIMIT $2
  ), gone AS (
    DELETE FROM request_answers
    WHERE (caller, method, request_id) IN (SELECT caller, method, request_id FROM due WHERE forgotten) RETURNING 1
  ), emptied AS (
    UPDATE request_answers SET answer = '', request_hash = '', address_hash = NULL
    WHERE (caller, method, request_id) IN (SELECT caller, method, request_id FROM due WHERE NOT forgotten) RETURNING 1
  )
  SELECT FROM gone UNION ALL SELECT FROM emptied
)sql";

constexpr char kCountAddress[] = R"sql(
  SELECT (SELECT count(*) FROM (SELECT FROM invites WHERE email_folded = $1 LIMIT $2) i)
       + (SELECT count(*) FROM (SELECT FROM sends WHERE address_hash = address_hash($1) LIMIT $2) s)
       + (SELECT count(*) FROM (SELECT FROM request_answers WHERE address_hash = address_hash($1) LIMIT $2) r)
)sql";

}  // namespace

absl::StatusOr<int64_t> PgInviteUpkeep::Step(absl::string_view sql, const Params& params) {
  int64_t changed = 0;
  RETURN_IF_ERROR(postgres::TransactPipelined(pool_, [&](Pipeline& pipeline) {
    pipeline.Add(kByIndex);
    pipeline.AddSeen(sql, params, [&](const Result& result) { changed = result.affected(); });
    return absl::OkStatus();
  }));
  return changed;
}

absl::StatusOr<std::vector<InviteUpkeep::Abandoned>> PgInviteUpkeep::AbandonedReservations(int limit) {
  ASSIGN_OR_RETURN(postgres::Lease session, pool_.Acquire());
  ASSIGN_OR_RETURN(const Result result, session->Run(kAbandoned, Params::Of(kAbandonedAfter, limit)));
  std::vector<Abandoned> abandoned;
  for (int row = 0; row < result.rows(); ++row) {
    abandoned.push_back({ReadReservation(result, row), result.Bool(row, kReservationColumns)});
  }
  return abandoned;
}

absl::StatusOr<int64_t> PgInviteUpkeep::EndLeases(int limit) { return Step(kEndLeases, Params::Of(limit)); }

absl::StatusOr<int64_t> PgInviteUpkeep::MarkExpired(int limit) {
  return Step(kMarkExpired, Params::Of(limit));
}

absl::StatusOr<int64_t> PgInviteUpkeep::PurgeReservations(int limit) {
  return Step(kDropReservations, Params::Of(limit, kKeepEnded));
}

absl::StatusOr<int64_t> PgInviteUpkeep::Purge(int limit) {
  return Step(kDropInvites, Params::Of(limit, kKeepEnded));
}

absl::StatusOr<int64_t> PgInviteUpkeep::ForgetSends(int limit) {
  return Step(kForgetSends, Params::Of(limit, kKeepSends));
}

absl::StatusOr<int64_t> PgInviteUpkeep::ForgetAnswers(int limit) {
  return Step(kForgetAnswers, Params::Of(limit));
}

absl::StatusOr<InviteUpkeep::Due> PgInviteUpkeep::CountDue(int64_t limit) {
  ASSIGN_OR_RETURN(postgres::Lease session, pool_.Acquire());
  ASSIGN_OR_RETURN(const Result result, session->Run(kCountDue, Params::Of(limit, kKeepEnded)));
  return Due{.expired = result.Int64(0, 0), .ended = result.Int64(0, 1)};
}

absl::StatusOr<int64_t> PgInviteUpkeep::EraseAddress(absl::string_view address, int limit) {
  ASSIGN_OR_RETURN(const int64_t invites, Step(kEraseOfInvites, Params::Of(address, limit)));
  ASSIGN_OR_RETURN(const int64_t sends, Step(kEraseOfSends, Params::Of(address, limit)));
  ASSIGN_OR_RETURN(const int64_t answers, Step(kEraseOfAnswers, Params::Of(address, limit)));
  return invites + sends + answers;
}

absl::StatusOr<int64_t> PgInviteUpkeep::CountAddress(absl::string_view address, int limit) {
  ASSIGN_OR_RETURN(postgres::Lease session, pool_.Acquire());
  ASSIGN_OR_RETURN(const Result result, session->Run(kCountAddress, Params::Of(address, limit)));
  return result.Int64(0, 0);
}

}  // namespace guestpass::invite
