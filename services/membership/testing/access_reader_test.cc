// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/access_reader.h"

#include <atomic>
#include <thread>

#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/access_rows.h"

namespace guestpass::membership {
namespace {

using rights::ChannelKind;
using rights::Role;

// Two workspaces of one organization, and one of another in another shard.
class AccessReaderTest : public testing::Test {
 protected:
  AccessReaderTest() {
    rows_.AddWorkspace("w", "o", 7);
    rows_.AddWorkspace("sister", "o", 7);
    rows_.AddWorkspace("far", "p", 8);
    rows_.AddChannel("w", "public", "PUBLIC");
    rows_.AddChannel("w", "private", "PRIVATE");
    rows_.AddChannel("w", "direct", "DIRECT");
    rows_.AddChannel("sister", "sister's", "PUBLIC");
    rows_.AddChannel("far", "far's", "PUBLIC");
    rows_.Run("UPDATE rights_heads SET n = 41 WHERE shard = 7");
    rows_.Run("UPDATE rights_heads SET n = 9 WHERE shard = 8");
  }

  static AccessQuery Query(const std::string& user, const std::string& channel = "public",
                           const std::string& workspace = "w") {
    return {.workspace = AccessRows::Workspace(workspace),
            .user = AccessRows::User(user),
            .channel = AccessRows::Channel(channel)};
  }
  AccessRead Read(const std::vector<AccessQuery>& queries) {
    const auto read = rows_.reader().ReadAccess(queries);
    EXPECT_TRUE(read.ok()) << read.status();
    return *read;
  }
  AccessRights ReadOne(const AccessQuery& query) { return Read({query}).rights[0]; }

  AccessRows rows_;
};

TEST_F(AccessReaderTest, AMembersStandingIsReadWithItsShardsHeadAndTheDatabasesClock) {
  rows_.AddMember("w", "ann", "MEMBER");
  rows_.AddParticipant("private", "ann");
  rows_.AddParticipant("direct", "ben");
  rows_.Run("UPDATE channels SET archived = true WHERE kind = 'PRIVATE'");
  const absl::Time before = rows_.Now();
  const AccessRead read = Read({Query("ann", "private"), Query("ann", "direct")});
  const AccessRights& rights = read.rights[0];
  EXPECT_TRUE(rights.found);
  EXPECT_EQ(rights.shard, 7u);
  EXPECT_EQ(rights.n, 41u);
  EXPECT_EQ(rights.target.authority, rights::Authority{.role = Role::kMember});
  EXPECT_EQ(rights.target.channel_kind, ChannelKind::kPrivate);
  EXPECT_TRUE(rights.target.takes_part);
  EXPECT_TRUE(rights.target.archived);
  EXPECT_EQ(read.rights[1].target.channel_kind, ChannelKind::kDirect);
  EXPECT_FALSE(read.rights[1].target.takes_part);
  EXPECT_FALSE(read.rights[1].target.archived);
  EXPECT_GE(read.now, before);
  EXPECT_LE(read.now, rows_.Now());
  EXPECT_EQ(read.epoch, rows_.Run("SELECT rights_epoch()").Text(0, 0));
}

TEST_F(AccessReaderTest, AGuestsTimesStateAndOnlyItsGrantCount) {
  const absl::Time expire_time = absl::FromUnixMicros(1'800'000'000'000'001);
  rows_.AddGuest("w", "gus", "private", expire_time);
  rows_.AddParticipant("direct", "gus");
  rows_.Run("UPDATE members SET recorded_state = 'SOFT_LOCKED'");
  const AccessRead read = Read({Query("gus", "public"), Query("gus", "private"), Query("gus", "direct")});
  EXPECT_EQ(read.rights[0].target.authority,
            (rights::Authority{.role = Role::kGuest,
                               .expire_time = expire_time,
                               .access_end_time = expire_time + absl::Hours(24),
                               .recorded = rights::GuestState::kSoftLocked}));
  EXPECT_FALSE(read.rights[0].target.takes_part);
  EXPECT_TRUE(read.rights[1].target.takes_part);
  EXPECT_TRUE(read.rights[2].target.takes_part);
}

TEST_F(AccessReaderTest, TheAskersAuthorityIsReadBesideTheTargets) {
  rows_.AddMember("w", "ann", "VIEWER");
  rows_.AddMember("w", "adam", "ADMIN");
  rows_.AddOrganizationMember("o", "olga", "OWNER");
  rows_.AddOrganizationMember("p", "paul", "OWNER");
  const auto asker = [&](const std::string& name) {
    AccessQuery query = Query("ann");
    query.asker = AccessRows::User(name);
    const AccessRights rights = ReadOne(query);
    EXPECT_EQ(rights.target.authority.role, Role::kViewer);
    return rights.asker.role;
  };
  EXPECT_EQ(asker("adam"), Role::kAdmin);
  EXPECT_EQ(asker("olga"), Role::kAdmin);
  EXPECT_EQ(asker("ann"), Role::kViewer);
  EXPECT_EQ(asker("paul"), std::nullopt);
  EXPECT_EQ(ReadOne(Query("ann")).asker.role, std::nullopt);
}

TEST_F(AccessReaderTest, WhoIsOfTheOrganizationHasAdminAuthorityAndNoGuestsLimits) {
  rows_.AddOrganizationMember("o", "olga", "ADMIN");
  rows_.AddGuest("w", "olga", "private", absl::FromUnixSeconds(1));
  EXPECT_EQ(ReadOne(Query("olga")).target.authority, rights::Authority{.role = Role::kAdmin});
  EXPECT_EQ(ReadOne(Query("olga", "far's", "far")).target.authority.role, std::nullopt);
}

TEST_F(AccessReaderTest, WhatDoesNotExistIsAbsentAndADeletedWorkspaceHasNoMembers) {
  rows_.AddMember("w", "ann", "ADMIN");
  EXPECT_FALSE(ReadOne(Query("ann", "public", "nowhere")).found);
  EXPECT_EQ(ReadOne(Query("stranger")).target.authority.role, std::nullopt);
  EXPECT_EQ(ReadOne(Query("ann", "no such")).target.channel_kind, std::nullopt);
  AccessQuery none = Query("ann");
  none.channel = {};
  EXPECT_EQ(ReadOne(none).target.channel_kind, std::nullopt);
  rows_.Run("UPDATE workspaces SET deleted = true");
  const AccessRights deleted = ReadOne(Query("ann"));
  EXPECT_TRUE(deleted.found);
  EXPECT_EQ(deleted.n, 41u);
  EXPECT_EQ(deleted.target.authority.role, std::nullopt);
}

TEST_F(AccessReaderTest, AChannelOfAnotherWorkspaceIsAbsentInItsShardAndInAnother) {
  rows_.AddMember("w", "ann", "MEMBER");
  for (const char* channel : {"sister's", "far's"}) {
    rows_.AddParticipant(channel, "ann");
    const AccessRights rights = ReadOne(Query("ann", channel));
    EXPECT_EQ(rights.target.channel_kind, std::nullopt) << channel;
    EXPECT_EQ(rights.target.authority.role, Role::kMember);
  }
}

TEST_F(AccessReaderTest, AThousandAreAnsweredInTheOrderAskedFor) {
  rows_.AddMember("w", "ann", "MEMBER");
  rows_.AddMember("sister", "ann", "VIEWER");
  rows_.AddMember("far", "ann", "ADMIN");
  const std::vector<AccessQuery> each = {Query("ann"), Query("ann", "sister's", "sister"), Query("stranger"),
                                         Query("ann", "far's", "far"), Query("ann", "x", "nowhere")};
  std::vector<AccessQuery> queries;
  for (size_t i = 0; i < 1000; ++i) queries.push_back(each[i % each.size()]);
  const AccessRead read = Read(queries);
  ASSERT_EQ(read.rights.size(), 1000u);
  const std::vector<std::optional<Role>> roles = {Role::kMember, Role::kViewer, std::nullopt, Role::kAdmin,
                                                  std::nullopt};
  for (size_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(read.rights[i].target.authority.role, roles[i % roles.size()]) << i;
    EXPECT_EQ(read.rights[i].shard, i % 5 == 4 ? 0u : i % 5 == 3 ? 8u : 7u) << i;
    EXPECT_EQ(read.rights[i].n, i % 5 == 4 ? 0u : i % 5 == 3 ? 9u : 41u) << i;
  }
}

// A writer changes two members and the head in one transaction, over and over.
TEST_F(AccessReaderTest, AllOfAReadIsOfOneMoment) {
  rows_.AddMember("w", "ann", "VIEWER");
  rows_.AddMember("w", "ben", "VIEWER");
  rows_.Run("UPDATE rights_heads SET n = 0 WHERE shard = 7");
  std::atomic<bool> stop{false};
  std::thread writer([&, session = rows_.NewSession()] {
    while (!stop) {
      EXPECT_TRUE(session
                      ->Script("BEGIN; UPDATE members SET role = CASE role WHEN 'MEMBER' THEN 'VIEWER' "
                               "ELSE 'MEMBER' END; "
                               "UPDATE rights_heads SET n = n + 1 WHERE shard = 7; COMMIT")
                      .ok());
    }
  });
  uint64_t last = 0;
  for (int i = 0; i < 2000; ++i) {
    const AccessRead read = Read({Query("ann"), Query("ben")});
    for (const AccessRights& rights : read.rights) {
      EXPECT_EQ(rights.n, read.rights[0].n);
      EXPECT_EQ(rights.target.authority.role, rights.n % 2 == 1 ? Role::kMember : Role::kViewer);
    }
    last = read.rights[0].n;
  }
  stop = true;
  writer.join();
  EXPECT_GT(last, 10u);
}

TEST_F(AccessReaderTest, OnePlanServesBatchesOfAnySize) {
  for (size_t i = 0; i < 30; ++i) Read(std::vector<AccessQuery>(1 + i % 3 * 40, Query("ann")));
  const auto lease = rows_.pool().Acquire();
  ASSERT_TRUE(lease.ok());
  const auto plans = (*lease)->Run(
      "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%asking.role%' "
      "AND statement NOT LIKE '%pg_prepared_statements%'");
  ASSERT_TRUE(plans.ok());
  ASSERT_EQ(plans->rows(), 1);
  EXPECT_EQ(plans->Int64(0, 0), 30);
  EXPECT_EQ(plans->Int64(0, 1), 0);
}

}  // namespace
}  // namespace guestpass::membership
