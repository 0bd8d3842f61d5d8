// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/postgres/pipeline.h"
#include "common/postgres/pool.h"
#include "common/postgres/session.h"

namespace guestpass::postgres {

enum class Isolation {
  kReadCommitted,
  kSnapshot,  // REPEATABLE READ READ ONLY: everything read is of one moment
};

// Runs `body` in one transaction: commits if it returns OK, else rolls back and returns its error. Blocks.
//
// After a serialization failure or a deadlock (which `body` passes on as it got it) everything runs again,
// five times in all with short random pauses, then ABORTED CONFLICT; so `body` assigns and never appends, and
// never publishes, calls or sleeps. Also OVERLOADED and DATABASE_UNAVAILABLE: nothing was changed.
// UNAVAILABLE OUTCOME_UNKNOWN where the connection broke around the commit: it may or may not have happened.
absl::Status Transact(Pool& pool, Isolation isolation, absl::FunctionRef<absl::Status(Session&)> body);

// As Transact in READ COMMITTED, for a body that queues. BEGIN goes out with the first statements that the
// body sends and COMMIT with the last, those that it left in the queue: a body that queues everything costs
// one round trip, and one that queues nothing none. Where one of those left has a check, they go out before
// COMMIT, alone, since a check that came with its answer could not stop it. A body that gives OK after a Run
// gave an error (its checks' too) is not committed: INTERNAL.
absl::Status TransactPipelined(Pool& pool, absl::FunctionRef<absl::Status(Pipeline&)> body);

// Reads all that `queue` queues from one snapshot, in one round trip. What sees the results may be called
// again, so it assigns and never appends. Errors as of Transact, without CONFLICT and OUTCOME_UNKNOWN.
absl::Status ReadPipelined(Pool& pool, absl::FunctionRef<void(Pipeline&)> queue);

}  // namespace guestpass::postgres
