// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <map>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/rights_feed/rights_source.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

class FeedTest : public testing::Test {
 protected:
  uint32_t Shard() { return static_cast<uint32_t>(here_.Count("SELECT shard FROM workspaces")); }
  absl::StatusOr<rights_feed::LogPage> Changes(uint64_t after_n) {
    rights::v1::ListRightsChangesRequest request;
    request.set_shard(Shard());
    request.set_after_n(after_n);
    auto response = here_.rights.ListRightsChanges(Installation::AsService("messaging-gateway"), request);
    if (!response.ok()) return response.status();
    return rights_feed::FromProto(*response);
  }
  rights_feed::Heads Heads() {
    return *rights_feed::FromProto(
        *here_.rights.GetRightsHeads(Installation::AsService("messaging-gateway"), {}));
  }
  rights_feed::RightsSnapshot Snapshot(const std::string& name) {
    rights::v1::BatchGetRightsRequest request = rights_feed::ToProto(std::vector<rights_feed::RightsQuery>{
        {here_.workspace, Installation::IdOf(name), {here_.public_channel, here_.private_channel}}});
    return rights_feed::FromProto(
               *here_.rights.BatchGetRights(Installation::AsService("messaging-gateway"), request))
        ->snapshots[0];
  }
  // Every kind of change that there is.
  void ChangeEverything() {
    here_.AddMember("ann", type::v1::ROLE_GUEST);
    here_.AddMember("ben", type::v1::ROLE_ADMIN);
    here_.AddMember("cleo", type::v1::ROLE_GUEST);
    ASSERT_TRUE(here_.SetTtl("ann", absl::Hours(1)).ok());
    ASSERT_TRUE(here_.SetTtl("cleo", absl::ZeroDuration()).ok());
    v1::CreateChannelRequest channel;
    channel.set_parent(absl::StrCat("workspaces/", here_.workspace.text()));
    channel.mutable_channel()->set_display_name("ben's");
    channel.mutable_channel()->set_kind(type::v1::CHANNEL_KIND_PRIVATE);
    ASSERT_TRUE(here_.channels.CreateChannel(Installation::As("ben"), channel).ok());
    ASSERT_TRUE(here_.Remove("owner", "ben").ok());
    ASSERT_TRUE(here_.NewSession()
                    ->Script("UPDATE members SET access_end_us = expire_us WHERE expire_us <= now_us()")
                    .ok());
    rights::v1::ApplyDueExpirationsRequest apply;
    apply.set_limit(10);
    ASSERT_EQ(here_.rights.ApplyDueExpirations(Installation::AsService("guest-expiry"), apply)->applied(), 1);
  }

  Installation here_;
};

TEST_F(FeedTest, TheLogReplaysToWhatASnapshotReads) {
  ChangeEverything();
  std::map<std::string, rights::Object> replayed;
  const auto page = Changes(0);
  ASSERT_TRUE(page.ok()) << page.status();
  for (const rights::Entry& entry : page->changes.entries) {
    replayed[absl::StrCat(rights::KindOf(entry.object), " ", rights::KeyOf(entry.object))] = entry.object;
  }
  int compared = 0;
  for (const char* name : {"owner", "ann", "ben", "cleo"}) {
    for (const rights::Object& object : Snapshot(name).objects) {
      const auto found = replayed.find(absl::StrCat(rights::KindOf(object), " ", rights::KeyOf(object)));
      if (found == replayed.end()) continue;  // never was: absent in the snapshot too
      EXPECT_EQ(found->second, object) << found->first;
      ++compared;
    }
  }
  EXPECT_GE(compared, 4 * 3 + 4 + 2);
}

TEST_F(FeedTest, TheLogHasWhatWasToldOfTheCommits) {
  ChangeEverything();
  std::vector<rights::Entry> told;
  for (const CommittedEntries& commit : here_.recorder.commits()) {
    EXPECT_EQ(commit.shard, Shard());
    EXPECT_EQ(commit.epoch, Heads().epoch);
    told.insert(told.end(), commit.entries.begin(), commit.entries.end());
  }
  const auto page = Changes(0);
  ASSERT_EQ(page->changes.entries.size(), told.size());
  for (size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(page->changes.entries[i].n, i + 1);
    EXPECT_EQ(told[i].n, i + 1);
    EXPECT_EQ(page->changes.entries[i].object, told[i].object);
    EXPECT_EQ(page->changes.entries[i].record_time, told[i].record_time);
    EXPECT_EQ(page->changes.entries[i].effective_time, told[i].effective_time);
  }
  EXPECT_EQ(page->head, told.size());
}

TEST_F(FeedTest, NumbersAreDenseAndInTheOrderOfCommitsUnderContention) {
  constexpr int kThreads = 8, kEach = 15;
  std::atomic<bool> done = false;
  // A reader that sees a number sees every one before it.
  std::thread reader([&] {
    while (!done) {
      const auto page = Changes(0);
      ASSERT_TRUE(page.ok()) << page.status();
      ASSERT_EQ(page->changes.entries.size(), page->head);
      for (size_t i = 0; i < page->changes.entries.size(); ++i) ASSERT_EQ(page->changes.entries[i].n, i + 1);
    }
  });
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i)
        here_.AddMember(absl::StrCat("user-", t, "-", i), type::v1::ROLE_MEMBER);
    });
  }
  for (std::thread& writer : writers) writer.join();
  done = true;
  reader.join();
  const auto page = Changes(0);
  EXPECT_EQ(page->head, Heads().heads[Shard()]);
  for (size_t i = 1; i < page->changes.entries.size(); ++i) {
    EXPECT_LE(page->changes.entries[i - 1].record_time, page->changes.entries[i].record_time);
  }
  EXPECT_EQ(here_.Count("SELECT max(number) - count(*) FROM audit_entries"), 0);
}

TEST_F(FeedTest, ATransactionThatRollsBackLeavesNoNumber) {
  const uint64_t head = Heads().heads[Shard()];
  EXPECT_FALSE(here_.Remove("owner", "nobody").ok());
  EXPECT_EQ(Heads().heads[Shard()], head);
}

TEST_F(FeedTest, WhatWasPrunedIsTruncated) {
  ASSERT_TRUE(here_.NewSession()->Script("UPDATE rights_heads SET pruned_n = 2 WHERE n > 0").ok());
  EXPECT_TRUE(HasReason(Changes(1).status(), Reason::kFeedTruncated)) << Changes(1).status();
  EXPECT_TRUE(Changes(2).ok());
}

TEST_F(FeedTest, APageHasAThousandEntriesAtMost) {
  ASSERT_TRUE(
      here_.NewSession()
          ->Script(
              "INSERT INTO rights_log SELECT shard, n + i, 'PARTICIPANT', 'c/u', '{\"present\":true}', 1, "
              "1 FROM rights_heads, generate_series(1, 1500) AS i WHERE n > 0; UPDATE rights_heads SET n "
              "= n + 1500 WHERE n > 0")
          .ok());
  rights::v1::ListRightsChangesRequest request;
  request.set_shard(Shard());
  const rpc::Call gateway = Installation::AsService("messaging-gateway");
  const auto first = here_.rights.ListRightsChanges(gateway, request);
  EXPECT_EQ(first->changes().entries_size(), 1000);
  EXPECT_EQ(first->changes().entries(999).n(), 1000u);
  request.set_shard(256);
  EXPECT_TRUE(HasReason(here_.rights.ListRightsChanges(gateway, request).status(), Reason::kFieldInvalid));
}

TEST_F(FeedTest, HeadsAreOfAllShardsAndTheEpochChangesWithARestart) {
  const rights_feed::Heads before = Heads();
  EXPECT_EQ(before.heads.size(), 256u);
  EXPECT_EQ(before.epoch, Heads().epoch);
  harness::PrivatePostgres& server = harness::TestDatabase::Server();
  server.Stop();
  ASSERT_TRUE(server.Restart().ok());
  EXPECT_NE(Heads().epoch, before.epoch);
  EXPECT_EQ(Heads().heads, before.heads);
}

TEST_F(FeedTest, WhatDoesNotExistIsReadAsAbsentWithItsNumber) {
  const rights_feed::RightsSnapshot snapshot = Snapshot("stranger");
  ASSERT_TRUE(snapshot.found);
  EXPECT_EQ(snapshot.n, Heads().heads[Shard()]);
  ASSERT_EQ(snapshot.objects.size(), 7u);
  EXPECT_EQ(std::get<rights::MemberState>(snapshot.objects[2]).role, std::nullopt);
  EXPECT_EQ(std::get<rights::ChannelState>(snapshot.objects[3]).kind, rights::ChannelKind::kPublic);
  rights::v1::BatchGetRightsRequest request;
  request.add_queries()->set_workspace(std::string(26, 'x'));
  request.mutable_queries(0)->set_user(std::string(26, 'u'));
  EXPECT_FALSE(here_.rights.BatchGetRights(Installation::AsService("messaging-gateway"), request)
                   ->snapshots(0)
                   .found());
}

TEST_F(FeedTest, AThousandMembersAreReadAtOnceAndNotMore) {
  rights::v1::BatchGetRightsRequest request;
  for (int i = 0; i < 1000; ++i) {
    rights::v1::RightsQuery& query = *request.add_queries();
    query.set_workspace(here_.workspace.ToString());
    query.set_user(Installation::IdOf(absl::StrCat("user-", i)).ToString());
    query.add_channels(here_.public_channel.ToString());
  }
  const rpc::Call gateway = Installation::AsService("messaging-gateway");
  const absl::Duration began = SystemClock().Boot();
  EXPECT_EQ(here_.rights.BatchGetRights(gateway, request)->snapshots_size(), 1000);
  std::printf("1,000 members read: %s\n", absl::FormatDuration(SystemClock().Boot() - began).c_str());
  *request.add_queries() = request.queries(0);
  EXPECT_TRUE(HasReason(here_.rights.BatchGetRights(gateway, request).status(), Reason::kFieldInvalid));
}

}  // namespace
}  // namespace guestpass::membership
