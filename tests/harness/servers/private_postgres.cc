// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/servers/private_postgres.h"

#include <libpq-fe.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/postgres/session.h"
#include "common/status/macros.h"
#include "tests/harness/servers/places.h"

namespace guestpass::harness {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr int kLaunches = 20;
constexpr size_t kLongestForSocket = 80;

std::string Quoted(absl::string_view name) { return absl::StrCat("\"", name, "\""); }

std::vector<pid_t> ChildrenOf(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/task/", pid, "/children"));
  return {std::istream_iterator<pid_t>(file), std::istream_iterator<pid_t>()};
}

}  // namespace

absl::StatusOr<std::unique_ptr<PrivatePostgres>> PrivatePostgres::Start(PostgresOptions options) {
  std::unique_ptr<PrivatePostgres> server(new PrivatePostgres(std::move(options)));
  RETURN_IF_ERROR(server->Initialize());
  RETURN_IF_ERROR(server->Restart());
  return server;
}

PrivatePostgres::~PrivatePostgres() {
  Stop();
  std::error_code ignored;
  if (options_.directory.empty() && !directory_.empty()) std::filesystem::remove_all(directory_, ignored);
  if (socket_directory_ != directory_) std::filesystem::remove_all(socket_directory_, ignored);
}

absl::Status PrivatePostgres::Initialize() {
  if (options_.directory.empty()) {
    ASSIGN_OR_RETURN(directory_, MakeTempDirectory());
  } else {
    directory_ = std::filesystem::absolute(options_.directory).lexically_normal();
    RETURN_IF_ERROR(MakeDirectory(directory_));
  }
  socket_directory_ = directory_;
  if (directory_.size() > kLongestForSocket) {
    ASSIGN_OR_RETURN(socket_directory_, MakeTempDirectory());
  }
  if (options_.tcp) {
    ASSIGN_OR_RETURN(port_, FreePort());
  }
  if (std::filesystem::exists(directory_ + "/data/PG_VERSION")) return absl::OkStatus();
  return RunProgram({.args = {"initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8",
                              "--locale=C", "-D", directory_ + "/data"},
                     .output = log(),
                     .unprivileged = true},
                    kPatience);
}

std::string PrivatePostgres::conninfo(absl::string_view database, absl::string_view user) const {
  return absl::StrCat("host='", socket_directory_, "' port=", port_, " dbname=", database, " user=", user);
}

std::string PrivatePostgres::tcp_conninfo(absl::string_view database, absl::string_view user) const {
  return absl::StrCat("host=127.0.0.1 port=", port_, " dbname=", database, " user=", user);
}

absl::Status PrivatePostgres::Execute(absl::string_view database, absl::string_view sql) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<postgres::Session> session,
      postgres::Session::Connect(
          {.conninfo = conninfo(database), .application_name = "harness", .statement_timeout = kPatience}));
  return session->Script(sql);
}

absl::Status PrivatePostgres::CreateDatabase(absl::string_view name, absl::string_view from,
                                             absl::string_view owner) {
  std::string sql = absl::StrCat("CREATE DATABASE ", Quoted(name));
  if (!from.empty()) absl::StrAppend(&sql, " TEMPLATE ", Quoted(from));
  if (!owner.empty()) absl::StrAppend(&sql, " OWNER ", Quoted(owner));
  return Execute("postgres", sql);
}

void PrivatePostgres::Stop() {
  if (server_.has_value()) server_->Stop(SIGINT, kPatience);
  server_.reset();
}

void PrivatePostgres::Kill() {
  if (!server_.has_value()) return;
  server_->Signal(SIGSTOP);  // so that it makes no more children
  const std::vector<pid_t> children = ChildrenOf(server_->pid());
  server_->Stop(SIGKILL);
  for (pid_t child : children) kill(child, SIGKILL);
  server_.reset();
}

absl::Status PrivatePostgres::Restart() {
  Stop();
  const std::string probe = conninfo();
  // After a kill it refuses to start until its predecessor's backends have gone, so it may take several
  // times.
  for (int launch = 0; launch < kLaunches; ++launch) {
    RETURN_IF_ERROR(Launch());
    const absl::Time deadline = absl::Now() + kPatience;
    while (server_->Running() && absl::Now() < deadline) {
      if (PQping(probe.c_str()) == PQPING_OK) return absl::OkStatus();
      absl::SleepFor(absl::Milliseconds(10));
    }
    if (server_->Running()) break;
    absl::SleepFor(absl::Milliseconds(200));
  }
  return absl::InternalError(absl::StrCat("PostgreSQL does not start\n", Tail(log())));
}

absl::Status PrivatePostgres::Launch() {
  std::vector<std::string> args = {"postgres", "-D", directory_ + "/data"};
  std::vector<std::string> settings = {
      absl::StrCat("unix_socket_directories=", socket_directory_),
      absl::StrCat("listen_addresses=", options_.tcp ? "127.0.0.1" : ""),
      absl::StrCat("port=", port_),
      "max_connections=200",
  };
  if (!options_.durable) settings.insert(settings.end(), {"fsync=off", "full_page_writes=off"});
  settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
  for (const std::string& setting : settings) args.insert(args.end(), {"-c", setting});
  ASSIGN_OR_RETURN(
      Process server,
      Process::Start(
          {.args = std::move(args), .output = log(), .unprivileged = true, .death_signal = SIGQUIT}));
  server_.emplace(std::move(server));
  return absl::OkStatus();
}

}  // namespace guestpass::harness
