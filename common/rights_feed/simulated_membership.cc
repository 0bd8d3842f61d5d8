// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/simulated_membership.h"

#include <algorithm>

#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::rights_feed {
namespace {

constexpr size_t kPage = 1'000;

}  // namespace

Entries SimulatedMembership::Commit(const rights::Object& object) {
  absl::MutexLock lock(&mutex_);
  log_.push_back(
      {.n = log_.size() + 1, .record_time = clock_.Now(), .effective_time = clock_.Now(), .object = object});
  return {.epoch = epoch_, .shard = shard_, .entries = {log_.back()}};
}

Entries SimulatedMembership::CommitGuest(const WorkspaceId& workspace, const UserId& user,
                                         std::vector<ChannelId> grants) {
  return Commit(rights::MemberState{
      .workspace = workspace, .user = user, .role = rights::Role::kGuest, .grants = std::move(grants)});
}

Entries SimulatedMembership::CommitNoMember(const WorkspaceId& workspace, const UserId& user) {
  return Commit(rights::MemberState{.workspace = workspace, .user = user});
}

void SimulatedMembership::BeginEpoch(const std::string& epoch, size_t forgotten) {
  absl::MutexLock lock(&mutex_);
  epoch_ = epoch;
  log_.resize(log_.size() - forgotten);
}

void SimulatedMembership::Prune(uint64_t n) {
  absl::MutexLock lock(&mutex_);
  pruned_n_ = n;
}

void SimulatedMembership::SetReachable(bool reachable) {
  absl::MutexLock lock(&mutex_);
  reachable_ = reachable;
}

uint64_t SimulatedMembership::head() const {
  absl::MutexLock lock(&mutex_);
  return log_.size();
}

rights::Object SimulatedMembership::Truth(const rights::Object& absent) const {
  absl::MutexLock lock(&mutex_);
  return Get(absent);
}

int SimulatedMembership::batches() const {
  absl::MutexLock lock(&mutex_);
  return batches_;
}

rights::Object SimulatedMembership::Get(const rights::Object& absent) const {
  const ObjectKey key = ObjectKey::Of(absent);
  const auto newest = std::find_if(log_.rbegin(), log_.rend(), [&](const rights::Entry& entry) {
    return ObjectKey::Of(entry.object) == key;
  });
  return newest == log_.rend() ? absent : newest->object;
}

RightsSnapshot SimulatedMembership::Read(const RightsQuery& query) const {
  const rights::Object workspace = Get(rights::WorkspaceState{.workspace = query.workspace});
  const OrganizationId organization = std::get_if<rights::WorkspaceState>(&workspace)->organization;
  if (organization.empty()) return {};
  RightsSnapshot snapshot{.found = true, .shard = shard_, .n = log_.size()};
  snapshot.objects = {workspace,
                      Get(rights::OrganizationMemberState{.organization = organization, .user = query.user}),
                      Get(rights::MemberState{.workspace = query.workspace, .user = query.user})};
  for (const ChannelId& channel : query.channels) {
    snapshot.objects.push_back(Get(rights::ChannelState{.channel = channel}));
    snapshot.objects.push_back(Get(rights::ParticipantState{.channel = channel, .user = query.user}));
  }
  return snapshot;
}

absl::Status SimulatedMembership::CheckReachable() const {
  if (reachable_) return absl::OkStatus();
  return Error(Reason::kServiceUnavailable, "The simulated membership is unreachable.");
}

absl::StatusOr<Heads> SimulatedMembership::GetRightsHeads() {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckReachable());
  Heads heads{
      .epoch = epoch_, .database_time = clock_.Now(), .heads = std::vector<uint64_t>(rights::kShards)};
  heads.heads[shard_] = log_.size();
  return heads;
}

absl::StatusOr<LogPage> SimulatedMembership::ListRightsChanges(uint32_t shard, uint64_t after_n) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckReachable());
  if (after_n < pruned_n_) return Error(Reason::kFeedTruncated, "The log begins later.");
  LogPage page{.changes = {.epoch = epoch_, .shard = shard}, .head = shard == shard_ ? log_.size() : 0};
  const size_t begin = std::min<size_t>(after_n, page.head);
  const size_t end = std::min<size_t>(begin + kPage, page.head);
  page.changes.entries.assign(log_.begin() + begin, log_.begin() + end);
  return page;
}

absl::StatusOr<RightsBatch> SimulatedMembership::BatchGetRights(const std::vector<RightsQuery>& queries) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckReachable());
  ++batches_;
  RightsBatch batch{.epoch = epoch_};
  for (const RightsQuery& query : queries) batch.snapshots.push_back(Read(query));
  return batch;
}

}  // namespace guestpass::rights_feed
