// SPDX-License-Identifier: Apache-2.0
#include "services/invite/storage/postgres/pg_invite_store.h"

#include "absl/strings/str_cat.h"
#include "common/postgres/transact.h"
#include "common/status/macros.h"
#include "services/invite/domain/errors.h"
#include "services/invite/storage/postgres/invite_row.h"

namespace guestpass::invite {
namespace {

using postgres::Params;
using postgres::Result;

constexpr char kNow[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

constexpr char kEndStale[] = R"sql(
  UPDATE invites SET state = CASE WHEN rights_n < $3 THEN 'REVOKED' ELSE 'EXPIRED' END
  WHERE workspace = $1 AND email_folded = $2 AND state = 'PENDING' AND (rights_n < $3 OR expire_us <= $4)
)sql";

// A rival that has inserted and not yet committed is waited for.
constexpr char kInsert[] = R"sql(
  INSERT INTO invites (workspace, id, email, email_folded, role, channels, guest_expire_us, guest_ttl_us,
                       inviter, rights_n, check_us, state, delivery, expire_us, create_us, secret_hash)
  VALUES ($1, $2, $3, $4, $5, $6::text[], $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
  ON CONFLICT (workspace, email_folded) WHERE state = 'PENDING' DO NOTHING
)sql";

constexpr char kMarkSent[] = R"sql(
  UPDATE invites SET delivery = 'SENT' WHERE workspace = $1 AND id = $2 AND delivery = 'SENDING'
)sql";

// FOR UPDATE where the row may go, so that no reservation of it is being inserted; else nobody's foreign key
// needs to wait.
constexpr char kLockToRemove[] = "SELECT FROM invites WHERE workspace = $1 AND id = $2 FOR UPDATE";
constexpr char kLock[] = "SELECT FROM invites WHERE workspace = $1 AND id = $2 FOR NO KEY UPDATE";

constexpr char kRemove[] = R"sql(
  DELETE FROM invites
  WHERE workspace = $1 AND id = $2 AND state = 'PENDING' AND delivery = 'SENDING'
    AND NOT EXISTS (SELECT FROM reservations WHERE workspace = $1 AND invite = $2)
)sql";

constexpr char kOpenReservation[] = R"sql(
  SELECT join_key, user_id, create_us FROM reservations
  WHERE workspace = $1 AND invite = $2 AND state = 'OPEN'
)sql";

constexpr char kReserve[] = R"sql(
  INSERT INTO reservations (join_key, workspace, invite, user_id, state, create_us)
  VALUES ($1, $2, $3, $4, 'OPEN', $5)
)sql";

constexpr char kSettle[] = R"sql(
  UPDATE reservations SET state = $2, settle_us = $3 WHERE join_key = $1 AND state = 'OPEN'
)sql";

constexpr char kRedeemed[] = R"sql(
  UPDATE invites SET state = 'REDEEMED', redeemed_by = $3, redeem_us = $4 WHERE workspace = $1 AND id = $2
)sql";

absl::StatusOr<absl::Time> ReadNow(postgres::Session& session) {
  ASSIGN_OR_RETURN(const Result result, session.Run(kNow));
  return result.Time(0, 0);
}

class PgInviteTx : public InviteTx {
 public:
  PgInviteTx(postgres::Session& session, absl::Time now) : session_(session), now_(now) {}

  absl::Time Now() const override { return now_; }

  absl::Status EndStale(const WorkspaceId& workspace, absl::string_view address,
                        uint64_t removed_n) override {
    return session_.Run(kEndStale, Params::Of(workspace, address, removed_n, now_)).status();
  }

  absl::Status Insert(const Invite& invite, absl::string_view secret_hash) override {
    ASSIGN_OR_RETURN(const Result result, session_.Run(kInsert, InviteParams(invite).AddBytes(secret_hash)));
    return result.affected() == 1 ? absl::OkStatus() : InvitePendingForEmail();
  }

  absl::Status MarkSent(const InviteName& name) override {
    return session_.Run(kMarkSent, Params::Of(name.workspace, name.invite)).status();
  }

  absl::StatusOr<bool> RemoveUndelivered(const InviteName& name) override {
    const Params params = Params::Of(name.workspace, name.invite);
    RETURN_IF_ERROR(session_.Run(kLockToRemove, params).status());
    ASSIGN_OR_RETURN(const Result result, session_.Run(kRemove, params));
    return result.affected() == 1;
  }

  absl::StatusOr<Invite> GetBySecret(absl::string_view secret_hash) override {
    static const std::string* const kGet = new std::string(
        absl::StrCat("SELECT ", kInviteColumns, " FROM invites WHERE secret_hash = $1 FOR NO KEY UPDATE"));
    ASSIGN_OR_RETURN(const Result result, session_.Run(*kGet, Params().AddBytes(secret_hash)));
    if (result.rows() == 0) return InviteNotFound();
    ASSIGN_OR_RETURN(now_, ReadNow(session_));
    return ReadInvite(result, 0);
  }

  absl::StatusOr<std::optional<Reservation>> OpenReservation(const InviteName& invite) override {
    ASSIGN_OR_RETURN(const Result result,
                     session_.Run(kOpenReservation, Params::Of(invite.workspace, invite.invite)));
    if (result.rows() == 0) return std::optional<Reservation>();
    return std::optional<Reservation>({.join_key = std::string(result.Text(0, 0)),
                                       .invite = invite,
                                       .user = result.As<UserId>(0, 1),
                                       .create_time = result.Time(0, 2)});
  }

  absl::Status Reserve(const Reservation& reservation) override {
    return session_
        .Run(kReserve, Params::Of(reservation.join_key, reservation.invite.workspace,
                                  reservation.invite.invite, reservation.user, reservation.create_time))
        .status();
  }

  absl::Status Settle(const Reservation& reservation, bool joined) override {
    const InviteName& invite = reservation.invite;
    RETURN_IF_ERROR(session_.Run(kLock, Params::Of(invite.workspace, invite.invite)).status());
    ASSIGN_OR_RETURN(
        const Result settled,
        session_.Run(kSettle, Params::Of(reservation.join_key, joined ? "SPENT" : "FREED", now_)));
    if (!joined || settled.affected() == 0) return absl::OkStatus();
    return session_.Run(kRedeemed, Params::Of(invite.workspace, invite.invite, reservation.user, now_))
        .status();
  }

 private:
  postgres::Session& session_;
  absl::Time now_;
};

}  // namespace

absl::Status PgInviteStore::Transact(absl::FunctionRef<absl::Status(InviteTx&)> body) {
  return postgres::Transact(pool_, postgres::Isolation::kReadCommitted, [&](postgres::Session& session) {
    const absl::StatusOr<absl::Time> now = ReadNow(session);
    if (!now.ok()) return now.status();
    PgInviteTx tx(session, *now);
    return body(tx);
  });
}

absl::StatusOr<absl::Time> PgInviteStore::Now() {
  ASSIGN_OR_RETURN(postgres::Lease session, pool_.Acquire());
  return ReadNow(*session);
}

}  // namespace guestpass::invite
