// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/shard.h"

#include <algorithm>

#include "common/rights_feed/views.h"

namespace guestpass::rights_feed {
namespace {

// Heads answers that wait for `applied`: the oldest ones, which it reaches first, and the newest.
constexpr size_t kAnswers = 16;

constexpr absl::Duration kRetryPull = absl::Milliseconds(100);

constexpr size_t kChannelsPerQuery = 100;

// The snapshot's object of that key, or null.
const rights::Object* Find(const RightsSnapshot& snapshot, const ObjectKey& key) {
  for (const rights::Object& object : snapshot.objects) {
    if (ObjectKey::Of(object) == key) return &object;
  }
  return nullptr;
}

bool IsComplete(const RightsSnapshot& snapshot, const MemberView& member,
                absl::Span<ChannelView* const> channels, OrganizationId& organization) {
  const rights::Object* workspace = Find(snapshot, ObjectKey::Workspace(member.workspace));
  if (workspace == nullptr) return false;
  organization = std::get_if<rights::WorkspaceState>(workspace)->organization;
  if (Find(snapshot, ObjectKey::OrganizationMember(organization, member.user)) == nullptr) return false;
  if (Find(snapshot, ObjectKey::Member(member.workspace, member.user)) == nullptr) return false;
  return std::all_of(channels.begin(), channels.end(), [&](const ChannelView* view) {
    return Find(snapshot, ObjectKey::Channel(view->channel)) != nullptr &&
           Find(snapshot, ObjectKey::Participant(view->channel, member.user)) != nullptr;
  });
}

}  // namespace

void Shard::Begin(const std::string& epoch, uint64_t head, Changes& changes) {
  absl::MutexLock lock(&mutex_);
  epoch_ = epoch;
  applied_ = heard_ = taken_in_ = head;
  kept_.Clear();
  kept_from_ = head + 1;
  answers_.clear();
  hole_since_ = absl::InfiniteDuration();
  reread_to_.reset();
  for (auto& [key, cell] : cells_) {
    cell->known = false;
    Mark(*cell);
  }
  changes.progress = true;
}

void Shard::OnHead(absl::Duration sent, uint64_t head, absl::Duration boot, Changes& changes) {
  absl::MutexLock lock(&mutex_);
  if (answers_.size() == kAnswers) answers_.pop_back();
  answers_.push_back({.sent = sent, .head = head});
  Hear(head);
  Settle(boot, changes);
}

bool Shard::TakeIn(absl::string_view epoch, absl::Span<const rights::Entry> entries, absl::Duration boot,
                   Changes& changes) {
  absl::MutexLock lock(&mutex_);
  if (epoch_.empty() || epoch != epoch_) return false;
  for (const rights::Entry& entry : entries) {
    Hear(entry.n);
    taken_in_ = std::max(taken_in_, entry.n);
    Take(entry, changes);
    if (entry.n > applied_) kept_.Keep(entry);
  }
  Settle(boot, changes);
  Trim(limits_.entries_per_shard);
  return true;
}

void Shard::Take(const rights::Entry& entry, Changes& changes) {
  const auto it = cells_.find(ObjectKey::Of(entry.object));
  if (it == cells_.end()) return;
  Cell& cell = *it->second;
  if (cell.known && entry.n > cell.as_of) Set(cell, entry, changes);
}

void Shard::Set(Cell& cell, const rights::Entry& entry, Changes& changes) {
  if (cell.read && !(cell.object == entry.object)) changes.changed.push_back(entry);
  cell.object = entry.object;
  cell.as_of = entry.n;
  cell.known = cell.read = true;
  Mark(cell);
}

void Shard::Mark(Cell& cell) {
  const bool to_read = !cell.known || (reread_to_.has_value() && cell.as_of < *reread_to_);
  if (to_read && !cell.to_read) ++to_read_;
  if (!to_read && cell.to_read) --to_read_;
  cell.to_read = to_read;
}

void Shard::Settle(absl::Duration boot, Changes& changes) {
  const uint64_t before = applied_;
  FinishReread(changes);
  while (kept_.Has(applied_ + 1)) ++applied_;
  GiveLease(boot, changes);
  if (applied_ != before) changes.progress = true;
  if (heard_ <= applied_) {
    hole_since_ = absl::InfiniteDuration();
  } else if (applied_ != before || hole_since_ == absl::InfiniteDuration()) {
    hole_since_ = boot;
  }
}

void Shard::FinishReread(Changes& changes) {
  if (!reread_to_.has_value() || to_read_ > 0) return;
  applied_ = std::max(applied_, *reread_to_);
  reread_to_.reset();
  kept_.DropThrough(applied_);
  kept_from_ = applied_ + 1;
  changes.progress = true;
}

void Shard::GiveLease(absl::Duration boot, Changes& changes) {
  const absl::Duration before = lease_from_;
  for (const Answer& answer : answers_) {
    if (applied_ >= answer.head) lease_from_ = std::max(lease_from_, answer.sent);
  }
  const auto reached = [this](const Answer& answer) { return applied_ >= answer.head; };
  answers_.erase(std::remove_if(answers_.begin(), answers_.end(), reached), answers_.end());
  if (lease_from_ != before && boot >= before + kGuestWriteLease) changes.progress = true;
}

void Shard::Trim(size_t most) {
  while (kept_.size() > most) {
    const uint64_t n = kept_.DropLowest();
    if (n <= applied_) kept_from_ = n + 1;
  }
}

std::optional<uint64_t> Shard::BeginPull(absl::Duration boot, Changes& changes) {
  absl::MutexLock lock(&mutex_);
  if (reread_to_.has_value()) Settle(boot, changes);
  const bool hole = heard_ > applied_ && boot - hole_since_ > kHoleAge;
  if (!hole || pulling_ || reread_to_.has_value()) return std::nullopt;
  pulling_ = true;
  return applied_;
}

bool Shard::EndPull(const LogPage& page, absl::Duration boot, Changes& changes) {
  const bool same_epoch = TakeIn(page.changes.epoch, page.changes.entries, boot, changes);
  absl::MutexLock lock(&mutex_);
  pulling_ = false;
  if (!same_epoch) {
    hole_since_ = boot;
    return false;
  }
  Hear(page.head);
  const bool next_page =
      !page.changes.entries.empty() && applied_ >= page.changes.entries.back().n && applied_ < page.head;
  if (heard_ > applied_) hole_since_ = next_page ? -absl::InfiniteDuration() : boot;
  return true;
}

void Shard::FailPull(absl::Duration boot) {
  absl::MutexLock lock(&mutex_);
  pulling_ = false;
  if (heard_ > applied_) hole_since_ = boot + kRetryPull - kHoleAge;
}

void Shard::Truncate(absl::Duration boot, Changes& changes) {
  absl::MutexLock lock(&mutex_);
  pulling_ = false;
  reread_to_ = heard_;
  for (auto& [key, cell] : cells_) Mark(*cell);
  Settle(boot, changes);
}

Shard::Taken Shard::TakeSnapshot(absl::string_view epoch, const RightsSnapshot& snapshot, absl::Duration boot,
                                 MemberView& member, absl::Span<ChannelView* const> channels,
                                 Changes& changes) {
  OrganizationId organization;
  if (!IsComplete(snapshot, member, channels, organization)) return Taken::kBehind;
  absl::MutexLock lock(&mutex_);
  if (epoch_.empty() || epoch != epoch_) return Taken::kOtherEpoch;
  if (snapshot.n + 1 < kept_from_) return Taken::kBehind;
  member.organization = organization;
  member.workspace_cell = Hold(ObjectKey::Workspace(member.workspace));
  member.organization_member_cell = Hold(ObjectKey::OrganizationMember(organization, member.user));
  member.member_cell = Hold(ObjectKey::Member(member.workspace, member.user));
  members_.insert(&member);
  for (ChannelView* view : channels) {
    view->channel_cell = Hold(ObjectKey::Channel(view->channel));
    view->participant_cell = Hold(ObjectKey::Participant(view->channel, member.user));
    channels_.insert(view);
  }
  for (const rights::Object& object : snapshot.objects) {
    const auto it = cells_.find(ObjectKey::Of(object));
    if (it == cells_.end()) continue;
    Cell& cell = *it->second;
    if (!cell.known || snapshot.n > cell.as_of) Set(cell, {.n = snapshot.n, .object = object}, changes);
  }
  kept_.ForEachAfter(snapshot.n, [&](const rights::Entry& entry) { Take(entry, changes); });
  Hear(snapshot.n);
  taken_in_ = std::max(taken_in_, snapshot.n);
  changes.progress = true;
  Settle(boot, changes);
  return Taken::kTaken;
}

Cell* Shard::Hold(const ObjectKey& key) {
  std::unique_ptr<Cell>& cell = cells_[key];
  if (cell == nullptr) cell = std::make_unique<Cell>(Cell{.key = key});
  ++cell->holders;
  return cell.get();
}

void Shard::Drop(Cell*& cell) {
  if (cell == nullptr || --cell->holders > 0) return;
  if (cell->to_read) --to_read_;
  cells_.erase(ObjectKey(cell->key));
  cell = nullptr;
}

void Shard::Release(MemberView& member) {
  absl::MutexLock lock(&mutex_);
  members_.erase(&member);
  Drop(member.workspace_cell);
  Drop(member.organization_member_cell);
  Drop(member.member_cell);
}

void Shard::Release(ChannelView& channel) {
  absl::MutexLock lock(&mutex_);
  channels_.erase(&channel);
  Drop(channel.channel_cell);
  Drop(channel.participant_cell);
}

void Shard::AddRereads(size_t limit, std::vector<RightsQuery>& queries) const {
  absl::ReaderMutexLock lock(&mutex_);
  if (to_read_ == 0) return;
  absl::flat_hash_map<const MemberView*, std::vector<ChannelId>> wanted;
  for (const MemberView* view : members_) {
    if (view->workspace_cell->to_read || view->organization_member_cell->to_read ||
        view->member_cell->to_read) {
      wanted[view];
    }
  }
  for (const ChannelView* view : channels_) {
    if (!view->channel_cell->to_read && !view->participant_cell->to_read) continue;
    std::vector<ChannelId>& channels = wanted[view->member.get()];
    if (channels.size() < kChannelsPerQuery) channels.push_back(view->channel);
  }
  for (auto& [view, channels] : wanted) {
    if (queries.size() >= limit) return;
    queries.push_back({view->workspace, view->user, std::move(channels)});
  }
}

void Shard::DropKept(size_t count) {
  absl::MutexLock lock(&mutex_);
  Trim(kept_.size() - std::min(count, kept_.size()));
}

std::optional<bool> Shard::Reached(absl::string_view epoch, uint64_t n) const {
  absl::ReaderMutexLock lock(&mutex_);
  if (epoch_.empty() || epoch != epoch_) return std::nullopt;
  return applied_ >= n;
}

std::pair<std::string, uint64_t> Shard::Revision() const {
  absl::ReaderMutexLock lock(&mutex_);
  return {epoch_, taken_in_};
}

uint64_t Shard::applied() const {
  absl::ReaderMutexLock lock(&mutex_);
  return applied_;
}

absl::Duration Shard::LeaseFrom() const {
  absl::ReaderMutexLock lock(&mutex_);
  return lease_from_;
}

size_t Shard::cells() const {
  absl::ReaderMutexLock lock(&mutex_);
  return cells_.size();
}

}  // namespace guestpass::rights_feed
