// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/closed_loop.h"

#include <array>
#include <atomic>
#include <thread>

#include "grpcpp/alarm.h"
#include "gtest/gtest.h"

namespace guestpass::bench {
namespace {

// Answered at once, by the queue as gRPC's are.
struct AnsweredCall : Call {
  AnsweredCall(grpc::Status answer, grpc::CompletionQueue& queue, void* tag) {
    status = std::move(answer);
    alarm.Set(&queue, absl::ToChronoTime(absl::Now()), tag);
  }
  grpc::Alarm alarm;
};

TEST(ClosedLoop, EachCallerCallsAgainOnceItIsAnsweredUntilTheWorkEnds) {
  constexpr int kCallers = 3;
  std::array<std::atomic<int>, kCallers> calls{};
  std::atomic<bool> ended{false};
  std::atomic<int> late{0};
  const auto next = [&](int caller, grpc::CompletionQueue& queue, void* tag) {
    ++calls[static_cast<size_t>(caller)];
    late += ended ? 1 : 0;
    return std::make_unique<AnsweredCall>(grpc::Status::OK, queue, tag);
  };
  const auto until_each_called_often = [&] {
    for (const auto& count : calls) {
      while (count < 20) std::this_thread::yield();
    }
  };
  const auto figures = MeasureWhile(kCallers, next, until_each_called_often);
  ended = true;
  ASSERT_TRUE(figures.ok()) << figures.status();
  EXPECT_EQ(late, 0);
  EXPECT_GT(figures->at("per_s"), 0);
  EXPECT_LE(figures->at("p50_ms"), figures->at("p99_ms"));
}

TEST(ClosedLoop, AnErrorEndsItsCallerAndIsGivenBack) {
  int refused = 0;
  const auto next = [&](int caller, grpc::CompletionQueue& queue, void* tag) {
    if (caller == 1) ++refused;
    return std::make_unique<AnsweredCall>(
        caller == 1 ? grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "no such method") : grpc::Status::OK,
        queue, tag);
  };
  const auto figures = MeasureLoop(2, next, absl::Milliseconds(50));
  EXPECT_EQ(figures.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(refused, 1);
}

}  // namespace
}  // namespace guestpass::bench
