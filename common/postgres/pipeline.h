// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/postgres/session.h"

namespace guestpass::postgres {

// Statements to be run one after another, later. For one thread.
class Statements {
 public:
  using Check = std::function<absl::Status(const Result&)>;

  // Queues a statement. `check` sees its result once it has run; its error becomes that of the run.
  void Add(absl::string_view sql, Params params = {}, Check check = nullptr);

  // The same, for who only wants to see the result once the run, or the commit, has it.
  void AddSeen(absl::string_view sql, Params params, std::function<void(const Result&)> see);

  // Queues a row of a statement that takes rows, as arrays of their columns ($1::text[], …). With those of
  // the same statement that are queued already it goes in one, in the place of the first: for rows of which
  // each is about something else, and which need nothing that is queued behind the first. To begin and end a
  // statement costs PostgreSQL more than one more row.
  void AddRow(absl::string_view sql, Params row);

  // Queues that the rest of the transaction waits no longer for a lock: OVERLOADED. Whole milliseconds.
  void LimitLockWaits(absl::Duration most);

  // Queues what `others` has, behind what is queued, its rows as AddRow; nothing is left there.
  void Append(Statements& others);

 protected:
  struct Statement {
    std::string sql;
    Params params;
    Check check;
    std::function<void(const Result&)> see;
    std::vector<Params> rows;  // instead of `params`
  };

  std::vector<Statement> queue_;
};

// Statements queued on one session and sent together: one round trip, however many they are. They run one
// after another, each in READ COMMITTED with a snapshot of its own, as if it had been sent alone: what
// follows a wait for a lock sees what its holder committed. Outside a transaction, what one Run sends is a
// transaction by itself. For one thread; the session outlives it, and does nothing else during a Run.
class Pipeline : public Statements {
 public:
  explicit Pipeline(Session& session) : session_(session) {}

  // Sends everything that is queued and gives its results in order, one for rows that go together; nothing
  // queued: none, and no round trip. The first error, of a statement or of a check, is returned. What was
  // queued behind a failed statement did not run; what was queued behind a failed check did. Errors: as
  // Session::Run; after FIELD_INVALID for a text with a NUL character nothing was sent. Afterwards the queue
  // is empty, and the session is of use again, or broken.
  absl::StatusOr<std::vector<Result>> Run();

  // Whether anything was ever sent; whether some Run gave an error.
  bool sent() const { return sent_; }
  bool failed() const { return failed_; }

 private:
  friend class PipelinedTransaction;

  enum class Last { kNotRun, kRan, kUnknown };

  // `opening` goes ahead of what is sent first. Its result is not among Run's.
  Pipeline(Session& session, absl::string_view opening) : session_(session), opening_(opening) {}

  std::vector<Statement> TakeQueue();
  absl::Status Exchange(const std::vector<Statement>& batch, std::vector<Result>& results);
  absl::Status Send(const std::vector<Statement>& batch, const std::vector<std::string>& names);
  absl::Status Receive(size_t count, std::vector<Result>& results);
  absl::Status Failed(const PGresult* result, size_t unanswered);

  Session& session_;
  const std::string opening_;
  bool sent_ = false;
  bool opened_ = false;        // what was sent first was answered
  bool failed_ = false;        // some Run gave an error
  Last last_ = Last::kNotRun;  // what became of the last statement of the last Run
};

}  // namespace guestpass::postgres
