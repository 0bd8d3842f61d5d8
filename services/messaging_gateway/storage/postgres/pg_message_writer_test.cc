// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/storage/postgres/pg_message_writer.h"

#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/messaging_gateway/storage/postgres/messaging_migrations.h"
#include "services/messaging_gateway/storage/postgres/pg_message_store.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::messaging {
namespace {

using Outcome = Appended::Outcome;

const auto kWorkspace = *WorkspaceId::Parse("wwwwwwwwwwwwwwwwwwwwwwwwww");
const auto kGeneral = *ChannelId::Parse("aaaaaaaaaaaaaaaaaaaaaaaaaa");
const auto kRandom = *ChannelId::Parse("bbbbbbbbbbbbbbbbbbbbbbbbbb");
const auto kAnna = *UserId::Parse("uuuuuuuuuuuuuuuuuuuuuuuuuu");
const auto kBert = *UserId::Parse("vvvvvvvvvvvvvvvvvvvvvvvvvv");

NewMessage Post(const ChannelId& channel, const UserId& author, std::string id) {
  return {.workspace = kWorkspace,
          .channel = channel,
          .author = author,
          .client_message_id = std::move(id),
          .text = "hello {\"quoted\"}, \\ and ünïcode",
          .revision = {"epoch", 3, 7},
          .expire_time = absl::InfiniteFuture(),
          .lease_end = SystemClock().Boot() + absl::Hours(1)};
}

class PgMessageWriterTest : public testing::Test {
 protected:
  PgMessageWriter Writer() {
    return PgMessageWriter({.conninfo = database_.conninfo()}, anchor_, SystemClock());
  }
  // A session beside the writer's, holding the channel's head row in an open transaction.
  std::unique_ptr<postgres::Session> HoldHead(const ChannelId& channel) {
    auto session = *postgres::Session::Connect({.conninfo = database_.conninfo()});
    EXPECT_TRUE(session
                    ->Script(absl::StrCat("BEGIN; SELECT FROM channel_heads WHERE channel = '",
                                          channel.text(), "' FOR UPDATE"))
                    .ok());
    return session;
  }
  // Waits until somebody waits for a lock in this database.
  void AwaitWaiter() {
    auto session = *postgres::Session::Connect({.conninfo = database_.conninfo()});
    const char kWaiting[] =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
        "'Lock'";
    while (session->Run(kWaiting)->Int64(0, 0) == 0) std::this_thread::yield();
  }
  absl::Time DatabaseNow() { return *anchor_->Latest(SystemClock().Boot()); }

  harness::TestDatabase database_{MessagingMigrations()};
  PgMessageStore store_{database_.options()};
  const std::shared_ptr<AnchoredClock> anchor_ = std::make_shared<AnchoredClock>();
};

TEST_F(PgMessageWriterTest, StoresWithDenseNumbersByChannelAndGivesBackWhatWasStored) {
  PgMessageWriter writer = Writer();
  const auto outcomes =
      writer.Append({Post(kGeneral, kAnna, "1"), Post(kRandom, kAnna, "1"), Post(kGeneral, kBert, "1")});
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  ASSERT_EQ(outcomes->size(), 3u);
  EXPECT_EQ((*outcomes)[0].number, 1u);
  EXPECT_EQ((*outcomes)[1].number, 1u);
  EXPECT_EQ((*outcomes)[2].number, 2u);
  const auto messages = store_.List(kGeneral, 0, 10);
  ASSERT_TRUE(messages.ok());
  ASSERT_EQ(messages->size(), 2u);
  EXPECT_EQ((*messages)[1].author, kBert);
  EXPECT_EQ((*messages)[1].text, Post(kGeneral, kBert, "1").text);
  EXPECT_EQ((*messages)[1].create_time, (*outcomes)[2].create_time);
  EXPECT_EQ((*messages)[1].revision, (RightsRevision{"epoch", 3, 7}));
  EXPECT_EQ((*messages)[1].workspace, kWorkspace);
  EXPECT_EQ(store_.List(kGeneral, 1, 10)->size(), 1u);
  EXPECT_EQ(store_.Heads({kGeneral, kRandom})->at(kGeneral), 2u);
}

TEST_F(PgMessageWriterTest, TheSameIdIsStoredOnceWithinABatchAndAcrossBatches) {
  PgMessageWriter writer = Writer();
  const auto first = writer.Append({Post(kGeneral, kAnna, "x"), Post(kGeneral, kAnna, "x")});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ((*first)[0].outcome, Outcome::kStored);
  EXPECT_EQ((*first)[1].outcome, Outcome::kDuplicate);
  EXPECT_EQ((*first)[1].number, 1u);
  const auto again = writer.Append({Post(kGeneral, kBert, "x"), Post(kGeneral, kAnna, "x")});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ((*again)[0].outcome, Outcome::kStored);
  EXPECT_EQ((*again)[0].number, 2u);
  EXPECT_EQ((*again)[1].outcome, Outcome::kDuplicate);
  EXPECT_EQ((*again)[1].number, 1u);
  EXPECT_EQ((*again)[1].create_time, (*first)[0].create_time);
  EXPECT_EQ(store_.List(kGeneral, 0, 10)->size(), 2u);
}

TEST_F(PgMessageWriterTest, NothingAtOrBeyondExpireTimeOrTheLeaseIsStoredAndOthersOfTheBatchAre) {
  PgMessageWriter writer = Writer();
  ASSERT_TRUE(writer.Append({Post(kRandom, kAnna, "anchor")}).ok());
  NewMessage expired = Post(kGeneral, kAnna, "expired"), stale = Post(kGeneral, kAnna, "stale"),
             both = Post(kGeneral, kAnna, "both");
  expired.expire_time = both.expire_time = DatabaseNow() - absl::Seconds(1);
  stale.lease_end = both.lease_end = SystemClock().Boot() - absl::Seconds(1);
  const auto outcomes = writer.Append({expired, stale, both, Post(kGeneral, kAnna, "fine")});
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_EQ((*outcomes)[0].outcome, Outcome::kExpired);
  EXPECT_EQ((*outcomes)[1].outcome, Outcome::kStale);
  EXPECT_EQ((*outcomes)[2].outcome, Outcome::kExpired);
  EXPECT_EQ((*outcomes)[3].outcome, Outcome::kStored);
  EXPECT_EQ((*outcomes)[3].number, 1u);
  EXPECT_EQ(store_.List(kGeneral, 0, 10)->size(), 1u);
}

TEST_F(PgMessageWriterTest, ADuplicateOfAStoredMessageIsAcknowledgedThoughItsAuthorsTimeIsOver) {
  PgMessageWriter writer = Writer();
  ASSERT_TRUE(writer.Append({Post(kGeneral, kAnna, "x")}).ok());
  NewMessage again = Post(kGeneral, kAnna, "x");
  again.expire_time = DatabaseNow() - absl::Seconds(1);
  const auto outcomes = writer.Append({again});
  ASSERT_TRUE(outcomes.ok());
  EXPECT_EQ((*outcomes)[0].outcome, Outcome::kDuplicate);
}

TEST_F(PgMessageWriterTest, APostThatWaitedForTheHeadBeyondItsTimeIsNotStored) {
  PgMessageWriter writer = Writer();
  ASSERT_TRUE(writer.Append({Post(kGeneral, kAnna, "first")}).ok());
  auto holder = HoldHead(kGeneral);
  NewMessage late = Post(kGeneral, kAnna, "late");
  late.expire_time = DatabaseNow() + absl::Milliseconds(300);
  absl::StatusOr<std::vector<Appended>> outcomes;
  std::thread appending([&] { outcomes = writer.Append({late}); });
  AwaitWaiter();
  const char kPast[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint >= $1";
  while (!holder->Run(kPast, postgres::Params::Of(late.expire_time))->Bool(0, 0)) std::this_thread::yield();
  ASSERT_TRUE(holder->Script("COMMIT").ok());
  appending.join();
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_EQ((*outcomes)[0].outcome, Outcome::kExpired);
  EXPECT_EQ(store_.List(kGeneral, 0, 10)->size(), 1u);
}

TEST_F(PgMessageWriterTest, RacingWritersNumberDenselyAndStoreEachIdOnce) {
  constexpr int kWriters = 4, kRounds = 50;
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([this] {
      PgMessageWriter writer = Writer();
      for (int i = 0; i < kRounds; ++i) {
        // Channels in either order: heads are locked in one.
        std::vector<NewMessage> batch = {Post(kGeneral, kAnna, absl::StrCat(i)),
                                         Post(kRandom, kAnna, absl::StrCat(i))};
        if (i % 2 == 1) std::swap(batch[0], batch[1]);
        const auto outcomes = writer.Append(batch);
        ASSERT_TRUE(outcomes.ok()) << outcomes.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto messages = store_.List(kGeneral, 0, 1000);
  ASSERT_EQ(messages->size(), static_cast<size_t>(kRounds));
  std::set<std::string> ids;
  for (int i = 0; i < kRounds; ++i) {
    EXPECT_EQ((*messages)[i].number, static_cast<uint64_t>(i + 1));
    ids.insert((*messages)[i].client_message_id);
  }
  EXPECT_EQ(ids.size(), static_cast<size_t>(kRounds));
}

TEST_F(PgMessageWriterTest, AfterItsConnectionIsKilledTheSameBatchFindsOutWhatBecameOfIt) {
  PgMessageWriter writer = Writer();
  ASSERT_TRUE(writer.Append({Post(kGeneral, kAnna, "first")}).ok());
  auto holder = HoldHead(kGeneral);
  absl::StatusOr<std::vector<Appended>> lost;
  std::thread appending([&] { lost = writer.Append({Post(kGeneral, kAnna, "second")}); });
  AwaitWaiter();
  ASSERT_TRUE(holder
                  ->Run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND wait_event_type = 'Lock'")
                  .ok());
  appending.join();
  EXPECT_FALSE(lost.ok());
  ASSERT_TRUE(holder->Script("COMMIT").ok());
  const auto again = writer.Append({Post(kGeneral, kAnna, "second")});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ((*again)[0].number, 2u);
  EXPECT_EQ(store_.List(kGeneral, 0, 10)->size(), 2u);
}

TEST_F(PgMessageWriterTest, AStatementThatFailsLeavesNothingAndTheWriterGoesOn) {
  PgMessageWriter writer = Writer();
  ASSERT_TRUE(writer.Append({Post(kGeneral, kAnna, "fine")}).ok());
  NewMessage nul = Post(kGeneral, kAnna, "nul");
  nul.text = std::string("a\0b", 3);
  EXPECT_TRUE(HasReason(writer.Append({nul}).status(), Reason::kFieldInvalid));
  auto session = *postgres::Session::Connect({.conninfo = database_.conninfo()});
  ASSERT_TRUE(session->Script("ALTER TABLE events ADD CONSTRAINT picky CHECK (body <> 'picky')").ok());
  NewMessage picky = Post(kGeneral, kAnna, "picky");
  picky.text = "picky";
  EXPECT_FALSE(writer.Append({Post(kGeneral, kAnna, "victim"), picky}).ok());
  const auto after = writer.Append({Post(kGeneral, kAnna, "after")});
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ((*after)[0].number, 2u);
}

}  // namespace
}  // namespace guestpass::messaging
