// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/fake_membership.h"

namespace guestpass::invite {

absl::StatusOr<InviteCheck> FakeMembership::CheckInvite(const rpc::Call&, const WorkspaceId&,
                                                        const Draft& draft) {
  absl::MutexLock lock(&mutex_);
  drafts_.push_back(draft);
  if (check.ok() && !draft.role.has_value()) return FieldInvalid("role", "is none of those that there are");
  return check;
}

void FakeMembership::Join(const Invite& invite, std::vector<Joining>& joinings) {
  {
    absl::MutexLock lock(&mutex_);
    crowds_.push_back(joinings.size());
  }
  for (Joining& joining : joinings) {
    joining.answer = JoinOne(joining.call.caller.user->user, invite, joining.join_key);
  }
}

absl::StatusOr<Member> FakeMembership::JoinOne(const UserId& user, const Invite& invite,
                                               const std::string& join_key) {
  if (loses_request) return Unavailable();
  if (delays_request) {
    absl::MutexLock lock(&mutex_);
    delayed_.push_back([this, user, invite, join_key] { return Decide(user, invite, join_key); });
    return Unavailable();
  }
  if (on_join) on_join();
  absl::StatusOr<Member> member = Decide(user, invite, join_key);
  if (loses_answer) return Unavailable();
  return member;
}

absl::StatusOr<JoinOutcome> FakeMembership::Resolve(const std::string& join_key) {
  if (unreachable) return Unavailable();
  absl::MutexLock lock(&mutex_);
  return keys_.try_emplace(join_key, JoinOutcome::kCancelled).first->second;
}

absl::StatusOr<std::optional<Member>> FakeMembership::Find(const MemberName& name) {
  if (on_find) on_find();
  absl::MutexLock lock(&mutex_);
  if (find_error.has_value()) return *find_error;
  if (ended_.count(name.user) > 0) return Error(Reason::kGuestEnded, "ended");
  return FindLocked(name.user);
}

absl::StatusOr<bool> FakeMembership::WorkspaceStands(const WorkspaceId&) {
  if (unreachable) return Unavailable();
  return workspace_stands.load();
}

absl::StatusOr<Member> FakeMembership::Decide(const UserId& user, const Invite& invite,
                                              const std::string& join_key) {
  absl::MutexLock lock(&mutex_);
  joins_.push_back(invite);
  const auto decided = keys_.find(join_key);
  if (decided != keys_.end() && decided->second == JoinOutcome::kCancelled) {
    return Error(Reason::kConflict, "This attempt was cancelled.");
  }
  const std::optional<Member> before = MemberBefore(user, invite);
  if (decided != keys_.end()) {
    if (!before.has_value()) return Error(Reason::kInviteNoLongerValid, "removed");
    Member twin = *before;
    twin.already_member = decided->second == JoinOutcome::kAlreadyMember;
    return twin;
  }
  const absl::Status judged = Judge(user, invite);
  const JoinOutcome outcome = !judged.ok()         ? JoinOutcome::kCancelled
                              : before.has_value() ? JoinOutcome::kAlreadyMember
                                                   : JoinOutcome::kJoined;
  keys_[join_key] = outcome;
  if (!judged.ok()) return judged;
  return before.has_value() ? *before : Make(user, invite);
}

void FakeMembership::DeliverDelayed() {
  std::vector<std::function<absl::StatusOr<Member>()>> delayed;
  {
    absl::MutexLock lock(&mutex_);
    delayed.swap(delayed_);
  }
  for (const auto& decide : delayed) decide().IgnoreError();
}

void FakeMembership::Add(const UserId& user, const Member& member) {
  absl::MutexLock lock(&mutex_);
  members_[user] = member;
}

void FakeMembership::Remove(const UserId& user) {
  absl::MutexLock lock(&mutex_);
  members_.erase(user);
  ended_.erase(user);
  removed_n_[user] = ++check->rights_n;
}

void FakeMembership::End(const UserId& user) {
  absl::MutexLock lock(&mutex_);
  members_.erase(user);
  check->database_time += absl::Seconds(1);
  ended_[user] = check->database_time;
}

std::vector<Draft> FakeMembership::drafts() const {
  absl::MutexLock lock(&mutex_);
  return drafts_;
}

std::vector<Invite> FakeMembership::joins() const {
  absl::MutexLock lock(&mutex_);
  return joins_;
}

std::vector<size_t> FakeMembership::crowds() const {
  absl::MutexLock lock(&mutex_);
  return crowds_;
}

size_t FakeMembership::member_count() const {
  absl::MutexLock lock(&mutex_);
  return members_.size();
}

std::vector<UserId> FakeMembership::joined_by(const InviteName& invite) const {
  absl::MutexLock lock(&mutex_);
  const auto found = made_.find(invite.invite);
  return found == made_.end() ? std::vector<UserId>() : found->second;
}

absl::Status FakeMembership::Unavailable() {
  return Error(Reason::kServiceUnavailable, "The service membership does not answer. Try again.");
}

std::optional<Member> FakeMembership::FindLocked(const UserId& user) const {
  const auto found = members_.find(user);
  if (found == members_.end()) return std::nullopt;
  Member member = found->second;
  member.already_member = true;
  return member;
}

std::optional<Member> FakeMembership::MemberBefore(const UserId& user, const Invite& invite) const {
  const std::optional<Member> found = FindLocked(user);
  const bool is_one = found.has_value() && (found->direct || invite.role == rights::Role::kGuest);
  return is_one ? found : std::nullopt;
}

absl::Status FakeMembership::Judge(const UserId& user, const Invite& invite) const {
  if (!refusal.ok()) return refusal;
  if (MemberBefore(user, invite).has_value()) return absl::OkStatus();
  const auto ended = ended_.find(user);
  const bool too_old = ended != ended_.end() && invite.check_time < ended->second;
  if (ended != ended_.end() && (invite.link.has_value() || too_old)) {
    return Error(Reason::kGuestEnded, "ended");
  }
  const auto removed = removed_n_.find(user);
  if (removed != removed_n_.end() && invite.rights_n < removed->second) {
    return Error(Reason::kInviteNoLongerValid, "removed");
  }
  return absl::OkStatus();
}

Member FakeMembership::Make(const UserId& user, const Invite& invite) {
  ended_.erase(user);
  made_[invite.name.invite].push_back(user);
  const Member member{.role = invite.role,
                      .channels = invite.channels,
                      .expire_time = absl::FromUnixSeconds(1'900'000'000),
                      .rights_revision = "r"};
  members_[user] = member;
  return member;
}

}  // namespace guestpass::invite
