// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gtest/gtest.h"
#include "services/membership/storage/postgres/membership_migrations.h"
#include "services/membership/storage/postgres/pg_access_reader.h"
#include "services/membership/storage/postgres/pg_membership_store.h"
#include "services/membership/storage/postgres/pg_upkeep.h"
#include "services/membership/testing/crowd_rows.h"
#include "services/membership/testing/silent.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::membership {

// A crowd, and what reads and changes it on a pool of one session, so that its plans are theirs and its
// counters can be told to report.
class Crowd {
 public:
  Crowd() {
    rows_.AddOrganizations(0, 0);
    rows_.AddMembers(0, 0, 0, 19);
    rows_.AddMembers(5, 5, 9, 9);
    rows_.AddConversations(0, 1);
    rows_.AddParts(0, 1, 2);
  }

  void Grow() {
    rows_.AddOrganizations(1, 99);
    rows_.AddMembers(0, 0, 20, 19999);
    rows_.AddMembers(1, 4, 0, 89);
    rows_.AddMembers(5, 5, 10, 4999);
    rows_.AddMembers(6, 7, 0, 89);
    rows_.AddMembers(8, 9, 0, 4999);
    rows_.AddMembers(10, 999, 0, 89);
    rows_.AddConversations(2, 19999);
    rows_.AddParts(2, 2, 1000);
    rows_.AddParts(3, 102, 1000);
  }

  // Makes both sessions tell what they have counted.
  void Flush() {
    constexpr char kFlush[] = "SELECT pg_stat_force_next_flush()";
    auto lease = pool_.Acquire();
    ASSERT_TRUE(lease.ok() && (**lease).Run(kFlush).ok());
    rows_.Run(kFlush);
  }

  // The id of somebody or something that there was not yet.
  template <typename IdType>
  IdType NewId() {
    return rows_.Id<IdType>("new", ++made_);
  }

  CrowdRows& rows() { return rows_; }
  PgMembershipStore& store() { return store_; }
  PgAccessReader& access() { return access_; }
  PgUpkeep& upkeep() { return upkeep_; }

 private:
  const harness::TestDatabase database_{MembershipMigrations()};
  CrowdRows rows_{database_.conninfo()};
  postgres::Pool pool_{database_.options(/*size=*/1)};
  Silent silent_;
  PgMembershipStore store_{pool_, silent_};
  PgAccessReader access_{pool_};
  PgUpkeep upkeep_{pool_};
  int made_ = 0;
};

}  // namespace guestpass::membership
