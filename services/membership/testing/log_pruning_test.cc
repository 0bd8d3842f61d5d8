// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "common/postgres/transact.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/storage/postgres/pg_membership_store.h"
#include "services/membership/storage/postgres/rights_record.h"
#include "services/membership/testing/silent.h"
#include "services/membership/testing/upkeep_rows.h"

namespace guestpass::membership {
namespace {

constexpr uint32_t kShard = UpkeepRows::kShard;
constexpr absl::Duration kAge = absl::Hours(24);
constexpr int kLimit = 1'000;

class LogPruningTest : public testing::Test {
 protected:
  // The numbers that a reader who is at `after` gets, or why not.
  absl::StatusOr<std::vector<uint64_t>> Numbers(uint64_t after) {
    const absl::StatusOr<ChangesRead> read = store_.ReadChanges(kShard, after, kLimit);
    if (!read.ok()) return read.status();
    std::vector<uint64_t> numbers;
    for (const rights::Entry& entry : read->entries) numbers.push_back(entry.n);
    return numbers;
  }
  bool Truncated(uint64_t after) { return HasReason(Numbers(after).status(), Reason::kFeedTruncated); }

  int64_t Pruned() { return rows_.Count("SELECT pruned_n FROM rights_heads WHERE shard = 7"); }

  // A change of rights, as the store makes it.
  absl::Status Append(int entries) {
    RightsRecord record({.service = "test", .request_id = "request"});
    for (int i = 0; i < entries; ++i) {
      record.Add(rights::ParticipantState{
          .channel = TestId<ChannelId>('h', 1), .user = TestId<UserId>('u', i), .present = true});
    }
    RightsRecord::Written written;
    CommittedEntries committed;
    return postgres::TransactPipelined(rows_.pool, [&](postgres::Pipeline& pipeline) {
      RightsRecord::Write(pipeline, kShard, {{&record, &written}}, committed);
      return absl::OkStatus();
    });
  }

  UpkeepRows rows_;
  PgUpkeep& upkeep_ = rows_.upkeep;
  Silent nobody_;
  PgMembershipStore store_{rows_.pool, nobody_};
};

TEST_F(LogPruningTest, TheOldestGoAndWhoIsBehindThemIsTold) {
  rows_.AddLog(kShard, 6, kAge + absl::Minutes(1));
  rows_.AddLog(kShard, 4, kAge - absl::Minutes(1));
  rows_.AddLog(kShard + 1, 6, kAge + absl::Minutes(1));
  EXPECT_EQ(*upkeep_.PruneLog(kShard, kAge, 4), 4);
  EXPECT_TRUE(Truncated(3));
  EXPECT_EQ(*Numbers(4), (std::vector<uint64_t>{5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(*upkeep_.PruneLog(kShard, kAge, 4), 2);
  EXPECT_EQ(*upkeep_.PruneLog(kShard, kAge, 4), 0);
  EXPECT_TRUE(Truncated(0));
  EXPECT_TRUE(Truncated(5));
  EXPECT_EQ(*Numbers(6), (std::vector<uint64_t>{7, 8, 9, 10}));
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM rights_log WHERE shard = 8"), 6) << "another shard's";
}

TEST_F(LogPruningTest, WhereAllIsOldOnlyWhoIsAtTheHeadIsUpToDate) {
  rows_.AddLog(kShard, 3, kAge + absl::Minutes(1));
  EXPECT_EQ(*upkeep_.PruneLog(kShard, kAge, kLimit), 3);
  EXPECT_TRUE(Truncated(2));
  EXPECT_EQ(*Numbers(3), std::vector<uint64_t>{});
  ASSERT_TRUE(Append(1).ok());
  EXPECT_EQ(*Numbers(3), std::vector<uint64_t>{4});
  EXPECT_EQ(*upkeep_.PruneLog(kShard, kAge, kLimit), 0);
  EXPECT_EQ(*upkeep_.PruneLog(kShard + 1, kAge, kLimit), 0) << "a shard where nothing ever was";
  EXPECT_EQ(*upkeep_.PruneLog(256, kAge, kLimit), 0) << "no shard";
}

TEST_F(LogPruningTest, WhatIsOldBehindWhatIsYoungStaysSoThatThereIsNoHole) {
  rows_.AddLog(kShard, 2, kAge + absl::Minutes(1));
  rows_.AddLog(kShard, 1, kAge - absl::Minutes(1));
  rows_.AddLog(kShard, 2, kAge + absl::Minutes(1));  // the database's clock was set back
  EXPECT_EQ(*upkeep_.PruneLog(kShard, kAge, kLimit), 2);
  EXPECT_EQ(*Numbers(2), (std::vector<uint64_t>{3, 4, 5}));
}

TEST_F(LogPruningTest, AWriterThatHasTheHeadIsNotHeldUpAndASecondPruningPassesOver) {
  rows_.AddLog(kShard, 5, kAge + absl::Minutes(1));
  const auto writer = rows_.NewSession();
  ASSERT_TRUE(writer->Script("BEGIN; UPDATE rights_heads SET n = n + 1 WHERE shard = 7").ok());
  std::thread pruning([&] { EXPECT_EQ(*upkeep_.PruneLog(kShard, kAge, kLimit), 5); });
  rows_.AwaitWaiters(1);
  EXPECT_EQ(*upkeep_.PruneLog(kShard, kAge, kLimit), 0);
  EXPECT_EQ(*Numbers(0), (std::vector<uint64_t>{1, 2, 3, 4, 5})) << "nothing is gone before the head says so";
  EXPECT_TRUE(
      writer
          ->Script("SET lock_timeout = 1; INSERT INTO rights_log VALUES (7, 6, 'PARTICIPANT', "
                   "test_id('h', 1) || '/' || test_id('u', 1), '{\"present\": true}', now_us(), 0); COMMIT")
          .ok());
  pruning.join();
  EXPECT_TRUE(Truncated(4));
  EXPECT_EQ(*Numbers(5), std::vector<uint64_t>{6});
}

// Where a reader goes from: every page is dense from there on, and none is empty while there is more.
class Reader {
 public:
  explicit Reader(PgMembershipStore& store) : store_(store) {}

  void Step(int limit) {
    const absl::StatusOr<ChangesRead> read = store_.ReadChanges(kShard, at_, limit);
    if (HasReason(read.status(), Reason::kFeedTruncated)) {
      ++truncations;
      const absl::StatusOr<HeadsRead> heads = store_.ReadHeads();
      ASSERT_TRUE(heads.ok()) << heads.status();
      ASSERT_GT(heads->heads[kShard], at_) << "truncated, and yet at the head";
      at_ = heads->heads[kShard];
      return;
    }
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ(read->entries.size(), std::min<uint64_t>(limit, read->head - at_)) << "at " << at_;
    for (const rights::Entry& entry : read->entries) ASSERT_EQ(entry.n, ++at_);
    entries += static_cast<int64_t>(read->entries.size());
  }

  uint64_t at() const { return at_; }
  int64_t entries = 0, truncations = 0;

 private:
  PgMembershipStore& store_;
  uint64_t at_ = 0;
};

TEST_F(LogPruningTest, WhileItIsWrittenAndPrunedReadersSeeEveryEntryOrAreTold) {
  constexpr int kReaders = 3, kWrites = 1'500;
  std::atomic<bool> written = false;
  std::atomic<int64_t> pruned = 0;
  std::thread writer([&] {
    for (int i = 0; i < kWrites; ++i) {
      const absl::Status status = Append(1 + i % 3);
      ASSERT_TRUE(status.ok()) << status;
    }
    written = true;
  });
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      while (!written) {
        const absl::StatusOr<int64_t> gone = upkeep_.PruneLog(kShard, absl::Milliseconds(10), 50);
        ASSERT_TRUE(gone.ok()) << gone.status();
        pruned += *gone;
      }
    });
  }
  std::vector<Reader> readers(kReaders, Reader(store_));
  for (int i = 0; i < kReaders; ++i) {
    threads.emplace_back([&, i] {
      while (!written && !HasFatalFailure()) {
        readers[i].Step(5);
        // The last one is slow enough to fall behind.
        if (i == kReaders - 1) absl::SleepFor(absl::Milliseconds(50));
      }
    });
  }
  writer.join();
  for (std::thread& thread : threads) thread.join();
  const auto head = static_cast<uint64_t>(rows_.Count("SELECT n FROM rights_heads WHERE shard = 7"));
  EXPECT_EQ(head, 2u * kWrites);
  EXPECT_EQ(pruned, Pruned());
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM rights_log"), static_cast<int64_t>(head) - pruned);
  const auto catch_up = [&](Reader& reader, uint64_t to) {
    while (reader.at() < to && !HasFatalFailure()) reader.Step(kLimit);
  };
  for (Reader& reader : readers) catch_up(reader, head);
  ASSERT_TRUE(Append(3).ok());
  for (Reader& reader : readers) {
    const int64_t entries = reader.entries, truncations = reader.truncations;
    catch_up(reader, head + 3);
    EXPECT_EQ(reader.entries, entries + 3) << "who is at the head follows on";
    EXPECT_EQ(reader.truncations, truncations);
    std::printf("%d entries, %d truncations\n", static_cast<int>(entries), static_cast<int>(truncations));
  }
  while (*upkeep_.PruneLog(kShard, absl::ZeroDuration(), kLimit) > 0) continue;
  Reader late(store_);
  catch_up(late, head + 3);
  EXPECT_EQ(late.truncations, 1);
  EXPECT_EQ(late.entries, 0);
}

}  // namespace
}  // namespace guestpass::membership
