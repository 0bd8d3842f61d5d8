// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/session.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/postgres/errors.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::postgres {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(1);

// How many of a pipeline's statements may wait for as long as one may.
constexpr int kSlowStatements = 6;

// Finds a dead peer within 20 s, whether the session waits for an answer or has data under way.
constexpr const char* kSettings[][2] = {
    {"client_encoding", "UTF8"}, {"tcp_user_timeout", "20000"}, {"keepalives", "1"},
    {"keepalives_idle", "10"},   {"keepalives_interval", "3"},  {"keepalives_count", "3"},
};

absl::string_view Field(const PGresult* result, int field) {
  const char* text = result == nullptr ? nullptr : PQresultErrorField(result, field);
  return text == nullptr ? absl::string_view() : text;
}

bool Failed(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY;
}

bool IsCopy(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

// Statements are prepared once and run often, and each is written for an index: it is planned once, not for
// the tables as they are while nearly empty, and never compiled.
constexpr char kPlanning[] =
    "; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off";

PGconn* Dial(const SessionOptions& options) {
  const std::string timeout = absl::StrCat(
      std::max<int64_t>(2, absl::ToInt64Seconds(absl::Ceil(options.connect_timeout, absl::Seconds(1)))));
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : kSettings) {
    keys.push_back(key);
    values.push_back(value);
  }
  keys.insert(keys.end(), {"application_name", "connect_timeout", "dbname", nullptr});
  values.insert(values.end(),
                {options.application_name.c_str(), timeout.c_str(), options.conninfo.c_str(), nullptr});
  return PQconnectdbParams(keys.data(), values.data(), /*expand_dbname=*/1);
}

std::string Greeting(absl::Duration statement_timeout) {
  const int64_t milliseconds =
      statement_timeout == absl::InfiniteDuration() ? 0 : absl::ToInt64Milliseconds(statement_timeout);
  return absl::StrCat("SET statement_timeout = ", milliseconds,
                      "; SET idle_in_transaction_session_timeout = '30s'; SET timezone = 'UTC'", kPlanning);
}

// As poll takes it.
int Milliseconds(absl::Duration time) {
  if (time == absl::InfiniteDuration()) return -1;
  return static_cast<int>(std::clamp<int64_t>(absl::ToInt64Milliseconds(time), 0, INT_MAX));
}

}  // namespace

absl::Status CheckConninfo(absl::string_view conninfo) {
  PQconninfoOption* parsed = PQconninfoParse(std::string(conninfo).c_str(), nullptr);
  if (parsed == nullptr) {
    return absl::InvalidArgumentError(
        "is not a connection string of PostgreSQL; write it as \"host=… dbname=… user=…\" or "
        "\"postgresql://user@host/dbname\"");
  }
  PQconninfoFree(parsed);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Session>> Session::Connect(const SessionOptions& options) {
  std::unique_ptr<Session> session(new Session(Dial(options), options.statement_timeout));
  PGconn* connection = session->connection();
  if (connection == nullptr || PQstatus(connection) != CONNECTION_OK) {
    return StatementError("", "", PQerrorMessage(connection));
  }
  PQsetNoticeReceiver(
      connection, [](void*, const PGresult*) {}, nullptr);
  if (PQsetnonblocking(connection, 1) != 0) return session->ErrorOf(nullptr);
  RETURN_IF_ERROR(session->Script(Greeting(options.statement_timeout)));
  return session;
}

absl::StatusOr<Result> Session::Run(absl::string_view sql, const Params& params) {
  RETURN_IF_ERROR(CheckText(params));
  ASSIGN_OR_RETURN(const std::string name, Prepare(sql));
  RETURN_IF_ERROR(Send(name, params));
  return Finished();
}

absl::Status Session::Script(absl::string_view sql) {
  if (PQsendQuery(connection(), std::string(sql).c_str()) == 0) return ErrorOf(nullptr);
  return Finished().status();
}

absl::StatusOr<std::string> Session::Prepare(absl::string_view sql) {
  const auto found = prepared_.find(sql);
  if (found != prepared_.end()) return found->second;
  std::string name = absl::StrCat("s", prepared_.size());
  const std::string text(sql);
  if (PQsendPrepare(connection(), name.c_str(), text.c_str(), 0, nullptr) == 0) return ErrorOf(nullptr);
  RETURN_IF_ERROR(Finished().status());
  prepared_.emplace(text, name);
  return name;
}

absl::Status Session::Send(const std::string& name, const Params& params) {
  const std::vector<const char*> values = params.Values();
  const std::vector<int> lengths = params.Lengths();
  const int sent = PQsendQueryPrepared(connection(), name.c_str(), params.size(), values.data(),
                                       lengths.data(), params.formats().data(), /*resultFormat=*/0);
  return sent == 1 ? absl::OkStatus() : ErrorOf(nullptr);
}

absl::Status Session::CheckText(const Params& params) {
  if (!params.has_nul()) return absl::OkStatus();
  return FieldInvalid("text", "has a NUL character, which cannot be stored; leave it out");
}

bool Session::broken() const { return given_up_ || PQstatus(connection_.get()) != CONNECTION_OK; }

absl::Status Session::ErrorOf(const PGresult* result) {
  const absl::string_view sqlstate = Field(result, PG_DIAG_SQLSTATE);
  const absl::string_view severity = Field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  // What was prepared for a schema of yesterday, or at a primary that no longer is one, is prepared anew
  // elsewhere.
  const bool stale = sqlstate == "0A000" || sqlstate == "26000" || sqlstate == "25006";
  const bool lost = result == nullptr || severity == "FATAL" || severity == "PANIC" ||
                    PQstatus(connection()) != CONNECTION_OK;
  given_up_ = given_up_ || stale || lost || IsCopy(result);
  const absl::string_view message = Field(result, PG_DIAG_MESSAGE_PRIMARY);
  return StatementError(lost               ? ""
                        : sqlstate.empty() ? "XX000"
                                           : sqlstate,
                        Field(result, PG_DIAG_CONSTRAINT_NAME),
                        message.empty() ? PQerrorMessage(connection()) : message);
}

absl::Status Session::Await(int statements) {
  const auto start = std::chrono::steady_clock::now();
  const absl::Duration patience = std::min(statements, kSlowStatements) * statement_timeout_ + kGrace;
  while (PQisBusy(connection()) == 1) {
    const int unsent = PQflush(connection());
    if (unsent < 0) return ErrorOf(nullptr);
    const auto events = static_cast<short>(unsent == 0 ? POLLIN : POLLIN | POLLOUT);
    pollfd socket = {.fd = PQsocket(connection()), .events = events, .revents = 0};
    const absl::Duration waited = absl::FromChrono(std::chrono::steady_clock::now() - start);
    const int ready = poll(&socket, 1, Milliseconds(patience - waited));
    if (ready == 0) {
      given_up_ = true;
      return StatementError("", "", "no answer in time");
    }
    if (ready < 0 && errno == EINTR) continue;
    if (PQconsumeInput(connection()) == 0) return ErrorOf(nullptr);
  }
  return absl::OkStatus();
}

bool Session::Silent() const {
  pollfd socket = {.fd = PQsocket(connection_.get()), .events = POLLIN, .revents = 0};
  return poll(&socket, 1, 0) == 0;
}

absl::StatusOr<Result> Session::Finished() {
  Result last(nullptr);
  absl::Status status;
  while (true) {
    RETURN_IF_ERROR(Await());
    PGresult* next = PQgetResult(connection());
    if (next == nullptr) break;
    Result result(next);
    if (Failed(next)) {
      if (status.ok()) status = ErrorOf(next);
      if (IsCopy(next)) break;
    }
    last = std::move(result);
  }
  if (!status.ok()) return status;
  return last;
}

}  // namespace guestpass::postgres
