// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/servers/test_database.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/postgres/session.h"

namespace guestpass::harness {
namespace {

void OrDie(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "TestDatabase: %s\n", status.ToString().c_str());
  std::abort();
}

// The server, and the template of each set of migrations that was asked for, by their SQL.
struct Shared {
  std::unique_ptr<PrivatePostgres> server;
  std::map<std::string, std::string> templates;
  int databases = 0;
};

Shared& TheShared() {
  static Shared shared;
  if (shared.server == nullptr) {
    absl::StatusOr<std::unique_ptr<PrivatePostgres>> server = PrivatePostgres::Start();
    OrDie(server.status());
    shared.server = *std::move(server);
  }
  return shared;
}

std::string TemplateOf(Shared& shared, const std::vector<postgres::Migration>& migrations) {
  if (migrations.empty()) return "template1";
  std::string key;
  for (const postgres::Migration& migration : migrations) absl::StrAppend(&key, migration.sql, "\n\n");
  std::string& name = shared.templates[key];
  if (!name.empty()) return name;
  name = absl::StrCat("template_", shared.templates.size());
  OrDie(shared.server->CreateDatabase(name));
  const auto session = postgres::Session::Connect({.conninfo = shared.server->conninfo(name)});
  OrDie(session.status());
  OrDie(postgres::Migrations("test", migrations).Up(**session).status());
  return name;
}

}  // namespace

TestDatabase::TestDatabase(const std::vector<postgres::Migration>& migrations) {
  Shared& shared = TheShared();
  const std::string from = TemplateOf(shared, migrations);
  name_ = absl::StrCat("test_", ++shared.databases);
  OrDie(shared.server->CreateDatabase(name_, from));
}

std::string TestDatabase::conninfo() const { return Server().conninfo(name_); }

postgres::PoolOptions TestDatabase::options(int size) const {
  return {.conninfo = conninfo(), .size = size, .application_name = "test"};
}

PrivatePostgres& TestDatabase::Server() { return *TheShared().server; }

}  // namespace guestpass::harness
