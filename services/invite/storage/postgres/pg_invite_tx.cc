// SPDX-License-Identifier: Apache-2.0
#include "services/invite/storage/postgres/pg_invite_tx.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/postgres/errors.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/invite/domain/errors.h"
#include "services/invite/storage/postgres/invite_row.h"
#include "services/invite/storage/postgres/lock_name.h"
#include "services/invite/storage/postgres/reservation_row.h"

// One invite, redeeming it, and repeated requests.
namespace guestpass::invite {
namespace {

using postgres::Params;
using postgres::Result;

constexpr absl::Duration kKeepAnswers = absl::Hours(24);

constexpr char kNow[] = "SELECT now_us()";

constexpr char kLockNames[] =
    "SELECT pg_advisory_xact_lock(hashtextextended(u.name, 7))::text FROM unnest($1::text[]) AS u (name)";

constexpr char kGet[] =
    "SELECT " GUESTPASS_INVITE_COLUMNS_UNCOUNTED ", now_us() FROM invites WHERE workspace = $1 AND id = $2";

constexpr char kSetState[] =
    "UPDATE invites SET state = $3, end_us = now_us(), undo = NULL WHERE workspace = $1 AND id = $2";

constexpr char kCountJoined[] = "SELECT spent FROM invites WHERE workspace = $1 AND id = $2";

constexpr char kOpenReservations[] = "SELECT " GUESTPASS_RESERVATION_COLUMNS R"sql(
  FROM reservations
  WHERE workspace = $1 AND invite = $2 AND state = 'OPEN' AND ($3::bigint IS NULL OR create_us <= $3)
  ORDER BY create_us LIMIT $4
)sql";

// By its secret or the one before: two looks into an index, whatever the planner thinks of the table.
#define GUESTPASS_BY_SECRET                            \
  " FROM invites WHERE ctid = ANY (ARRAY("             \
  "   SELECT ctid FROM invites WHERE secret_hash = $1" \
  "   UNION ALL SELECT ctid FROM invites WHERE previous_secret_hash = $1))"

// A crowd that redeems one without a limit shares the lock: a revocation waits for those before it, and those
// after it wait for it.
constexpr char kLockBySecret[] = R"sql(
  SELECT CASE WHEN l.max_uses IS NULL THEN pg_advisory_xact_lock_shared(hashtextextended(l.name, 7))
              ELSE pg_advisory_xact_lock(hashtextextended(l.name, 7)) END::text
  FROM (SELECT max_uses, 'i/' || workspace || '/' || id AS name )sql" GUESTPASS_BY_SECRET " LIMIT 1) l";

constexpr char kGetBySecret[] =
    "SELECT " GUESTPASS_INVITE_COLUMNS_UNCOUNTED
    ", CASE WHEN secret_hash = $1 THEN expire_us "
    "       ELSE least(previous_expire_us, expire_us) END, now_us()" GUESTPASS_BY_SECRET;

constexpr char kReservationsBySecret[] = "SELECT " GUESTPASS_RESERVATION_COLUMNS
                                         " FROM (SELECT workspace AS w, id AS i" GUESTPASS_BY_SECRET R"sql() q
  CROSS JOIN unnest($2::text[]) AS u (id)
  CROSS JOIN LATERAL (
    SELECT * FROM reservations
    WHERE workspace = q.w AND invite = q.i AND user_id = u.id AND state IN ('OPEN', 'SPENT')
    ORDER BY state LIMIT 1) r
)sql";

constexpr char kReservationOf[] = "SELECT " GUESTPASS_RESERVATION_COLUMNS R"sql(
  FROM reservations WHERE workspace = $1 AND invite = $2 AND user_id = $3 AND state IN ('OPEN', 'SPENT')
  ORDER BY state LIMIT 1
)sql";

constexpr char kReserve[] = R"sql(
  INSERT INTO reservations (join_key, workspace, invite, user_id, state, create_us, counts)
  VALUES ($1, $2, $3, $4, 'OPEN', $5, $6)
)sql";

constexpr char kTakeUse[] = "UPDATE invites SET reserved = reserved + 1 WHERE workspace = $1 AND id = $2";

// An email invite ends with who joined by it, in whatever state it was by then; a link with its last use.
constexpr char kSettle[] = R"sql(
  WITH settled AS (
    UPDATE reservations SET state = CASE WHEN $4::boolean THEN 'SPENT' ELSE 'FREED' END, settle_us = now_us()
    WHERE join_key = $3 AND state = 'OPEN' RETURNING counts::int AS n
  ), ends AS (
    SELECT $4::boolean AND (NOT i.is_link OR (i.state = 'PENDING' AND i.spent + n >= i.max_uses)) AS yes
    FROM settled, invites i WHERE i.workspace = $1 AND i.id = $2
  )
  UPDATE invites SET
    reserved = CASE WHEN max_uses IS NULL THEN reserved ELSE reserved - n END,
    spent = CASE WHEN $4::boolean THEN spent + n ELSE spent END,
    redeemed_by = CASE WHEN ends.yes AND NOT is_link THEN $5 ELSE redeemed_by END,
    state = CASE WHEN ends.yes THEN 'REDEEMED' ELSE state END,
    end_us = CASE WHEN ends.yes THEN now_us() ELSE end_us END
  FROM settled, ends WHERE workspace = $1 AND id = $2
)sql";

constexpr char kAnswerTo[] = R"sql(
  SELECT request_hash, answer FROM request_answers
  WHERE caller = $1 AND method = $2 AND request_id = $3 AND keep_until_us > now_us()
)sql";

// One whose time is over makes room.
constexpr char kMakeRoom[] = R"sql(
  DELETE FROM request_answers
  WHERE caller = $1 AND method = $2 AND request_id = $3 AND keep_until_us <= now_us()
)sql";

constexpr char kKeepAnswer[] = R"sql(
  INSERT INTO request_answers (caller, method, request_id, request_hash, answer, address_hash, keep_until_us)
  VALUES ($1, $2, $3, $4, $7, address_hash(nullif($6, '')), now_us() + $5)
)sql";

// What was erased stays so.
constexpr char kChangeAnswer[] = R"sql(
  UPDATE request_answers SET answer = $4
  WHERE caller = $1 AND method = $2 AND request_id = $3 AND answer <> ''
)sql";

constexpr char kForgetAnswer[] =
    "DELETE FROM request_answers WHERE caller = $1 AND method = $2 AND request_id = $3";

std::optional<Reservation> FirstReservation(const Result& result) {
  return result.rows() == 0 ? std::nullopt : std::optional<Reservation>(ReadReservation(result, 0));
}

}  // namespace

absl::Time PgInviteTx::Now() const {
  if (now_.has_value()) return *now_;
  pipeline_.AddSeen(kNow, {}, [this](const Result& result) { now_ = result.Time(0, 0); });
  status_.Update(pipeline_.Run().status());
  return now_.value_or(absl::InfinitePast());
}

void PgInviteTx::LockNames(const std::vector<std::string>& names) {
  pipeline_.Add(kLockNames, Params::Of(names));
}

absl::StatusOr<Result> PgInviteTx::Ask(absl::string_view sql, Params params) {
  pipeline_.Add(sql, std::move(params));
  ASSIGN_OR_RETURN(std::vector<Result> results, pipeline_.Run());
  return std::move(results.back());
}

absl::StatusOr<bool> PgInviteTx::Changes(absl::string_view sql, Params params) {
  ASSIGN_OR_RETURN(const Result result, Ask(sql, std::move(params)));
  return result.affected() == 1;
}

absl::StatusOr<Invite> PgInviteTx::Lock(const InviteName& name) {
  LockNames({LockNameOf(name)});
  ASSIGN_OR_RETURN(const Result result, Ask(kGet, Params::Of(name.workspace, name.invite)));
  if (result.rows() == 0) return InviteNotFound(name);
  now_ = result.Time(0, kInviteColumns);
  return ReadInvite(result, 0);
}

absl::Status PgInviteTx::SetState(const InviteName& name, State state) {
  pipeline_.Add(kSetState, Params::Of(name.workspace, name.invite, TextOf(state)));
  return absl::OkStatus();
}

absl::StatusOr<int32_t> PgInviteTx::CountJoined(const InviteName& name) {
  ASSIGN_OR_RETURN(const Result result, Ask(kCountJoined, Params::Of(name.workspace, name.invite)));
  return result.rows() == 0 ? 0 : static_cast<int32_t>(result.Int64(0, 0));
}

absl::StatusOr<std::vector<Reservation>> PgInviteTx::OpenReservations(const InviteName& name,
                                                                      const OpenFilter& filter) {
  ASSIGN_OR_RETURN(const Result result, Ask(kOpenReservations, Params::Of(name.workspace, name.invite,
                                                                          filter.begun_until, filter.limit)));
  std::vector<Reservation> open;
  for (int row = 0; row < result.rows(); ++row) open.push_back(ReadReservation(result, row));
  return open;
}

absl::StatusOr<Presented> PgInviteTx::GetBySecret(absl::string_view secret_hash,
                                                  const std::vector<UserId>& users) {
  pipeline_.Add(kLockBySecret, Params().AddBytes(secret_hash));
  pipeline_.Add(kGetBySecret, Params().AddBytes(secret_hash));
  pipeline_.Add(kReservationsBySecret, Params().AddBytes(secret_hash).Add(users));
  ASSIGN_OR_RETURN(const std::vector<Result> results, pipeline_.Run());
  const Result& invites = results[results.size() - 2];
  if (invites.rows() == 0) return InviteNotFound();
  now_ = invites.Time(0, kInviteColumns + 1);
  Presented presented{.invite = ReadInvite(invites, 0), .expire_time = invites.Time(0, kInviteColumns)};
  found_ = {.invite = presented.invite.name};
  for (const UserId& user : users) found_.reservations[user] = std::nullopt;
  for (int row = 0; row < results.back().rows(); ++row) {
    const Reservation reservation = ReadReservation(results.back(), row);
    found_.reservations[reservation.user] = reservation;
  }
  return presented;
}

absl::StatusOr<std::optional<Reservation>> PgInviteTx::ReservationOf(const InviteName& invite,
                                                                     const UserId& user) {
  const auto found = found_.reservations.find(user);
  if (found != found_.reservations.end() && found_.invite == invite) return found->second;
  ASSIGN_OR_RETURN(const Result result,
                   Ask(kReservationOf, Params::Of(invite.workspace, invite.invite, user)));
  return FirstReservation(result);
}

absl::Status PgInviteTx::Reserve(const Reservation& reservation, bool unlimited) {
  const InviteName& invite = reservation.invite;
  pipeline_.Add(kReserve, Params::Of(reservation.join_key, invite.workspace, invite.invite, reservation.user,
                                     reservation.create_time, reservation.counts));
  if (!unlimited && reservation.counts) pipeline_.Add(kTakeUse, Params::Of(invite.workspace, invite.invite));
  found_.reservations.erase(reservation.user);
  return absl::OkStatus();
}

absl::Status PgInviteTx::Settle(const Reservation& reservation, bool joined) {
  const InviteName& invite = reservation.invite;
  LockNames({LockNameOf(invite)});
  pipeline_.Add(kSettle,
                Params::Of(invite.workspace, invite.invite, reservation.join_key, joined, reservation.user));
  found_.reservations.erase(reservation.user);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> PgInviteTx::AnswerTo(const RequestKey& key) {
  ASSIGN_OR_RETURN(const Result result, Ask(kAnswerTo, Params::Of(key.caller, key.method, key.id)));
  if (result.rows() == 0) return std::optional<std::string>();
  const std::string answer(result.Bytes(0, 1));
  if (!answer.empty() && result.Text(0, 0) != key.hash) return RequestIdReused(key.id);
  return std::optional<std::string>(answer);
}

absl::Status PgInviteTx::KeepAnswer(const RequestKey& key, absl::string_view answer,
                                    absl::string_view address) {
  pipeline_.Add(kMakeRoom, Params::Of(key.caller, key.method, key.id));
  pipeline_.Add(kKeepAnswer,
                Params::Of(key.caller, key.method, key.id, key.hash, kKeepAnswers, address).AddBytes(answer));
  return absl::OkStatus();
}

absl::Status PgInviteTx::ChangeAnswer(const RequestKey& key, absl::string_view answer) {
  pipeline_.Add(kChangeAnswer, Params::Of(key.caller, key.method, key.id).AddBytes(answer));
  return absl::OkStatus();
}

absl::Status PgInviteTx::ForgetAnswer(const RequestKey& key) {
  pipeline_.Add(kForgetAnswer, Params::Of(key.caller, key.method, key.id));
  return absl::OkStatus();
}

absl::Status Explained(const absl::Status& status) {
  if (postgres::IsUniqueViolation(status, "reservations_open")) return RedemptionUnderWay();
  if (postgres::IsUniqueViolation(status, "request_answers_pkey")) return RequestUnderWay();
  return status;
}

}  // namespace guestpass::invite
