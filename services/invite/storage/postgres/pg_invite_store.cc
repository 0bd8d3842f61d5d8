// SPDX-License-Identifier: Apache-2.0
#include "services/invite/storage/postgres/pg_invite_store.h"

#include <set>
#include <string>
#include <utility>

#include "common/postgres/transact.h"
#include "common/status/macros.h"
#include "services/invite/domain/errors.h"
#include "services/invite/storage/postgres/invite_row.h"
#include "services/invite/storage/postgres/pg_invite_tx.h"

namespace guestpass::invite {
namespace {

using postgres::Params;
using postgres::Pipeline;
using postgres::Result;

constexpr char kNow[] = "SELECT now_us()";

constexpr char kGet[] = "SELECT " GUESTPASS_INVITE_COLUMNS " FROM invites WHERE workspace = $1 AND id = $2";

constexpr char kList[] = "SELECT " GUESTPASS_INVITE_COLUMNS R"sql(
  FROM invites
  WHERE workspace = $1
    AND (create_us, id) < (coalesce($2, 9223372036854775807), coalesce($3, ''))
    AND ($4::text[] = '{}' OR
         CASE WHEN state = 'PENDING' AND expire_us <= (SELECT now_us()) THEN 'EXPIRED' ELSE state END = ANY ($4))
    AND ($5::bigint IS NULL OR expire_us < $5)
  ORDER BY create_us DESC, id DESC LIMIT $6
)sql";

// Whoever holds one changes its delivery.
constexpr char kRenewLeases[] = R"sql(
  UPDATE invites i SET lease_us = now_us() + $4
  FROM unnest($1::text[], $2::text[], $3::bigint[]) AS q (workspace, invite, generation)
  WHERE i.workspace = q.workspace AND i.id = q.invite AND i.generation = q.generation
    AND i.delivery = 'SENDING' AND i.state = 'PENDING'
)sql";

// Everybody who settles locks attempts, and then links, in the same order.
constexpr char kHoldReservations[] = R"sql(
  SELECT FROM unnest($1::text[]) AS q (join_key)
  CROSS JOIN LATERAL (SELECT FROM reservations WHERE join_key = q.join_key FOR NO KEY UPDATE) r
)sql";

constexpr char kHoldInvites[] = R"sql(
  SELECT FROM unnest($1::text[], $2::text[]) AS q (workspace, invite)
  CROSS JOIN LATERAL (
    SELECT FROM invites WHERE workspace = q.workspace AND id = q.invite FOR NO KEY UPDATE) i
)sql";

// Rows are gone through by ctid, which the locks keep: one look at each of them.
constexpr char kSettleAll[] = R"sql(
  WITH settled AS (
    UPDATE reservations
    SET state = CASE WHEN join_key = ANY ($2::text[]) THEN 'SPENT' ELSE 'FREED' END, settle_us = now_us()
    WHERE ctid = ANY (ARRAY(SELECT (SELECT ctid FROM reservations WHERE join_key = q.join_key AND state = 'OPEN')
                            FROM unnest($1::text[]) AS q (join_key)))
    RETURNING workspace, invite, state, counts
  ), spent AS (
    SELECT workspace, invite, count(*) AS n FROM settled WHERE state = 'SPENT' AND counts GROUP BY 1, 2
  )
  UPDATE invites
  SET spent = invites.spent + (SELECT n FROM spent s WHERE s.workspace = invites.workspace AND s.invite = id)
  WHERE ctid = ANY (ARRAY(SELECT (SELECT ctid FROM invites WHERE workspace = s.workspace AND id = s.invite)
                          FROM spent s))
)sql";

}  // namespace

absl::Status PgInviteStore::Transact(absl::FunctionRef<absl::Status(InviteTx&)> body) {
  return Explained(postgres::TransactPipelined(pool_, [&](Pipeline& pipeline) -> absl::Status {
    PgInviteTx tx(pipeline);
    RETURN_IF_ERROR(body(tx));
    return tx.status();
  }));
}

absl::StatusOr<absl::Time> PgInviteStore::Now() {
  ASSIGN_OR_RETURN(postgres::Lease session, pool_.Acquire());
  ASSIGN_OR_RETURN(const Result result, session->Run(kNow));
  return result.Time(0, 0);
}

absl::StatusOr<Invite> PgInviteStore::Get(const InviteName& name) {
  ASSIGN_OR_RETURN(postgres::Lease session, pool_.Acquire());
  ASSIGN_OR_RETURN(const Result result, session->Run(kGet, Params::Of(name.workspace, name.invite)));
  if (result.rows() == 0) return InviteNotFound(name);
  return ReadInvite(result, 0);
}

absl::StatusOr<std::vector<Invite>> PgInviteStore::List(const InviteFilter& filter,
                                                        const std::optional<InvitePlace>& after, int limit) {
  std::vector<std::string> states;
  for (State state : filter.states) states.emplace_back(TextOf(state));
  Params params = Params::Of(filter.workspace);
  if (after.has_value()) {
    params.Add(after->create_time).Add(after->invite);
  } else {
    params.AddNull().AddNull();
  }
  params.Add(states).Add(filter.expire_before).Add(limit);
  ASSIGN_OR_RETURN(postgres::Lease session, pool_.Acquire());
  ASSIGN_OR_RETURN(const Result result, session->Run(kList, params));
  std::vector<Invite> invites;
  for (int row = 0; row < result.rows(); ++row) invites.push_back(ReadInvite(result, row));
  return invites;
}

absl::Status PgInviteStore::RenewLeases(const std::vector<Waiting>& waiting, absl::Duration lease) {
  std::vector<std::string> workspaces, invites;
  std::vector<int> generations;
  for (const Waiting& mail : waiting) {
    workspaces.emplace_back(mail.invite.workspace.text());
    invites.emplace_back(mail.invite.invite.text());
    generations.push_back(mail.generation);
  }
  return postgres::TransactPipelined(pool_, [&](Pipeline& pipeline) {
    pipeline.Add(kRenewLeases, Params::Of(workspaces, invites, generations, lease));
    return absl::OkStatus();
  });
}

absl::Status PgInviteStore::SettleUnlimited(const std::vector<Settlement>& settlements) {
  std::set<std::string> keys, joined;
  std::set<std::pair<std::string, std::string>> links;
  for (const Settlement& settlement : settlements) {
    const Reservation& reservation = settlement.reservation;
    keys.insert(reservation.join_key);
    if (settlement.joined) joined.insert(reservation.join_key);
    links.emplace(reservation.invite.workspace.text(), reservation.invite.invite.text());
  }
  std::vector<std::string> workspaces, invites;
  for (const auto& [workspace, invite] : links) {
    workspaces.push_back(workspace);
    invites.push_back(invite);
  }
  const std::vector<std::string> all(keys.begin(), keys.end()), spent(joined.begin(), joined.end());
  return postgres::TransactPipelined(pool_, [&](Pipeline& pipeline) {
    pipeline.Add(kHoldReservations, Params::Of(all));
    pipeline.Add(kHoldInvites, Params::Of(workspaces, invites));
    pipeline.Add(kSettleAll, Params::Of(all, spent));
    return absl::OkStatus();
  });
}

}  // namespace guestpass::invite
