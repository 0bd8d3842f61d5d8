// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/postgres/migrations.h"
#include "common/postgres/pool.h"
#include "tests/harness/servers/private_postgres.h"

namespace guestpass::harness {

// A database of one test's own: a copy of a template to which `migrations` were applied once in this process,
// on a PostgreSQL that the process starts when it first needs one and that ends with it. Without fsync, as
// nothing is kept. Make the first one on the main thread. Whatever goes wrong ends the test program with a
// message.
class TestDatabase {
 public:
  explicit TestDatabase(const std::vector<postgres::Migration>& migrations = {});

  const std::string& name() const { return name_; }
  std::string conninfo() const;

  // A pool's options for it.
  postgres::PoolOptions options(int size = 8) const;

  // This process's server, to stop and start it in tests of that.
  static PrivatePostgres& Server();

 private:
  std::string name_;
};

}  // namespace guestpass::harness
