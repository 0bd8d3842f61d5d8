// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/auth/random.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "gtest/gtest.h"
#include "services/invite/storage/postgres/invite_migrations.h"
#include "services/invite/storage/postgres/pg_invite_store.h"
#include "services/invite/storage/postgres/pg_invite_upkeep.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::invite {

// A store on a database of its own, and short words for what tests of it do.
class PgInviteStoreTest : public testing::Test {
 protected:
  // What Create stores: by Bob, for an hour; an email invite is SENDING.
  Invite NewInvite(absl::string_view email = "ann@example.com");
  Invite NewLink(std::optional<int32_t> max_uses);

  // Each generation has its own secret.
  static std::string HashOf(const Invite& invite, int generation = 1);

  // Stores it, uncounted, or as CreateInvite does.
  absl::Status Create(const Invite& invite, uint64_t removed_n = 0);
  absl::Status CountAndCreate(const Invite& invite, const SendLimits& limits = {});
  absl::Status CountSend(Invite invite, bool mails = true, const SendLimits& limits = {});

  // The same within a transaction.
  static absl::Status Insert(InviteTx& tx, const Invite& invite);
  static absl::Status Count(InviteTx& tx, const Invite& invite, const SendLimits& limits = {});

  // As ResendInvite does, uncounted; `change` says what is new beside the generation.
  absl::StatusOr<Invite> Resend(const Invite& invite, absl::FunctionRef<void(Invite&)> change);
  absl::StatusOr<Presented> Present(const Invite& invite, int generation = 1);
  absl::Status Revoke(const Invite& invite);

  // Takes a use where one is left; ABORTED where none is.
  absl::StatusOr<Reservation> Reserve(const Invite& invite, const UserId& user);
  absl::Status Settle(const Reservation& reservation, bool joined);
  std::vector<Reservation> Open(const Invite& invite);

  // Asks one thing in a transaction of its own.
  template <typename T, typename Question>
  T Ask(Question question) {
    absl::StatusOr<T> answer = absl::UnknownError("not asked");
    const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
      answer = question(tx);
      return answer.status();
    });
    EXPECT_TRUE(status.ok()) << status;
    return answer.ok() ? *answer : T();
  }

  // A transaction that asks `body` and holds what it locks from when `holds` says so until `may_end` does.
  std::thread Holding(std::function<absl::Status(InviteTx&)> body, absl::Notification& holds,
                      absl::Notification& may_end);

  // Until so many sessions wait for an advisory lock.
  void AwaitWaiters(int count);

  // Runs `work` in so many threads at once, insisting where the pool is busy; gives how many were OK.
  int Race(int threads, std::function<absl::Status(int)> work);

  postgres::Result Run(const std::string& sql);
  int64_t Count(const std::string& sql) { return Run(sql).Int64(0, 0); }

  harness::TestDatabase database_{InviteMigrations()};
  postgres::Pool pool_{database_.options(16)};
  PgInviteStore store_{pool_};
  PgInviteUpkeep upkeep_{pool_};
  const WorkspaceId workspace_ = auth::NewId<WorkspaceId>();
  const UserId ann_ = auth::NewId<UserId>();
  const UserId bob_ = auth::NewId<UserId>();
};

// Everything that is stored of an invite, but for its uses.
void ExpectSame(const Invite& got, const Invite& want);

}  // namespace guestpass::invite
