// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/transact.h"

#include <random>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/postgres/errors.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::postgres {
namespace {

constexpr int kAttempts = 5;
constexpr absl::Duration kFirstPause = absl::Milliseconds(4);
constexpr char kBeginReadCommitted[] = "BEGIN ISOLATION LEVEL READ COMMITTED";
constexpr char kBeginSnapshot[] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

// A connection that died while it lay in the pool shows it here at the latest, and is replaced once.
absl::StatusOr<Lease> Begin(Pool& pool, Isolation isolation) {
  for (int attempt = 1;; ++attempt) {
    ASSIGN_OR_RETURN(Lease lease, pool.Acquire());
    const absl::Status status =
        lease->Script(isolation == Isolation::kSnapshot ? kBeginSnapshot : kBeginReadCommitted);
    if (status.ok()) return lease;
    if (!lease->broken() || attempt == 2) return status;
  }
}

absl::Status Commit(Session& session, Isolation isolation) {
  const absl::Status status = session.Script("COMMIT");
  if (status.ok() || !session.broken() || isolation == Isolation::kSnapshot) return status;
  return Error(Reason::kOutcomeUnknown,
               "The connection to the database broke while it saved this: it may have been done, or not. "
               "Look, or repeat the call with the same id.");
}

absl::Status Once(Pool& pool, Isolation isolation, absl::FunctionRef<absl::Status(Session&)> body) {
  ASSIGN_OR_RETURN(Lease lease, Begin(pool, isolation));
  absl::Status status = body(*lease);
  if (lease->broken()) return status.ok() ? DatabaseUnavailable() : status;
  // A body that went on after a failed statement would have its COMMIT answered by a silent ROLLBACK.
  if (status.ok() && PQtransactionStatus(lease->connection()) != PQTRANS_INTRANS) {
    status = StatementError("25P02", "", "the transaction's body gave OK after a statement had failed");
  }
  if (status.ok()) return Commit(*lease, isolation);
  lease->Script("ROLLBACK").IgnoreError();
  return status;
}

absl::Duration Pause(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const double share = std::uniform_real_distribution<double>(0.5, 1.5)(random);
  return kFirstPause * (1 << (attempt - 1)) * share;
}

}  // namespace

absl::Status Transact(Pool& pool, Isolation isolation, absl::FunctionRef<absl::Status(Session&)> body) {
  for (int attempt = 1;; ++attempt) {
    absl::Status status = Once(pool, isolation, body);
    if (!IsRerunnable(status) || attempt == kAttempts) return status;
    absl::SleepFor(Pause(attempt));
  }
}

}  // namespace guestpass::postgres
