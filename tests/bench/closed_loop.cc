// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/closed_loop.h"

#include <atomic>
#include <utility>

#include "absl/synchronization/blocking_counter.h"
#include "common/status/macros.h"
#include "tests/harness/client.h"

namespace guestpass::bench {
namespace {

class Caller {
 public:
  Caller(int index, const NextCall& next, const std::atomic<bool>& stop, absl::BlockingCounter& idle)
      : index_(index), next_(next), stop_(stop), idle_(idle) {}

  void Call() {
    begun_ = absl::Now();
    next_(index_, [this](const grpc::Status& status) { Take(status); });
  }

  // Once idle.
  const std::vector<double>& milliseconds() const { return milliseconds_; }
  const absl::Status& status() const { return status_; }

 private:
  void Take(const grpc::Status& answer) {
    milliseconds_.push_back(absl::ToDoubleMilliseconds(absl::Now() - begun_));
    status_ = harness::Answer(answer);
    if (status_.ok() && !stop_) return Call();
    idle_.DecrementCount();
  }

  const int index_;
  const NextCall& next_;
  const std::atomic<bool>& stop_;
  absl::BlockingCounter& idle_;
  absl::Time begun_;
  std::vector<double> milliseconds_;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<Figures> MeasureWhile(int callers, const NextCall& next, absl::FunctionRef<void()> work) {
  std::atomic<bool> stop{false};
  absl::BlockingCounter idle(callers);
  std::vector<std::unique_ptr<Caller>> all;
  for (int i = 0; i < callers; ++i) all.push_back(std::make_unique<Caller>(i, next, stop, idle));
  const absl::Time begun = absl::Now();
  for (const auto& caller : all) caller->Call();
  work();
  stop = true;
  idle.Wait();
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  std::vector<double> milliseconds;
  for (const auto& caller : all) {
    RETURN_IF_ERROR(caller->status());
    milliseconds.insert(milliseconds.end(), caller->milliseconds().begin(), caller->milliseconds().end());
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
