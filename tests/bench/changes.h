// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "guestpass/membership/v1/membership.grpc.pb.h"
#include "tests/bench/closed_loop.h"
#include "tests/bench/crowd.h"
#include "tests/bench/row.h"

namespace guestpass::bench {

// One caller's changes: its members become VIEWERs one after another, then MEMBERs again. For one caller.
class RoleChanges {
 public:
  // `members` are names; `token` is of who may change them, `stub` outlives this.
  RoleChanges(membership::v1::MembershipService::Stub& stub, std::string token,
              std::vector<std::string> members)
      : stub_(stub), token_(std::move(token)), members_(std::move(members)) {}

  std::unique_ptr<Call> Next(grpc::CompletionQueue& queue, void* tag);

 private:
  membership::v1::MembershipService::Stub& stub_;
  const std::string token_;
  const std::vector<std::string> members_;
  size_t made_ = 0;
};

// Changes of 64 owners at once, each in its own organization. per_s, p50_ms, p99_ms.
absl::StatusOr<Figures> MeasureChanges(Crowd& crowd, absl::Duration time);

}  // namespace guestpass::bench
