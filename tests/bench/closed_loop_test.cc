// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/closed_loop.h"

#include <array>
#include <atomic>
#include <thread>

#include "gtest/gtest.h"

namespace guestpass::bench {
namespace {

// Answers from a thread, as gRPC does.
void Answer(Done done, grpc::Status status) {
  std::thread([done = std::move(done), status = std::move(status)] { done(status); }).detach();
}

TEST(ClosedLoop, EachCallerHasOneCallUnderWayUntilTheWorkEnds) {
  constexpr int kCallers = 3;
  std::array<std::atomic<int>, kCallers> calls{}, under_way{};
  std::atomic<bool> overlapped{false};
  const auto next = [&](int caller, Done done) {
    const auto which = static_cast<size_t>(caller);
    ++calls[which];
    if (++under_way[which] > 1) overlapped = true;
    Answer(
        [&under_way, which, done = std::move(done)](const grpc::Status& status) {
          --under_way[which];
          done(status);
        },
        grpc::Status::OK);
  };
  const auto until_each_called_often = [&] {
    for (const auto& count : calls) {
      while (count < 20) std::this_thread::yield();
    }
  };
  const auto figures = MeasureWhile(kCallers, next, until_each_called_often);
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_FALSE(overlapped);
  for (const auto& count : under_way) EXPECT_EQ(count, 0);
  EXPECT_GT(figures->at("per_s"), 0);
  EXPECT_LE(figures->at("p50_ms"), figures->at("p99_ms"));
}

TEST(ClosedLoop, AnErrorEndsItsCallerAndIsGivenBack) {
  std::atomic<int> refused{0};
  const auto next = [&](int caller, Done done) {
    if (caller == 1) ++refused;
    Answer(std::move(done),
           caller == 1 ? grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no such method") : grpc::Status::OK);
  };
  const auto figures = MeasureLoop(2, next, absl::Milliseconds(50));
  EXPECT_EQ(figures.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(refused, 1);
}

}  // namespace
}  // namespace guestpass::bench
