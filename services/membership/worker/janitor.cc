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

// Between two steps, for who waits for the same disk.
constexpr absl::Duration kBreath = absl::Milliseconds(2);

constexpr int kWorkspaces = 100;

void LogFailing(const absl::Status& error) {
  telemetry::Log(Severity::kWarning,
                 "old records cannot be cleared away: tables grow until they can; nothing else is affected",
                 {{"error", std::string(error.message())}});
}

}  // namespace

void Janitor::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Janitor::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Janitor::Run() {
  bool failing = false;
  do {
    Cleared cleared;
    const absl::Status status = Round(cleared);
    if (!status.ok() && !failing) LogFailing(status);
    if (status.ok() && failing) telemetry::Log(Severity::kInfo, "old records are cleared away again");
    failing = !status.ok();
    telemetry::Log(Severity::kDebug, "cleared away",
                   {{"log_entries", absl::StrCat(cleared.log_entries)},
                    {"join_keys", absl::StrCat(cleared.join_keys)},
                    {"answers", absl::StrCat(cleared.answers)},
                    {"records", absl::StrCat(cleared.records)}});
  } while (Pause(options_.interval));
}

absl::Status Janitor::Round(Cleared& cleared) {
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
  while (cleared > before && Pause(absl::ZeroDuration())) {
    before = cleared;
    ASSIGN_OR_RETURN(const std::vector<WorkspaceId> workspaces, upkeep_.UnclearedWorkspaces(kWorkspaces));
    for (const WorkspaceId& workspace : workspaces) {
      RETURN_IF_ERROR(Repeat([&] { return upkeep_.ClearWorkspace(workspace, options_.batch); }, cleared));
    }
  }
  return absl::OkStatus();
}

absl::Status Janitor::Repeat(absl::FunctionRef<absl::StatusOr<int64_t>()> step, int64_t& cleared) {
  for (absl::Duration pause = absl::ZeroDuration(); Pause(pause); pause = kBreath) {
    ASSIGN_OR_RETURN(const int64_t gone, step());
    cleared += gone;
    if (gone == 0) break;
  }
  return absl::OkStatus();
}

bool Janitor::Pause(absl::Duration duration) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !wake_.wait_for(lock, absl::ToChronoNanoseconds(duration), [this] { return stopping_; });
}

}  // namespace guestpass::membership
