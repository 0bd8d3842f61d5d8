// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/postgres/pool.h"
#include "common/postgres/session.h"
#include "common/rights/ids.h"
#include "services/membership/storage/postgres/pg_access_reader.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::membership {

// Rows of a test's own, put into membership's tables as they stand, and an AccessReader of them. Names are
// the test's: "ann", "general"; each names one id of each kind. For one thread.
class AccessRows {
 public:
  AccessRows();

  static UserId User(const std::string& name);
  static ChannelId Channel(const std::string& name);
  static WorkspaceId Workspace(const std::string& name);
  static OrganizationId Organization(const std::string& name);

  void AddWorkspace(const std::string& name, const std::string& organization, int shard);
  void AddOrganizationMember(const std::string& organization, const std::string& user,
                             const std::string& role);
  void AddChannel(const std::string& workspace, const std::string& name, const std::string& kind);
  void AddMember(const std::string& workspace, const std::string& user, const std::string& role);
  // `access_end_time` is a day after `expire_time`; the infinite future: neither.
  void AddGuest(const std::string& workspace, const std::string& user, const std::string& granted,
                absl::Time expire_time = absl::InfiniteFuture());
  void AddParticipant(const std::string& channel, const std::string& user);

  // Any statement, which must succeed.
  postgres::Result Run(absl::string_view sql, const postgres::Params& params = {});

  // By the database's clock.
  absl::Time Now();

  // One connection, so that a test can ask the one that was read on.
  postgres::Pool& pool() { return pool_; }
  AccessReader& reader() { return reader_; }
  std::unique_ptr<postgres::Session> NewSession() const;

 private:
  harness::TestDatabase database_;
  const std::unique_ptr<postgres::Session> session_ = NewSession();
  postgres::Pool pool_{database_.options(/*size=*/1)};
  PgAccessReader reader_{pool_};
};

}  // namespace guestpass::membership
