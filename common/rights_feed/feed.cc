// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/feed.h"

#include <algorithm>

#include "common/rights_feed/views.h"

namespace guestpass::rights_feed {
namespace {

constexpr size_t kPastEpochs = 1024;
constexpr size_t kWaitingEpochs = 16;

// Entries dropped at once when too many bytes are kept.
constexpr size_t kDropAtOnce = 64;

}  // namespace

Feed::Feed(Observer* observer, KeptLimits limits) : observer_(observer), limits_(limits) {
  for (auto& shard : shards_) shard = std::make_unique<Shard>(limits_, &kept_);
}

void Feed::OnEntries(const Entries& entries, absl::Duration boot) {
  if (entries.shard >= rights::kShards) return;
  Changes changes;
  if (!shards_[entries.shard]->TakeIn(entries.epoch, entries.entries, boot, changes)) {
    return OnOtherEpoch(entries.epoch);
  }
  TrimKept();
  Tell(entries.shard, changes);
}

void Feed::OnHeads(absl::Duration sent, absl::Duration received, const Heads& heads) {
  if (heads.heads.size() != rights::kShards || heads.epoch.empty()) return;
  std::vector<Changes> changes(rights::kShards);
  {
    absl::MutexLock lock(&epoch_mutex_);
    bool begins = false;
    const size_t waiting = waiting_.size();
    if (!JudgeEpoch(sent, received, heads.epoch, begins)) return;
    // Messages of an epoch that turned out to be past wait no more.
    for (Changes& change : changes) change.progress = waiting_.size() < waiting;
    clock_.Sample(sent, received, heads.database_time);
    for (uint32_t i = 0; i < rights::kShards; ++i) {
      if (begins) shards_[i]->Begin(heads.epoch, heads.heads[i], changes[i]);
      shards_[i]->OnHead(sent, heads.heads[i], received, changes[i]);
    }
    following_ = true;
  }
  for (uint32_t i = 0; i < rights::kShards; ++i) Tell(i, changes[i]);
}

bool Feed::JudgeEpoch(absl::Duration sent, absl::Duration received, const std::string& epoch, bool& begins) {
  begins = epoch != epoch_;
  if (begins) {
    if (sent < epoch_seen_) return false;
    if (!epoch_.empty()) RememberPast(epoch_);
    past_.erase(std::remove(past_.begin(), past_.end(), epoch), past_.end());
    epoch_ = epoch;
    epoch_seen_ = received;
  }
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const bool judged = it->second < sent;
    if (judged && it->first != epoch_) RememberPast(it->first);
    it = judged ? waiting_.erase(it) : std::next(it);
  }
  return true;
}

void Feed::RememberPast(const std::string& epoch) {
  if (std::find(past_.begin(), past_.end(), epoch) != past_.end()) return;
  if (past_.size() == kPastEpochs) past_.pop_front();
  past_.push_back(epoch);
}

void Feed::OnOtherEpoch(absl::string_view epoch) {
  absl::MutexLock lock(&epoch_mutex_);
  if (std::find(past_.begin(), past_.end(), epoch) == past_.end()) heads_wanted_ = true;
}

std::vector<Feed::Pull> Feed::PullsWanted(absl::Duration boot) {
  std::vector<Pull> pulls;
  if (!following()) return pulls;
  for (uint32_t i = 0; i < rights::kShards; ++i) {
    Changes changes;
    if (const auto after = shards_[i]->BeginPull(boot, changes)) pulls.push_back({i, *after});
    Tell(i, changes);
  }
  return pulls;
}

void Feed::OnPulled(uint32_t shard, const LogPage& page, absl::Duration boot) {
  if (page.changes.shard != shard) return OnPullFailed(shard, boot);
  Changes changes;
  if (!shards_[shard]->EndPull(page, boot, changes)) OnOtherEpoch(page.changes.epoch);
  TrimKept();
  Tell(shard, changes);
}

void Feed::OnPullFailed(uint32_t shard, absl::Duration boot) { shards_[shard]->FailPull(boot); }

void Feed::OnTruncated(uint32_t shard, absl::Duration boot) {
  Changes changes;
  shards_[shard]->Truncate(boot, changes);
  Tell(shard, changes);
}

std::optional<Feed::Held> Feed::OnSnapshot(const RightsQuery& query, absl::string_view epoch,
                                           const RightsSnapshot& snapshot, absl::Duration boot) {
  if (!snapshot.found || snapshot.shard >= rights::kShards) return std::nullopt;
  Shard& shard = *shards_[snapshot.shard];
  const auto member =
      std::make_shared<MemberView>(shard, clock_, snapshot.shard, query.workspace, query.user);
  std::vector<std::shared_ptr<ChannelView>> channels;
  std::vector<ChannelView*> views;
  for (const ChannelId& channel : query.channels) {
    channels.push_back(std::make_shared<ChannelView>(member, channel));
    views.push_back(channels.back().get());
  }
  Changes changes;
  switch (shard.TakeSnapshot(epoch, snapshot, boot, *member, views, changes)) {
    case Shard::Taken::kBehind:
      return std::nullopt;
    case Shard::Taken::kOtherEpoch:
      OnOtherEpoch(epoch);
      return std::nullopt;
    case Shard::Taken::kTaken:
      break;
  }
  Tell(snapshot.shard, changes);
  Held held{.member = MemberRights(member)};
  for (auto& channel : channels) held.channels.emplace_back(std::move(channel));
  return held;
}

std::vector<RightsQuery> Feed::RereadsWanted(size_t limit) {
  std::vector<RightsQuery> queries;
  for (const auto& shard : shards_) {
    shard->AddRereads(limit, queries);
    if (queries.size() >= limit) break;
  }
  return queries;
}

bool Feed::Reached(uint32_t shard, const Revision& revision, absl::Duration boot) {
  if (shard >= rights::kShards) return false;
  if (const auto reached = shards_[shard]->Reached(revision.epoch, revision.n)) return *reached;
  absl::MutexLock lock(&epoch_mutex_);
  if (revision.epoch == epoch_) return false;
  if (std::find(past_.begin(), past_.end(), revision.epoch) != past_.end()) return true;
  if (waiting_.size() < kWaitingEpochs && waiting_.emplace(revision.epoch, boot).second) {
    heads_wanted_ = true;
  }
  return false;
}

Revision Feed::revision(uint32_t shard) const {
  auto [epoch, n] = shards_[shard]->Revision();
  return {.epoch = std::move(epoch), .n = n};
}

uint64_t Feed::applied(uint32_t shard) const { return shards_[shard]->applied(); }

absl::Duration Feed::LeaseFrom(uint32_t shard) const { return shards_[shard]->LeaseFrom(); }

std::string Feed::epoch() const {
  absl::MutexLock lock(&epoch_mutex_);
  return epoch_;
}

size_t Feed::cached_objects() const {
  size_t sum = 0;
  for (const auto& shard : shards_) sum += shard->cells();
  return sum;
}

void Feed::Tell(uint32_t shard, const Changes& changes) {
  if (observer_ == nullptr) return;
  for (const rights::Entry& entry : changes.changed) observer_->OnChanged(shard, entry);
  if (changes.progress) observer_->OnProgress(shard);
}

void Feed::TrimKept() {
  while (kept_.bytes.load() > limits_.bytes) {
    const auto oldest = std::min_element(shards_.begin(), shards_.end(), [](const auto& a, const auto& b) {
      return a->oldest_kept_stamp() < b->oldest_kept_stamp();
    });
    (*oldest)->DropKept(kDropAtOnce);
  }
}

}  // namespace guestpass::rights_feed
