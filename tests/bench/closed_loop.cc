// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/closed_loop.h"

#include <atomic>
#include <thread>
#include <utility>

#include "common/status/macros.h"
#include "tests/harness/client.h"

namespace guestpass::bench {
namespace {

struct Caller {
  std::unique_ptr<Call> call;
  absl::Time begun;
  std::vector<double> milliseconds;
  absl::Status status;
};

// Drives the callers until `stop`, then until each is answered.
void Drive(std::vector<Caller>& callers, const NextCall& next, const std::atomic<bool>& stop) {
  grpc::CompletionQueue queue;
  const auto begin = [&](size_t index) {
    callers[index].begun = absl::Now();
    callers[index].call = next(static_cast<int>(index), queue, &callers[index]);
  };
  for (size_t i = 0; i < callers.size(); ++i) begin(i);
  void* tag = nullptr;
  bool ok = false;
  for (size_t under_way = callers.size(); under_way > 0 && queue.Next(&tag, &ok);) {
    Caller& caller = *static_cast<Caller*>(tag);
    caller.milliseconds.push_back(absl::ToDoubleMilliseconds(absl::Now() - caller.begun));
    caller.status = harness::Answer(caller.call->status);
    if (caller.status.ok() && !stop) {
      begin(static_cast<size_t>(&caller - callers.data()));
    } else {
      --under_way;
    }
  }
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) continue;
}

}  // namespace

absl::StatusOr<Figures> MeasureWhile(int callers, const NextCall& next, absl::FunctionRef<void()> work) {
  std::atomic<bool> stop{false};
  std::vector<Caller> all(static_cast<size_t>(callers));
  const absl::Time begun = absl::Now();
  std::thread driver([&] { Drive(all, next, stop); });
  work();
  stop = true;
  driver.join();
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  std::vector<double> milliseconds;
  for (const Caller& caller : all) {
    RETURN_IF_ERROR(caller.status);
    milliseconds.insert(milliseconds.end(), caller.milliseconds.begin(), caller.milliseconds.end());
  }
  return Figures{{"per_s", static_cast<double>(milliseconds.size()) / seconds},
                 {"p50_ms", Quantile(milliseconds, 0.5)},
                 {"p99_ms", Quantile(milliseconds, 0.99)}};
}

absl::StatusOr<Figures> MeasureLoop(int callers, const NextCall& next, absl::Duration time) {
  return MeasureWhile(callers, next, [time] { absl::SleepFor(time); });
}

std::vector<std::shared_ptr<grpc::Channel>> Connections(const std::string& address, int count) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < count; ++i) {
    channels.push_back(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }
  return channels;
}

}  // namespace guestpass::bench
