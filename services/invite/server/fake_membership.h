// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/status/error.h"
#include "services/invite/client/membership.h"

namespace guestpass::invite {

// Membership as far as invites see it: it decides each join key once and for all, and can be told to lose
// requests and answers. Thread-safe, but for what is set by hand.
class FakeMembership : public Membership {
 public:
  absl::StatusOr<InviteCheck> check =
      InviteCheck{.rights_n = 7,
                  .database_time = absl::FromUnixMicros(1'700'000'000'000'001),
                  .workspace_display_name = "Acme"};
  absl::Status refusal;           // what judging a joining comes to
  bool loses_request = false;     // of Join
  bool loses_answer = false;      // of Join
  bool unreachable = false;       // for Resolve
  std::function<void()> on_join;  // runs before Join decides, without a lock
  std::optional<absl::Status> find_error;

  absl::StatusOr<InviteCheck> CheckInvite(const rpc::Call&, const WorkspaceId&, const Draft& draft) override {
    absl::MutexLock lock(&mutex_);
    drafts_.push_back(draft);
    return check;
  }

  absl::StatusOr<Member> Join(const rpc::Call& call, const Invite& invite,
                              const std::string& join_key) override {
    if (loses_request) return Unavailable();
    if (on_join) on_join();
    absl::StatusOr<Member> member = Decide(call.caller.user->user, invite, join_key);
    if (loses_answer) return Unavailable();
    return member;
  }

  absl::StatusOr<bool> Resolve(const std::string& join_key) override {
    if (unreachable) return Unavailable();
    absl::MutexLock lock(&mutex_);
    return keys_.try_emplace(join_key, false).first->second;
  }

  absl::StatusOr<std::optional<Member>> Find(const MemberName& name) override {
    absl::MutexLock lock(&mutex_);
    if (find_error.has_value()) return *find_error;
    const auto found = members_.find(name.user);
    if (found == members_.end()) return std::optional<Member>();
    Member member = found->second;
    member.already_member = true;
    return std::optional<Member>(member);
  }

  // Decides as the judge does; also for what arrives late.
  absl::StatusOr<Member> Decide(const UserId& user, const Invite& invite, const std::string& join_key) {
    absl::MutexLock lock(&mutex_);
    joins_.push_back(invite);
    const auto [key, undecided] = keys_.try_emplace(join_key, refusal.ok());
    if (!key->second) return undecided ? refusal : Error(Reason::kConflict, "This attempt was cancelled.");
    Member member{.role = invite.role,
                  .channels = invite.channels,
                  .expire_time = absl::FromUnixSeconds(1'900'000'000)};
    member.already_member = !members_.emplace(user, member).second;
    return member;
  }

  void Add(const UserId& user, const Member& member) {
    absl::MutexLock lock(&mutex_);
    members_[user] = member;
  }

  void Remove(const UserId& user) {
    absl::MutexLock lock(&mutex_);
    members_.erase(user);
  }

  std::vector<Draft> drafts() const {
    absl::MutexLock lock(&mutex_);
    return drafts_;
  }
  std::vector<Invite> joins() const {
    absl::MutexLock lock(&mutex_);
    return joins_;
  }
  size_t member_count() const {
    absl::MutexLock lock(&mutex_);
    return members_.size();
  }

  static absl::Status Unavailable() {
    return Error(Reason::kServiceUnavailable, "The service membership does not answer. Try again.");
  }

 private:
  mutable absl::Mutex mutex_;
  std::map<std::string, bool> keys_;  // whether it joined
  std::map<UserId, Member> members_;
  std::vector<Draft> drafts_;
  std::vector<Invite> joins_;
};

}  // namespace guestpass::invite
