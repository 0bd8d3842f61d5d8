// SPDX-License-Identifier: Apache-2.0
#include "common/time/rounds.h"

#include <chrono>
#include <utility>

namespace guestpass {
namespace {

constexpr absl::Duration kBreath = absl::Milliseconds(2);

}  // namespace

void Rounds::Start(std::function<void()> round, absl::Duration interval) {
  thread_ = std::thread([this, round = std::move(round), interval] {
    do {
      round();
    } while (Pause(interval));
  });
}

void Rounds::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool Rounds::Pause(absl::Duration duration) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !wake_.wait_for(lock, absl::ToChronoNanoseconds(duration), [this] { return stopping_; });
}

absl::Status Rounds::Repeat(absl::FunctionRef<absl::StatusOr<int64_t>()> step, absl::Duration turn) {
  const auto begun = std::chrono::steady_clock::now();
  for (absl::Duration pause = absl::ZeroDuration(); Pause(pause); pause = kBreath) {
    const absl::StatusOr<int64_t> done = step();
    if (!done.ok()) return done.status();
    if (*done == 0 || absl::FromChrono(std::chrono::steady_clock::now() - begun) >= turn) break;
  }
  return absl::OkStatus();
}

}  // namespace guestpass
