// SPDX-License-Identifier: Apache-2.0
#include "common/time/anchored_clock.h"

#include <algorithm>
#include <cstdlib>

namespace guestpass {
namespace {

constexpr int64_t kMillion = 1'000'000;

int64_t Drift(int64_t elapsed) {
  return static_cast<int64_t>(static_cast<__int128>(std::abs(elapsed)) * AnchoredClock::kDriftPpm / kMillion);
}

}  // namespace

bool AnchoredClock::Sample(absl::Duration sent_boot, absl::Duration received_boot, absl::Time database_time) {
  if (received_boot - sent_boot > kLongestRoundTrip) return false;
  const Anchor next{.time = absl::ToUnixNanos(database_time),
                    .sent = absl::ToInt64Nanoseconds(sent_boot),
                    .received = absl::ToInt64Nanoseconds(received_boot)};
  absl::MutexLock lock(&sampling_);
  if (const std::optional<Anchor> last = Load()) {
    if (next.sent < last->sent) return false;
    const int64_t late = next.received - last->sent;
    const int64_t early = next.sent - last->received;
    const int64_t step = absl::ToInt64Nanoseconds(kStep);
    if (next.time > last->time + late + Drift(late) + step ||
        next.time < last->time + early - Drift(early) - step) {
      steps_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  Store(next);
  return true;
}

std::optional<absl::Time> AnchoredClock::Latest(absl::Duration boot) const {
  const std::optional<Anchor> anchor = Load();
  if (!anchor.has_value()) return std::nullopt;
  const int64_t elapsed = absl::ToInt64Nanoseconds(boot) - anchor->sent;
  const int64_t latest = anchor->time + elapsed + Drift(elapsed);
  int64_t given = latest_given_.load(std::memory_order_relaxed);
  while (given < latest && !latest_given_.compare_exchange_weak(given, latest, std::memory_order_relaxed)) {
  }
  return absl::FromUnixNanos(std::max(given, latest));
}

std::optional<absl::Time> AnchoredClock::Earliest(absl::Duration boot) const {
  const std::optional<Anchor> anchor = Load();
  if (!anchor.has_value()) return std::nullopt;
  const int64_t elapsed = absl::ToInt64Nanoseconds(boot) - anchor->received;
  return absl::FromUnixNanos(anchor->time + elapsed - Drift(elapsed));
}

std::optional<AnchoredClock::Anchor> AnchoredClock::Load() const {
  while (true) {
    const uint64_t version = version_.load(std::memory_order_acquire);
    if (version == 0) return std::nullopt;
    const Anchor anchor{.time = time_.load(std::memory_order_acquire),
                        .sent = sent_.load(std::memory_order_acquire),
                        .received = received_.load(std::memory_order_acquire)};
    if (version % 2 == 0 && version_.load(std::memory_order_relaxed) == version) return anchor;
  }
}

void AnchoredClock::Store(const Anchor& anchor) {
  version_.fetch_add(1, std::memory_order_acq_rel);
  time_.store(anchor.time, std::memory_order_release);
  sent_.store(anchor.sent, std::memory_order_release);
  received_.store(anchor.received, std::memory_order_release);
  version_.fetch_add(1, std::memory_order_acq_rel);
}

}  // namespace guestpass
