// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/pool.h"

#include <optional>

#include "common/postgres/errors.h"
#include "common/status/error.h"

namespace guestpass::postgres {
namespace {

constexpr std::chrono::seconds kTrusted(10);

bool Sound(Session& session, std::chrono::steady_clock::time_point since) {
  if (!session.Silent()) return false;
  return std::chrono::steady_clock::now() - since < kTrusted || session.Script("").ok();
}

}  // namespace

Lease::~Lease() {
  if (pool_ != nullptr) pool_->Return(std::move(session_));
}

absl::StatusOr<Lease> Pool::Acquire() {
  const auto has_free = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return on_loan_ < options_.size; };
  {
    absl::MutexLock lock(&mutex_);
    if (!mutex_.AwaitWithTimeout(absl::Condition(&has_free), options_.lease_timeout)) {
      return Error(Reason::kOverloaded, "The service is busy with other calls. Try again in a moment.");
    }
    ++on_loan_;
  }
  while (std::optional<Idle> idle = TakeIdle()) {
    if (Sound(*idle->session, idle->since)) return Lease(this, std::move(idle->session));
  }
  absl::StatusOr<std::unique_ptr<Session>> session =
      Session::Connect({.conninfo = options_.conninfo,
                        .application_name = options_.application_name,
                        .connect_timeout = options_.connect_timeout,
                        .statement_timeout = options_.statement_timeout});
  if (!session.ok()) {
    Return(nullptr);
    return session.status();
  }
  return Lease(this, *std::move(session));
}

std::optional<Pool::Idle> Pool::TakeIdle() {
  absl::MutexLock lock(&mutex_);
  if (idle_.empty()) return std::nullopt;
  Idle idle = std::move(idle_.back());
  idle_.pop_back();
  return idle;
}

void Pool::Return(std::unique_ptr<Session> session) {
  const bool keep = session != nullptr && !session->broken() &&
                    PQtransactionStatus(session->connection()) == PQTRANS_IDLE &&
                    PQpipelineStatus(session->connection()) == PQ_PIPELINE_OFF;
  if (!keep) session.reset();
  absl::MutexLock lock(&mutex_);
  --on_loan_;
  if (keep) idle_.push_back({std::move(session), std::chrono::steady_clock::now()});
}

}  // namespace guestpass::postgres
