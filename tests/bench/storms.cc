// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/storms.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/macros.h"
#include "tests/bench/changes.h"

namespace guestpass::bench {
namespace {

using membership::v1::MembershipService;
using postgres::Params;
using rights::v1::ApplyDueExpirationsRequest;
using rights::v1::RightsService;

constexpr int kBatch = 1000;  // as guest-expiry asks
constexpr int kMembers = 50;  // changed meanwhile
constexpr absl::Duration kTimeout = absl::Seconds(60);
constexpr absl::Duration kPatience = absl::Minutes(3);

constexpr char kEndTimes[] = R"sql(
  UPDATE members SET recorded_state = 'ACTIVE', expire_us = now_us(), access_end_us = now_us() + 86400000000
  WHERE role = 'GUEST' AND 'workspaces/' || workspace <> $1
)sql";

// Who is made a guest has no sponsor, by which kUnmakeGuests knows whom to make a member again.
constexpr char kMakeGuests[] = R"sql(
  UPDATE members m
  SET role = 'GUEST', grants = ARRAY[c.id], recorded_state = 'ACTIVE', expire_us = now_us(),
      access_end_us = now_us() + 86400000000
  FROM channels c
  WHERE 'workspaces/' || m.workspace = $1 AND m.role <> 'ADMIN' AND c.workspace = m.workspace AND c.kind = 'PUBLIC'
)sql";

constexpr char kUnmakeGuests[] = R"sql(
  UPDATE members
  SET role = 'MEMBER', grants = '{}', recorded_state = 'ACTIVE', expire_us = NULL, access_end_us = NULL
  WHERE 'workspaces/' || workspace = $1 AND role = 'GUEST' AND sponsor IS NULL
)sql";

constexpr char kRestoreGuests[] = R"sql(
  UPDATE members
  SET recorded_state = 'ACTIVE', expire_us = now_us() + 2592000000000, access_end_us = now_us() + 2678400000000
  WHERE recorded_state <> 'ACTIVE'
)sql";

// Calls as guest-expiry does until nothing is due. How many rows a second were recorded.
absl::StatusOr<double> ApplyAll(const harness::Stack& stack, int64_t due) {
  const harness::Client expiry = stack.Service(harness::kGuestExpiry);
  ApplyDueExpirationsRequest request;
  request.set_limit(kBatch);
  const absl::Time begun = absl::Now();
  int64_t applied = 0;
  while (applied < due && absl::Now() < begun + kPatience) {
    ASSIGN_OR_RETURN(const auto answer,
                     expiry.Call(&RightsService::Stub::ApplyDueExpirations, request, kTimeout));
    applied += answer.applied();
  }
  if (applied != due) return absl::InternalError(absl::StrCat(applied, " rows were recorded, not ", due));
  return static_cast<double>(applied) / absl::ToDoubleSeconds(absl::Now() - begun);
}

}  // namespace

absl::StatusOr<Figures> MeasureDue(Crowd& crowd) {
  ASSIGN_OR_RETURN(const auto due, crowd.Run(kEndTimes, Params::Of(crowd.big_workspace())));
  RETURN_IF_ERROR(crowd.Settle());
  ASSIGN_OR_RETURN(const double rows_per_s, ApplyAll(crowd.stack(), due.affected()));
  RETURN_IF_ERROR(crowd.Run(kRestoreGuests).status());
  RETURN_IF_ERROR(crowd.Settle());
  return Figures{{"rows_per_s", rows_per_s}};
}

absl::StatusOr<Figures> MeasureStorm(Crowd& crowd) {
  ASSIGN_OR_RETURN(const auto members, crowd.MembersOf(0, kMembers));
  ASSIGN_OR_RETURN(const auto due, crowd.Run(kMakeGuests, Params::Of(crowd.big_workspace())));
  RETURN_IF_ERROR(crowd.Settle());
  std::vector<std::string> names;
  for (const Someone& member : members) names.push_back(member.member);
  const auto stub = MembershipService::NewStub(Connections(crowd.stack().addresses().membership, 1)[0]);
  RoleChanges changes(*stub, crowd.OwnerToken(0), std::move(names));
  absl::StatusOr<double> rows_per_s;
  ASSIGN_OR_RETURN(
      Figures figures,
      MeasureWhile(
          1, [&](int, grpc::CompletionQueue& queue, void* tag) { return changes.Next(queue, tag); },
          [&] { rows_per_s = ApplyAll(crowd.stack(), due.affected()); }));
  RETURN_IF_ERROR(rows_per_s.status());
  RETURN_IF_ERROR(crowd.Run(kUnmakeGuests, Params::Of(crowd.big_workspace())).status());
  RETURN_IF_ERROR(crowd.Run(kRestoreGuests).status());
  RETURN_IF_ERROR(crowd.Settle());
  return Figures{{"rows_per_s", *rows_per_s}, {"change_p99_ms", figures["p99_ms"]}};
}

}  // namespace guestpass::bench
