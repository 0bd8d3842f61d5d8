// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include "services/invite/storage/postgres/store_fixture.h"

// That no statement reads more than it needs, by what the database counted while the store's own methods ran:
// with 100,000 invites, and with plans made while there were hardly any.
namespace guestpass::invite {
namespace {

constexpr int kTimes = 3;

constexpr char kGrow[] = R"sql(
  INSERT INTO invites (workspace, id, email, email_folded, role, channels, inviter, rights_n, check_us, state,
                       delivery, secret_hash, expire_us, create_us, end_us, max_uses, is_link)
  SELECT $1, 'crowd' || g, CASE WHEN g % 2 = 0 THEN g || '@example.com' END,
         CASE WHEN g % 2 = 0 THEN g || '@example.com' END, 'GUEST', '{}', $2, 1, 1,
         CASE WHEN g % 4 = 0 THEN 'REVOKED' ELSE 'PENDING' END, 'SENT', sha256(g::text::bytea),
         now_us() + 3600000000 + g, now_us() - g, CASE WHEN g % 4 = 0 THEN now_us() END,
         CASE WHEN g % 2 = 0 THEN 1 END, g % 2 = 1
  FROM generate_series(1, 100000) g
)sql";

constexpr char kGrowOthers[] = R"sql(
  INSERT INTO reservations (join_key, workspace, invite, user_id, state, create_us, settle_us)
  SELECT 'key' || g, $1, 'crowd' || g % 1000, 'user' || g, 'SPENT', g, g FROM generate_series(1, 100000) g
)sql";

constexpr char kGrowSends[] = R"sql(
  INSERT INTO sends (workspace, invite, generation, inviter, address_hash, mails, at_us)
  SELECT $1, 'crowd' || g, 1, 'user' || g % 1000, sha256(g::text::bytea), true, now_us() - g
  FROM generate_series(1, 100000) g
)sql";

constexpr char kScanned[] = R"sql(
  SELECT relname, seq_scan FROM pg_stat_user_tables WHERE seq_scan > 0 AND relname <> 'schema_migrations'
)sql";

constexpr char kRead[] = R"sql(
  SELECT coalesce(sum(idx_tup_read), 0)::bigint,
         string_agg(indexrelname || ' ' || idx_tup_read, ', ' ORDER BY idx_tup_read DESC)
  FROM pg_stat_user_indexes WHERE idx_tup_read > 0
)sql";

class PlansTest : public PgInviteStoreTest {
 protected:
  // A method, and how many entries of indexes it may read.
  struct Query {
    std::string name;
    int64_t most;
    std::function<absl::Status()> run;
  };

  template <typename Answer>
  static absl::Status StatusOf(const absl::StatusOr<Answer>& answer) {
    return answer.status();
  }

  absl::Status In(std::function<absl::Status(InviteTx&)> body) { return one_store_.Transact(body); }

  std::vector<Query> Queries() {
    std::vector<Query> queries = Changes();
    const InviteFilter pending = {.workspace = workspace_, .states = {State::kPending}};
    const InvitePlace middle = {*store_.Now() - absl::Microseconds(50'000), auth::NewId<InviteId>()};
    queries.push_back({"List", 80, [=, this] { return StatusOf(one_store_.List(pending, middle, 50)); }});
    queries.push_back({"Get", 5, [this] { return StatusOf(one_store_.Get(email_.name)); }});
    queries.push_back(
        {"AbandonedReservations", 5, [this] { return StatusOf(upkeep_one_.AbandonedReservations(10)); }});
    queries.push_back({"EndLeases", 5, [this] { return StatusOf(upkeep_one_.EndLeases(10)); }});
    queries.push_back({"MarkExpired", 5, [this] { return StatusOf(upkeep_one_.MarkExpired(10)); }});
    queries.push_back(
        {"PurgeReservations", 5, [this] { return StatusOf(upkeep_one_.PurgeReservations(10)); }});
    queries.push_back({"Purge", 5, [this] { return StatusOf(upkeep_one_.Purge(10)); }});
    queries.push_back({"ForgetSends", 5, [this] { return StatusOf(upkeep_one_.ForgetSends(10)); }});
    queries.push_back({"ForgetAnswers", 5, [this] { return StatusOf(upkeep_one_.ForgetAnswers(10)); }});
    queries.push_back({"CountDue", 5, [this] { return StatusOf(upkeep_one_.CountDue(10)); }});
    queries.push_back(
        {"EraseAddress", 5, [this] { return StatusOf(upkeep_one_.EraseAddress("nobody@example.com", 10)); }});
    return queries;
  }

  std::vector<Query> Changes() {
    const auto redeem = [this](const Invite& invite, bool settles) {
      return [=, this]() -> absl::Status {
        Reservation reservation{.join_key = auth::NewSecret(), .invite = invite.name, .user = ann_};
        RETURN_IF_ERROR(In([&](InviteTx& tx) -> absl::Status {
          RETURN_IF_ERROR(tx.GetBySecret(HashOf(invite), {ann_}).status());
          reservation.create_time = tx.Now();
          return tx.Reserve(reservation, invite.unlimited());
        }));
        if (settles) return In([&](InviteTx& tx) { return tx.Settle(reservation, false); });
        return one_store_.SettleUnlimited({{reservation, false}});
      };
    };
    return {
        {"redeeming an email invite", 30, redeem(email_, true)},
        {"redeeming a link", 30, redeem(link_, false)},
        {"creating", 30,
         [this] {
           const Invite invite = NewInvite(absl::StrCat("new", ++made_, "@example.com"));
           return In([&](InviteTx& tx) -> absl::Status {
             RETURN_IF_ERROR(Count(tx, invite));
             RETURN_IF_ERROR(tx.EndStale(workspace_, invite.address.folded, 1));
             RETURN_IF_ERROR(Insert(tx, invite));
             return StatusOf(tx.SetDelivery(invite.name, 1, Delivery::kSent));
           });
         }},
        {"creating and taking it back", 40,
         [this] {
           const Invite invite = NewInvite(absl::StrCat("new", ++made_, "@example.com"));
           return In([&](InviteTx& tx) -> absl::Status {
             RETURN_IF_ERROR(Count(tx, invite, {.per_inviter_and_hour = 1000}));
             RETURN_IF_ERROR(Insert(tx, invite));
             RETURN_IF_ERROR(tx.SetUndelivered(invite.name, 2).status());
             return StatusOf(tx.UndoInsert(invite.name));
           });
         }},
        {"revoking and repeating", 20,
         [this] {
           const RequestKey key = {.caller = "a", .method = "b", .id = absl::StrCat(++made_), .hash = "d"};
           return In([&](InviteTx& tx) -> absl::Status {
             RETURN_IF_ERROR(tx.Lock(email_.name).status());
             RETURN_IF_ERROR(tx.SetState({workspace_, auth::NewId<InviteId>()}, State::kRevoked));
             RETURN_IF_ERROR(tx.KeepAnswer(key, "e", "f"));
             return tx.ForgetAnswer(key);
           });
         }},
        {"resending and undoing it", 40,
         [this] {
           return In([&](InviteTx& tx) -> absl::Status {
             ASSIGN_OR_RETURN(Invite invite, tx.Lock(email_.name));
             invite.delivery = Delivery::kSending;
             invite.resend_time = tx.Now();
             ++invite.generation;
             RETURN_IF_ERROR(tx.Resend(invite, auth::RandomBytes(32), tx.Now() + absl::Hours(1)));
             RETURN_IF_ERROR(tx.RenewLease(invite.name, invite.generation, tx.Now()).status());
             return StatusOf(tx.UndoResend(invite.name, invite.generation));
           });
         }},
        {"looking at reservations", 20,
         [this] {
           return In([&](InviteTx& tx) -> absl::Status {
             RETURN_IF_ERROR(tx.OpenReservations(link_.name, {}).status());
             RETURN_IF_ERROR(tx.CountJoined(link_.name).status());
             RETURN_IF_ERROR(tx.ReservationOf(link_.name, ann_).status());
             return StatusOf(tx.AnswerTo({.caller = "a", .method = "b", .id = "c", .hash = "d"}));
           });
         }},
    };
  }

  void Grow() {
    const auto session = pool_.Acquire();
    for (const char* sql : {kGrow, kGrowOthers, kGrowSends}) {
      auto params = postgres::Params::Of(workspace_);
      if (sql == kGrow) params.Add(bob_);
      ASSERT_TRUE((*session)->Run(sql, params).ok());
    }
  }

  void Flush() { ASSERT_TRUE((**one_.Acquire()).Run("SELECT pg_stat_force_next_flush()").ok()); }

  void ExpectFrugal(const Query& query) {
    Flush();
    Run("SELECT pg_stat_reset()");
    for (int time = 0; time < kTimes; ++time) ASSERT_TRUE(query.run().ok()) << query.name << query.run();
    Flush();
    const auto scanned = Run(kScanned);
    for (int row = 0; row < scanned.rows(); ++row) {
      ADD_FAILURE() << query.name << " scans " << scanned.Text(row, 0);
    }
    const auto read = Run(kRead);
    EXPECT_LE(read.Int64(0, 0), query.most * kTimes) << query.name << " read " << read.Text(0, 1);
  }

  // One session, so that plans and counters are its own.
  postgres::Pool one_{database_.options(1)};
  PgInviteStore one_store_{one_};
  PgInviteUpkeep upkeep_one_{one_};
  Invite email_ = NewInvite(), link_ = NewLink(std::nullopt);
  int made_ = 0;
};

TEST_F(PlansTest, NothingReadsMoreThanItNeedsThoughItWasPlannedWhileTablesWereEmpty) {
  email_.delivery = Delivery::kSent;
  ASSERT_TRUE(Create(email_).ok());
  ASSERT_TRUE(Create(link_).ok());
  const std::vector<Query> queries = Queries();
  for (const Query& query : queries) ASSERT_TRUE(query.run().ok()) << query.name << query.run();
  Grow();
  for (const Query& query : queries) ExpectFrugal(query);
}

TEST_F(PlansTest, NothingReadsMoreThanItNeedsPlannedWithACrowd) {
  email_.delivery = Delivery::kSent;
  ASSERT_TRUE(Create(email_).ok());
  ASSERT_TRUE(Create(link_).ok());
  Grow();
  Run("ANALYZE");
  for (const Query& query : Queries()) {
    ASSERT_TRUE(query.run().ok()) << query.name << query.run();
    ExpectFrugal(query);
  }
}

}  // namespace
}  // namespace guestpass::invite
