// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/follower.h"

#include <algorithm>

#include "common/rights/decide.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"

namespace guestpass::rights_feed {
namespace {

constexpr absl::Duration kHeadsInterval = absl::Milliseconds(250);
constexpr absl::Duration kHeadsAtOnce =
    absl::Milliseconds(20);  // the soonest that wanted heads are asked for
constexpr absl::Duration kTick = absl::Milliseconds(5);
constexpr absl::Duration kRetry = absl::Milliseconds(10);
constexpr absl::Duration kRereadRetry = absl::Milliseconds(100);
constexpr absl::Duration kFlushTimeout = absl::Milliseconds(500);
constexpr absl::Duration kFresh = absl::Seconds(2);
constexpr size_t kBatch = 1'000;

absl::Status Stale() {
  return Error(Reason::kRightsStale, "Your rights cannot be confirmed at the moment. Try again.");
}

absl::Status NoMember() {
  return rights::RefusalError(rights::Refusal::kNoMember, {}, rights::Action::kRead, "");
}

}  // namespace

// One query that somebody waits for.
struct Follower::PendingLoad {
  RightsQuery query;
  absl::Mutex mutex;
  bool done ABSL_GUARDED_BY(mutex) = false;
  bool given_up ABSL_GUARDED_BY(mutex) = false;
  absl::StatusOr<Feed::Held> result ABSL_GUARDED_BY(mutex) = Stale();

  void Finish(absl::StatusOr<Feed::Held> with) {
    absl::MutexLock lock(&mutex);
    if (!given_up) result = std::move(with);
    done = true;
  }
  bool GivenUp() {
    absl::MutexLock lock(&mutex);
    return given_up;
  }
};

Follower::Follower(Feed& feed, nats::Bus& bus, RightsSource& source, const Signer& signer, const Clock& clock)
    : feed_(feed), bus_(bus), source_(source), signer_(signer), clock_(clock) {}

Follower::~Follower() { Stop(); }

absl::Status Follower::Start() {
  const auto on_message = [this](absl::string_view subject, absl::string_view bytes) {
    OnMessage(subject, bytes);
  };
  ASSIGN_OR_RETURN(subscription_, bus_.Subscribe(kAllRightsSubjects, on_message));
  threads_.emplace_back([this] { HeadsLoop(); });
  threads_.emplace_back([this] { PullLoop(); });
  threads_.emplace_back([this] { LoadLoop(); });
  return absl::OkStatus();
}

void Follower::Stop() {
  std::deque<std::shared_ptr<PendingLoad>> loads;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    loads.swap(loads_);
  }
  for (const auto& load : loads) load->Finish(Stale());
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  subscription_.reset();
}

bool Follower::Pause(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithTimeout(absl::Condition(&stopping_), duration);
  return !stopping_;
}

void Follower::OnMessage(absl::string_view subject, absl::string_view bytes) {
  const absl::StatusOr<Entries> entries = signer_.OpenEntries(subject, bytes);
  if (entries.ok()) {
    feed_.OnEntries(*entries, clock_.Boot());
  } else if (refused_.fetch_add(1) == 0) {
    telemetry::Log(telemetry::Severity::kWarning, entries.status().message(),
                   {{"subject", std::string(subject)}});
  }
}

void Follower::HeadsLoop() {
  (void)bus_.Flush(kFlushTimeout);  // without a bus there is nothing to miss: heads and pulls tell all
  bool failed = false;
  do {
    const absl::Duration begun = clock_.Boot();
    const absl::Status status = ReadHeads();
    if (!status.ok() && !failed) {
      telemetry::Log(telemetry::Severity::kWarning, "Rights heads cannot be read; trying again.",
                     {{"error", std::string(status.message())}});
    }
    if (status.ok() && failed) telemetry::Log(telemetry::Severity::kInfo, "Rights heads are read again.");
    failed = !status.ok();
    if (!Pause(kHeadsAtOnce)) return;
    while (clock_.Boot() - begun < kHeadsInterval && !feed_.TakeHeadsWanted()) {
      if (!Pause(kTick)) return;
    }
  } while (true);
}

absl::Status Follower::ReadHeads() {
  const absl::Duration sent = clock_.Boot();
  ASSIGN_OR_RETURN(const Heads heads, source_.GetRightsHeads());
  const absl::Duration received = clock_.Boot();
  feed_.OnHeads(sent, received, heads);
  last_heads_boot_us_ = absl::ToInt64Microseconds(received);
  return absl::OkStatus();
}

absl::Status Follower::ready() const {
  const int64_t last = last_heads_boot_us_.load();
  const absl::Status unreachable =
      Error(Reason::kServiceUnavailable,
            "Membership does not answer: start it, or correct its address. Until then writing is refused.");
  if (last == INT64_MIN || clock_.Boot() - absl::Microseconds(last) > kFresh) return unreachable;
  if (feed_.clock().Latest(clock_.Boot()).has_value()) return absl::OkStatus();
  return Error(Reason::kServiceUnavailable,
               "Membership answers too slowly to tell its database's time: bring it nearer (50 ms).");
}

void Follower::PullLoop() {
  while (Pause(kTick)) {
    for (const Feed::Pull& pull : feed_.PullsWanted(clock_.Boot())) Pull(pull);
  }
}

void Follower::Pull(const Feed::Pull& pull) {
  const absl::StatusOr<LogPage> page = source_.ListRightsChanges(pull.shard, pull.after_n);
  const absl::Duration boot = clock_.Boot();
  if (page.ok()) return feed_.OnPulled(pull.shard, *page, boot);
  if (HasReason(page.status(), Reason::kFeedTruncated)) return feed_.OnTruncated(pull.shard, boot);
  feed_.OnPullFailed(pull.shard, boot);
}

absl::StatusOr<MemberRights> Follower::Load(const WorkspaceId& workspace, const UserId& user,
                                            absl::Duration timeout) {
  ASSIGN_OR_RETURN(Feed::Held held, LoadQuery({.workspace = workspace, .user = user}, timeout));
  return std::move(held.member);
}

absl::StatusOr<ChannelRights> Follower::LoadChannel(const MemberRights& member, const ChannelId& channel,
                                                    absl::Duration timeout) {
  RightsQuery query{.workspace = member.workspace(), .user = member.user(), .channels = {channel}};
  ASSIGN_OR_RETURN(Feed::Held held, LoadQuery(std::move(query), timeout));
  return std::move(held.channels.front());
}

absl::StatusOr<Feed::Held> Follower::LoadQuery(RightsQuery query, absl::Duration timeout) {
  const auto load = std::make_shared<PendingLoad>();
  load->query = std::move(query);
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return Stale();
    loads_.push_back(load);
  }
  absl::MutexLock lock(&load->mutex);
  load->mutex.AwaitWithTimeout(absl::Condition(&load->done), timeout);
  load->given_up = true;
  return std::move(load->result);
}

std::vector<std::shared_ptr<Follower::PendingLoad>> Follower::NextLoads(absl::Duration patience) {
  std::vector<std::shared_ptr<PendingLoad>> loads;
  absl::MutexLock lock(&mutex_);
  const auto awake = [this] { return stopping_ || !loads_.empty(); };
  mutex_.AwaitWithTimeout(absl::Condition(&awake), patience);
  while (!stopping_ && !loads_.empty() && loads.size() < kBatch) {
    loads.push_back(std::move(loads_.front()));
    loads_.pop_front();
  }
  return loads;
}

void Follower::LoadLoop() {
  absl::Duration next_reread = -absl::InfiniteDuration();
  while (Pause(absl::ZeroDuration())) {
    if (const auto loads = NextLoads(kTick); !loads.empty()) Read(loads);
    if (clock_.Boot() < next_reread) continue;
    const std::vector<RightsQuery> queries = feed_.RereadsWanted(kBatch);
    if (!queries.empty() && !Reread(queries)) next_reread = clock_.Boot() + kRereadRetry;
  }
}

void Follower::Read(const std::vector<std::shared_ptr<PendingLoad>>& loads) {
  std::vector<RightsQuery> queries;
  for (const auto& load : loads) queries.push_back(load->query);
  const absl::StatusOr<RightsBatch> batch = source_.BatchGetRights(queries);
  std::vector<std::shared_ptr<PendingLoad>> again;
  for (size_t i = 0; i < loads.size(); ++i) {
    const bool answered = batch.ok() && batch->snapshots.size() == loads.size();
    if (answered && !batch->snapshots[i].found) {
      loads[i]->Finish(NoMember());
    } else if (auto held =
                   answered ? feed_.OnSnapshot(queries[i], batch->epoch, batch->snapshots[i], clock_.Boot())
                            : std::nullopt) {
      loads[i]->Finish(*std::move(held));
    } else if (!loads[i]->GivenUp()) {
      again.push_back(loads[i]);
    }
  }
  if (again.empty()) return;
  Pause(kRetry);
  absl::MutexLock lock(&mutex_);
  if (!stopping_) loads_.insert(loads_.end(), again.begin(), again.end());
  for (const auto& load : again) {
    if (stopping_) load->Finish(Stale());
  }
}

bool Follower::Reread(const std::vector<RightsQuery>& queries) {
  const absl::StatusOr<RightsBatch> batch = source_.BatchGetRights(queries);
  if (!batch.ok() || batch->snapshots.size() != queries.size()) return false;
  bool all = true;
  for (size_t i = 0; i < queries.size(); ++i) {
    all &= feed_.OnSnapshot(queries[i], batch->epoch, batch->snapshots[i], clock_.Boot()).has_value();
  }
  return all;
}

}  // namespace guestpass::rights_feed
