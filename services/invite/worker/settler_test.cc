// SPDX-License-Identifier: Apache-2.0
#include "services/invite/worker/settler.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "common/telemetry/log.h"
#include "services/invite/server/faulty_store.h"
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

class SettlerTest : public ServiceTest {
 protected:
  // An open attempt at a link without a limit.
  InviteStore::Settlement Attempt(const Made& link, bool joined = true) {
    Reservation reservation{
        .join_key = auth::NewSecret(), .invite = link.name, .user = auth::NewId<UserId>()};
    const std::string hash = auth::Sha256(link.secret);
    const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
      const auto presented = tx.GetBySecret(hash, {reservation.user});
      if (!presented.ok()) return presented.status();
      reservation.create_time = tx.Now();
      return tx.Reserve(reservation, true);
    });
    EXPECT_TRUE(status.ok()) << status;
    return {reservation, joined};
  }
};

// Keeps what it is asked to settle, and may be held up or fail.
class HeldStore : public FaultyStore {
 public:
  using FaultyStore::FaultyStore;

  absl::Status SettleUnlimited(const std::vector<Settlement>& settlements) override {
    absl::MutexLock lock(&mutex_);
    sizes_.push_back(settlements.size());
    threads_.push_back(std::this_thread::get_id());
    mutex_.Await(absl::Condition(
        +[](bool* held) { return !*held; }, &held_));
    if (fails_) return Error(Reason::kDatabaseUnavailable, "gone");
    return FaultyStore::SettleUnlimited(settlements);
  }

  void Hold(bool held) {
    absl::MutexLock lock(&mutex_);
    held_ = held;
  }
  void Fail(bool fails) {
    absl::MutexLock lock(&mutex_);
    fails_ = fails;
  }
  void AwaitCalls(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto called = [&] { return sizes_.size() >= count; };
    EXPECT_TRUE(mutex_.AwaitWithTimeout(absl::Condition(&called), absl::Seconds(20)));
  }
  std::vector<size_t> sizes() {
    absl::MutexLock lock(&mutex_);
    return sizes_;
  }
  std::vector<std::thread::id> threads() {
    absl::MutexLock lock(&mutex_);
    return threads_;
  }

 private:
  absl::Mutex mutex_;
  bool held_ = false, fails_ = false;
  std::vector<size_t> sizes_;
  std::vector<std::thread::id> threads_;
};

TEST_F(SettlerTest, WhatGathersMeanwhileIsSettledInOneTransaction) {
  const Made link = Linked(0);
  HeldStore held(store_);
  Settler settler(held, {.queue = 100, .batch = 3});
  settler.Start();
  held.Hold(true);
  settler.Take(Attempt(link));
  held.AwaitCalls(1);
  for (int i = 0; i < 5; ++i) settler.Take(Attempt(link, i % 2 == 0));
  EXPECT_EQ(held.sizes(), std::vector<size_t>{1}) << "one transaction at a time";
  held.Hold(false);
  settler.Stop();
  EXPECT_EQ(held.sizes(), (std::vector<size_t>{1, 3, 2})) << "stopping settles what is queued";
  EXPECT_EQ(OpenCount(), 0);
  EXPECT_EQ(Stored(link.name).spent, 4);
}

TEST_F(SettlerTest, WhileTheQueueIsFullTheCallerSettlesItself) {
  const Made link = Linked(0);
  HeldStore held(store_);
  Settler settler(held, {.queue = 1, .batch = 1});
  settler.Start();
  held.Hold(true);
  settler.Take(Attempt(link));
  held.AwaitCalls(1);
  settler.Take(Attempt(link));  // fills the queue
  std::thread caller([&] { settler.Take(Attempt(link)); });
  const std::thread::id id = caller.get_id();
  held.AwaitCalls(2);
  EXPECT_EQ(held.threads()[1], id);
  held.Hold(false);
  caller.join();
  settler.Stop();
  EXPECT_EQ(OpenCount(), 0);
}

TEST_F(SettlerTest, BeforeItStartsAndAfterItStopsTheCallerSettlesItself) {
  const Made link = Linked(0);
  Settler settler(store_);
  settler.Take(Attempt(link));
  EXPECT_EQ(OpenCount(), 0);
  settler.Start();
  settler.Stop();
  settler.Stop();
  settler.Take(Attempt(link));
  EXPECT_EQ(OpenCount(), 0);
  EXPECT_EQ(Stored(link.name).spent, 2);
}

TEST_F(SettlerTest, WhatFailsIsLeftOpenAndSaidOnceAndTheNextSucceeds) {
  const Made link = Linked(0);
  std::string lines;
  telemetry::SetLogSink([&](absl::string_view line) { lines += std::string(line); });
  HeldStore held(store_);
  held.Fail(true);
  Settler settler(held);
  settler.Take(Attempt(link));
  settler.Take(Attempt(link));
  EXPECT_EQ(OpenCount(), 2);
  held.Fail(false);
  settler.Take(Attempt(link));
  EXPECT_EQ(OpenCount(), 2);
  telemetry::SetLogSink(nullptr);
  const size_t first = lines.find("cannot be settled");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(lines.find("cannot be settled", first + 1), std::string::npos);
  EXPECT_TRUE(absl::StrContains(lines, "are settled again"));
}

}  // namespace
}  // namespace guestpass::invite
