// SPDX-License-Identifier: Apache-2.0
#include "services/invite/storage/postgres/store_fixture.h"

#include <atomic>

#include "common/status/macros.h"
#include "services/invite/domain/errors.h"
#include "tests/harness/eventually.h"

namespace guestpass::invite {
namespace {

constexpr char kWaiters[] = R"sql(
  SELECT count(*) FROM pg_locks
  WHERE NOT granted AND locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)sql";

}  // namespace

Invite PgInviteStoreTest::NewInvite(absl::string_view email) {
  const absl::Time now = *store_.Now();
  return {.name = {workspace_, auth::NewId<InviteId>()},
          .address = *mail::ParseAddress(email),
          .channels = {auth::NewId<ChannelId>(), auth::NewId<ChannelId>()},
          .guest_expiry = absl::Seconds(3),
          .inviter = bob_,
          .rights_n = 7,
          .check_time = now - absl::Seconds(1),
          .workspace_display_name = "Acme",
          .expire_time = now + absl::Hours(1),
          .create_time = now};
}

Invite PgInviteStoreTest::NewLink(std::optional<int32_t> max_uses) {
  Invite invite = NewInvite();
  invite.address = {};
  invite.link = Link{.max_uses = max_uses};
  invite.delivery = Delivery::kNotMailed;
  return invite;
}

std::string PgInviteStoreTest::HashOf(const Invite& invite, int generation) {
  return auth::Sha256(absl::StrCat(invite.name.invite.text(), generation));
}

absl::Status PgInviteStoreTest::Create(const Invite& invite, uint64_t removed_n) {
  return store_.Transact([&](InviteTx& tx) -> absl::Status {
    RETURN_IF_ERROR(tx.EndStale(invite.name.workspace, invite.address.folded, removed_n));
    return Insert(tx, invite);
  });
}

absl::Status PgInviteStoreTest::Insert(InviteTx& tx, const Invite& invite) {
  ASSIGN_OR_RETURN(const auto inserted, tx.Insert({{invite, HashOf(invite), tx.Now() + absl::Minutes(1)}}));
  return inserted[0] ? absl::OkStatus() : InvitePendingForEmail();
}

absl::Status PgInviteStoreTest::CountAndCreate(const Invite& invite, const SendLimits& limits) {
  return store_.Transact([&](InviteTx& tx) -> absl::Status {
    RETURN_IF_ERROR(Count(tx, invite, limits));
    RETURN_IF_ERROR(tx.EndStale(invite.name.workspace, invite.address.folded, 0));
    return Insert(tx, invite);
  });
}

absl::Status PgInviteStoreTest::Count(InviteTx& tx, const Invite& invite, const SendLimits& limits) {
  RETURN_IF_ERROR(tx.JudgeSend(invite, limits));
  return tx.CountSend(invite);
}

absl::Status PgInviteStoreTest::CountSend(Invite invite, bool mails, const SendLimits& limits) {
  if (!mails) invite.delivery = Delivery::kNotMailed;
  return store_.Transact([&](InviteTx& tx) { return Count(tx, invite, limits); });
}

absl::StatusOr<Invite> PgInviteStoreTest::Resend(const Invite& invite,
                                                 absl::FunctionRef<void(Invite&)> change) {
  Invite resent;
  RETURN_IF_ERROR(store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(resent, tx.Lock(invite.name));
    ++resent.generation;
    resent.resend_time = tx.Now();
    change(resent);
    return tx.Resend(resent, HashOf(resent, resent.generation), tx.Now() + absl::Minutes(1));
  }));
  return resent;
}

absl::StatusOr<Presented> PgInviteStoreTest::Present(const Invite& invite, int generation) {
  Presented presented;
  RETURN_IF_ERROR(store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(presented, tx.GetBySecret(HashOf(invite, generation), {ann_}));
    return absl::OkStatus();
  }));
  return presented;
}

absl::Status PgInviteStoreTest::Revoke(const Invite& invite) {
  return store_.Transact([&](InviteTx& tx) -> absl::Status {
    RETURN_IF_ERROR(tx.Lock(invite.name).status());
    return tx.SetState(invite.name, State::kRevoked);
  });
}

absl::StatusOr<Reservation> PgInviteStoreTest::Reserve(const Invite& invite, const UserId& user) {
  Reservation reservation;
  RETURN_IF_ERROR(store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Presented presented, tx.GetBySecret(HashOf(invite), {user}));
    const Invite& found = presented.invite;
    if (found.spent + found.reserved >= found.max_uses()) return absl::AbortedError("none left");
    if (found.state != State::kPending) return absl::AbortedError("ended");
    reservation = {
        .join_key = auth::NewSecret(), .invite = invite.name, .user = user, .create_time = tx.Now()};
    return tx.Reserve(reservation, found.unlimited());
  }));
  return reservation;
}

absl::Status PgInviteStoreTest::Settle(const Reservation& reservation, bool joined) {
  return store_.Transact([&](InviteTx& tx) { return tx.Settle(reservation, joined); });
}

std::vector<Reservation> PgInviteStoreTest::Open(const Invite& invite) {
  return Ask<std::vector<Reservation>>([&](InviteTx& tx) { return tx.OpenReservations(invite.name, {}); });
}

std::thread PgInviteStoreTest::Holding(std::function<absl::Status(InviteTx&)> body, absl::Notification& holds,
                                       absl::Notification& may_end) {
  return std::thread([this, body = std::move(body), &holds, &may_end] {
    EXPECT_TRUE(store_
                    .Transact([&](InviteTx& tx) -> absl::Status {
                      RETURN_IF_ERROR(body(tx));
                      holds.Notify();
                      may_end.WaitForNotification();
                      return absl::OkStatus();
                    })
                    .ok());
  });
}

void PgInviteStoreTest::AwaitWaiters(int count) {
  EXPECT_TRUE(harness::Eventually(absl::Seconds(10), [&] { return Count(kWaiters) == count; }));
}

int PgInviteStoreTest::Race(int threads, std::function<absl::Status(int)> work) {
  std::atomic<int> succeeded = 0;
  std::vector<std::thread> racers;
  for (int i = 0; i < threads; ++i) {
    racers.emplace_back([&, i] {
      absl::Status status = absl::OkStatus();
      do status = work(i);
      while (HasReason(status, Reason::kOverloaded));
      succeeded += status.ok();
    });
  }
  for (std::thread& racer : racers) racer.join();
  return succeeded;
}

postgres::Result PgInviteStoreTest::Run(const std::string& sql) {
  const auto session = pool_.Acquire();
  auto result = (*session)->Run(sql);
  EXPECT_TRUE(result.ok()) << result.status();
  return std::move(*result);
}

void ExpectSame(const Invite& got, const Invite& want) {
  EXPECT_EQ(got.name, want.name);
  EXPECT_EQ(got.address, want.address);
  EXPECT_EQ(got.link.has_value(), want.link.has_value());
  EXPECT_EQ(got.link.value_or(Link()).max_uses, want.link.value_or(Link()).max_uses);
  EXPECT_EQ(got.link.value_or(Link()).allow_unverified, want.link.value_or(Link()).allow_unverified);
  EXPECT_EQ(got.role, want.role);
  EXPECT_EQ(got.channels, want.channels);
  EXPECT_EQ(got.guest_expiry, want.guest_expiry);
  EXPECT_EQ(got.inviter, want.inviter);
  EXPECT_EQ(got.rights_n, want.rights_n);
  EXPECT_EQ(got.check_time, want.check_time);
  EXPECT_EQ(got.workspace_display_name, want.workspace_display_name);
  EXPECT_EQ(got.state, want.state);
  EXPECT_EQ(got.delivery, want.delivery);
  EXPECT_EQ(got.expire_time, want.expire_time);
  EXPECT_EQ(got.create_time, want.create_time);
  EXPECT_EQ(got.resend_time, want.resend_time);
  EXPECT_EQ(got.generation, want.generation);
  EXPECT_EQ(got.redeemed_by, want.redeemed_by);
}

}  // namespace guestpass::invite
