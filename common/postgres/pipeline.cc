// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/pipeline.h"

#include <algorithm>
#include <utility>

#include "common/postgres/errors.h"
#include "common/status/macros.h"

namespace guestpass::postgres {

void Statements::Add(absl::string_view sql, Params params, Check check) {
  queue_.push_back({.sql = std::string(sql), .params = std::move(params), .check = std::move(check)});
}

void Statements::AddSeen(absl::string_view sql, Params params, std::function<void(const Result&)> see) {
  queue_.push_back({.sql = std::string(sql), .params = std::move(params), .see = std::move(see)});
}

void Statements::AddRow(absl::string_view sql, Params row) {
  auto found = std::find_if(queue_.begin(), queue_.end(), [sql](const Statement& queued) {
    return !queued.rows.empty() && queued.sql == sql;
  });
  if (found == queue_.end()) found = queue_.insert(found, {.sql = std::string(sql)});
  found->rows.push_back(std::move(row));
}

void Statements::LimitLockWaits(absl::Duration most) {
  Add("SELECT set_config('lock_timeout', $1, true)",
      Params::Of(absl::StrCat(absl::ToInt64Milliseconds(most), "ms")));
}

void Statements::Append(Statements& others) {
  for (Statement& statement : others.queue_) {
    if (statement.rows.empty()) {
      queue_.push_back(std::move(statement));
    } else {
      for (Params& row : statement.rows) AddRow(statement.sql, std::move(row));
    }
  }
  others.queue_.clear();
}

absl::StatusOr<std::vector<Result>> Pipeline::Run() {
  last_ = Last::kNotRun;
  std::vector<Statement> batch = TakeQueue();
  if (batch.empty()) return std::vector<Result>();
  const bool opens = !opened_ && !opening_.empty();
  if (opens) batch.insert(batch.begin(), Statement{.sql = opening_});
  std::vector<Result> results;
  absl::Status failure = Exchange(batch, results);
  opened_ = opened_ || !results.empty();
  for (size_t i = 0; i < results.size(); ++i) {
    if (batch[i].see) batch[i].see(results[i]);
    absl::Status checked = batch[i].check ? batch[i].check(results[i]) : absl::OkStatus();
    if (checked.ok()) continue;
    failure = std::move(checked);
    break;
  }
  if (!failure.ok()) {
    failed_ = true;
    return failure;
  }
  if (opens) results.erase(results.begin());
  return results;
}

std::vector<Statements::Statement> Pipeline::TakeQueue() {
  for (Statement& statement : queue_) {
    if (!statement.rows.empty()) statement.params = Params::ColumnsOf(statement.rows);
  }
  return std::exchange(queue_, {});
}

absl::Status Pipeline::Exchange(const std::vector<Statement>& batch, std::vector<Result>& results) {
  for (const Statement& statement : batch) RETURN_IF_ERROR(Session::CheckText(statement.params));
  // A connection that is known to be dead is not written to: what it would have done is then no question.
  if (session_.broken() || (!opening_.empty() && !sent_ && !session_.Silent())) {
    return session_.ErrorOf(nullptr);
  }
  std::vector<std::string> names;
  for (const Statement& statement : batch) {
    ASSIGN_OR_RETURN(std::string name, session_.Prepare(statement.sql));
    names.push_back(std::move(name));
  }
  RETURN_IF_ERROR(Send(batch, names));
  return Receive(batch.size(), results);
}

absl::Status Pipeline::Send(const std::vector<Statement>& batch, const std::vector<std::string>& names) {
  sent_ = true;
  if (PQenterPipelineMode(session_.connection()) != 1) return session_.ErrorOf(nullptr);
  for (size_t i = 0; i < batch.size(); ++i) {
    if (i + 1 == batch.size()) last_ = Last::kUnknown;
    RETURN_IF_ERROR(session_.Send(names[i], batch[i].params));
  }
  if (PQpipelineSync(session_.connection()) != 1) return session_.ErrorOf(nullptr);
  return absl::OkStatus();
}

absl::Status Pipeline::Receive(size_t count, std::vector<Result>& results) {
  absl::Status failure;
  while (!session_.broken()) {
    const size_t unanswered = count - results.size();
    const absl::Status lost = session_.Await(static_cast<int>(std::max<size_t>(1, unanswered)));
    if (!lost.ok()) return failure.ok() ? lost : failure;
    PGresult* raw = PQgetResult(session_.connection());
    if (raw == nullptr) continue;  // stands between two statements' results
    Result result(raw);
    const ExecStatusType status = PQresultStatus(raw);
    if (status == PGRES_PIPELINE_SYNC) {
      if (PQexitPipelineMode(session_.connection()) != 1) return session_.ErrorOf(nullptr);
      return failure;
    }
    if (status == PGRES_PIPELINE_ABORTED) continue;
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) {
      results.push_back(std::move(result));
      if (results.size() == count) last_ = Last::kRan;
      continue;
    }
    const absl::Status error = Failed(raw, unanswered);
    if (failure.ok()) failure = error;
  }
  return failure.ok() ? session_.ErrorOf(nullptr) : failure;
}

// The server works in order: where it says that it failed earlier, or ended there, the last one did not run.
// Where a connection broke without a word, the server may have gone on.
absl::Status Pipeline::Failed(const PGresult* result, size_t unanswered) {
  const bool told = PQresultErrorField(result, PG_DIAG_SQLSTATE) != nullptr;
  absl::Status error = session_.ErrorOf(result);
  const bool ended = SqlState(error).empty();
  if (told && (!ended || unanswered > 1)) last_ = Last::kNotRun;
  return error;
}

}  // namespace guestpass::postgres
