// SPDX-License-Identifier: Apache-2.0
#include "services/membership/worker/janitor.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/rights/objects.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"

namespace guestpass::membership {
namespace {

using telemetry::Severity;

constexpr int kWorkspaces = 100;

void LogFailing(const absl::Status& error) {
  telemetry::Log(Severity::kWarning,
                 "old records cannot be cleared away: tables grow until they can; nothing else is affected",
                 {{"error", std::string(error.message())}});
}

}  // namespace

void Janitor::Start() {
  rounds_.Start([this] { Run(); }, options_.interval);
}

void Janitor::Run() {
  Cleared cleared;
  const absl::Status status = Clear(cleared);
  if (!status.ok() && !failing_) LogFailing(status);
  if (status.ok() && failing_) telemetry::Log(Severity::kInfo, "old records are cleared away again");
  failing_ = !status.ok();
  telemetry::Log(Severity::kDebug, "cleared away",
                 {{"log_entries", absl::StrCat(cleared.log_entries)},
                  {"join_keys", absl::StrCat(cleared.join_keys)},
                  {"answers", absl::StrCat(cleared.answers)},
                  {"records", absl::StrCat(cleared.records)}});
}

absl::Status Janitor::Clear(Cleared& cleared) {
  absl::Status first = PruneLogs(cleared.log_entries);
  first.Update(Repeat([&] { return upkeep_.ForgetJoinKeys(options_.batch); }, cleared.join_keys));
  first.Update(Repeat([&] { return upkeep_.ForgetAnswers(options_.batch); }, cleared.answers));
  first.Update(ClearWorkspaces(cleared.records));
  return first;
}

absl::Status Janitor::PruneLogs(int64_t& cleared) {
  for (uint32_t shard = 0; shard < rights::kShards; ++shard) {
    const auto step = [&] { return upkeep_.PruneLog(shard, options_.log_age, options_.batch); };
    RETURN_IF_ERROR(Repeat(step, cleared));
  }
  return absl::OkStatus();
}

absl::Status Janitor::ClearWorkspaces(int64_t& cleared) {
  int64_t before = -1;
  while (cleared > before && rounds_.Pause(absl::ZeroDuration())) {
    before = cleared;
    ASSIGN_OR_RETURN(const std::vector<WorkspaceId> workspaces, upkeep_.UnclearedWorkspaces(kWorkspaces));
    for (const WorkspaceId& workspace : workspaces) {
      RETURN_IF_ERROR(Repeat([&] { return upkeep_.ClearWorkspace(workspace, options_.batch); }, cleared));
    }
  }
  return absl::OkStatus();
}

absl::Status Janitor::Repeat(absl::FunctionRef<absl::StatusOr<int64_t>()> step, int64_t& cleared) {
  return rounds_.Repeat([&]() -> absl::StatusOr<int64_t> {
    ASSIGN_OR_RETURN(const int64_t gone, step());
    cleared += gone;
    return gone;
  });
}

}  // namespace guestpass::membership
