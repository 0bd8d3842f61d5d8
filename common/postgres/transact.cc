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
constexpr char kCommit[] = "COMMIT";

absl::Status OutcomeUnknown() {
  return Error(Reason::kOutcomeUnknown,
               "The connection to the database broke while it saved this: it may have been done, or not. "
               "Look, or repeat the call with the same id.");
}

// For a body that gave OK after a failure. Were it committed, a silent ROLLBACK would be the answer, or half
// of it would be done.
absl::Status NotAllDone(const Session& session) {
  if (session.broken()) return DatabaseUnavailable();
  return StatementError("25P02", "", "the transaction's body gave OK after a statement had failed");
}

void Rollback(Session& session) {
  if (session.broken() || PQtransactionStatus(session.connection()) == PQTRANS_IDLE) return;
  session.Script("ROLLBACK").IgnoreError();
}

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
  const absl::Status status = session.Script(kCommit);
  if (status.ok() || !session.broken() || isolation == Isolation::kSnapshot) return status;
  return OutcomeUnknown();
}

absl::Status Once(Pool& pool, Isolation isolation, absl::FunctionRef<absl::Status(Session&)> body) {
  ASSIGN_OR_RETURN(Lease lease, Begin(pool, isolation));
  absl::Status status = body(*lease);
  const bool sound = !lease->broken() && PQtransactionStatus(lease->connection()) == PQTRANS_INTRANS;
  if (status.ok()) status = sound ? Commit(*lease, isolation) : NotAllDone(*lease);
  if (!status.ok()) Rollback(*lease);
  return status;
}

absl::Duration Pause(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const double share = std::uniform_real_distribution<double>(0.5, 1.5)(random);
  return kFirstPause * (1 << (attempt - 1)) * share;
}

// Runs an attempt, and runs it again while a rival won.
absl::Status Insist(absl::FunctionRef<absl::Status()> attempt) {
  for (int count = 1;; ++count) {
    absl::Status status = attempt();
    if (!IsRerunnable(status) || count == kAttempts) return status;
    absl::SleepFor(Pause(count));
  }
}

}  // namespace

// One attempt at a transaction over one connection.
class PipelinedTransaction {
 public:
  PipelinedTransaction(Session& session, absl::string_view begin)
      : session_(session), pipeline_(session, begin) {}

  absl::Status Run(absl::FunctionRef<absl::Status(Pipeline&)> body) {
    absl::Status status = body(pipeline_);
    if (status.ok()) status = pipeline_.failed_ ? NotAllDone(session_) : Commit();
    if (!status.ok()) Rollback(session_);
    return status;
  }

  // Whether the connection was dead when it was first used, and nothing can have come of it.
  bool found_dead() const { return session_.broken() && !pipeline_.opened_ && !in_doubt_; }

 private:
  // A check that shared the COMMIT's round trip would come too late.
  absl::Status Commit() {
    for (const Pipeline::Statement& statement : pipeline_.queue_) {
      if (!statement.check) continue;
      RETURN_IF_ERROR(pipeline_.Run().status());
      break;
    }
    if (pipeline_.queue_.empty() && !pipeline_.sent()) return absl::OkStatus();
    pipeline_.Add(kCommit);
    const absl::Status status = pipeline_.Run().status();
    in_doubt_ = pipeline_.last_ == Pipeline::Last::kUnknown;
    if (in_doubt_) return OutcomeUnknown();
    return pipeline_.last_ == Pipeline::Last::kRan ? absl::OkStatus() : status;
  }

  Session& session_;
  Pipeline pipeline_;
  bool in_doubt_ = false;
};

namespace {

// Once more over another connection where the first was dead.
absl::Status OncePipelined(Pool& pool, absl::string_view begin,
                           absl::FunctionRef<absl::Status(Pipeline&)> body) {
  for (int connection = 1;; ++connection) {
    ASSIGN_OR_RETURN(const Lease lease, pool.Acquire());
    PipelinedTransaction transaction(*lease, begin);
    absl::Status status = transaction.Run(body);
    if (!transaction.found_dead() || connection == 2) return status;
  }
}

}  // namespace

absl::Status Transact(Pool& pool, Isolation isolation, absl::FunctionRef<absl::Status(Session&)> body) {
  return Insist([&] { return Once(pool, isolation, body); });
}

absl::Status TransactPipelined(Pool& pool, absl::FunctionRef<absl::Status(Pipeline&)> body) {
  return Insist([&] { return OncePipelined(pool, kBeginReadCommitted, body); });
}

absl::Status ReadPipelined(Pool& pool, absl::FunctionRef<void(Pipeline&)> queue) {
  const absl::Status status = OncePipelined(pool, kBeginSnapshot, [&](Pipeline& pipeline) {
    queue(pipeline);
    return absl::OkStatus();
  });
  return HasReason(status, Reason::kOutcomeUnknown) ? DatabaseUnavailable() : status;
}

}  // namespace guestpass::postgres
