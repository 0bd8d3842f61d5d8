// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/expiries.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/postgres/session.h"
#include "common/rights/names.h"
#include "common/status/macros.h"
#include "tests/harness/workplace.h"

namespace guestpass::bench {
namespace {

constexpr char kGuests[] = R"sql(
  INSERT INTO members (workspace, user_id, shard, role, expire_us, access_end_us, recorded_state, grants, create_us)
  SELECT w.id, translate(lpad(to_hex(i), 26, '0'), '0189', 'zyxv'), w.shard, 'GUEST', $2, $2 + 86400000000,
         'ACTIVE', ARRAY[$3], 0
  FROM workspaces w, generate_series(1, $4::bigint) i WHERE w.id = $1
)sql";

constexpr char kRecorded[] = R"sql(
  SELECT (record_us - $2)::bigint FROM audit_entries WHERE workspace = $1 AND effective_us = $2
)sql";

constexpr absl::Duration kPatience = absl::Seconds(60);

absl::Duration Lead(int count) { return std::max(absl::Seconds(2), absl::Microseconds(300) * count); }

}  // namespace

absl::StatusOr<Figures> MeasureExpiries(const harness::Stack& stack, int count) {
  ASSIGN_OR_RETURN(const harness::Workplace place, harness::MakeWorkplace(stack));
  ASSIGN_OR_RETURN(const ChannelName channel, ParseChannelName("channel", place.closed_channel));
  ASSIGN_OR_RETURN(const auto session,
                   postgres::Session::Connect({.conninfo = stack.postgres().conninfo("guestpass_membership"),
                                               .statement_timeout = absl::Seconds(60)}));
  const absl::Time at = absl::FromUnixMicros(absl::ToUnixMicros(absl::Now() + Lead(count)));
  RETURN_IF_ERROR(
      session->Run(kGuests, postgres::Params::Of(channel.workspace, at, channel.channel, count)).status());
  for (const absl::Time give_up = at + kPatience; absl::Now() < give_up;) {
    absl::SleepFor(absl::Milliseconds(100));
    ASSIGN_OR_RETURN(const auto recorded,
                     session->Run(kRecorded, postgres::Params::Of(channel.workspace, at)));
    if (recorded.rows() < count) continue;
    std::vector<double> late;
    for (int row = 0; row < count; ++row) late.push_back(static_cast<double>(recorded.Int64(row, 0)) / 1000);
    return Figures{{"p99_late_ms", Quantile(late, 0.99)}, {"max_late_ms", Quantile(late, 1)}};
  }
  return absl::InternalError("not every end was recorded within a minute");
}

}  // namespace guestpass::bench
