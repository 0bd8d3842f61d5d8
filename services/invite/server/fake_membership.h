// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/status/error.h"
#include "services/invite/client/membership.h"

namespace guestpass::invite {

// Membership as far as invites see it, for one workspace: it decides each join key once and for all, judges
// as the real one does what invites depend on (members, ended guests, removals), and can be told to lose
// requests and answers, to be slow and to be down. Thread-safe, but for what is set by hand.
class FakeMembership : public Membership {
 public:
  absl::StatusOr<InviteCheck> check =
      InviteCheck{.rights_n = 7,
                  .database_time = absl::FromUnixMicros(1'700'000'000'000'001),
                  .workspace_display_name = "Acme"};
  absl::Status refusal;                      // what judging a joining comes to
  std::atomic<bool> loses_request = false;   // of Join
  std::atomic<bool> loses_answer = false;    // of Join
  std::atomic<bool> delays_request = false;  // of Join: its caller gives up, and DeliverDelayed decides
  std::atomic<bool> unreachable = false;     // for Resolve
  std::atomic<bool> workspace_stands = true;
  std::function<void()> on_join;  // runs before Join decides, without a lock
  std::function<void()> on_find;  // and this before Find looks
  std::optional<absl::Status> find_error;

  absl::StatusOr<InviteCheck> CheckInvite(const rpc::Call&, const WorkspaceId&, const Draft& draft) override;

  void Join(const Invite& invite, std::vector<Joining>& joinings) override;

  absl::StatusOr<JoinOutcome> Resolve(const std::string& join_key) override;

  absl::StatusOr<std::optional<Member>> Find(const MemberName& name) override;

  absl::StatusOr<bool> WorkspaceStands(const WorkspaceId&) override;

  // Decides as the judge does; also for what arrives late.
  absl::StatusOr<Member> Decide(const UserId& user, const Invite& invite, const std::string& join_key);

  // Everything that was delayed arrives now.
  void DeliverDelayed();

  void Add(const UserId& user, const Member& member);

  // Invites made until now let the user in no more; those made from now on do.
  void Remove(const UserId& user);

  // The guest's access ends now; invites made from now on bring it back.
  void End(const UserId& user);

  std::vector<Draft> drafts() const;
  std::vector<Invite> joins() const;
  std::vector<size_t> crowds() const;  // how many each call asked for
  size_t member_count() const;
  // Who became a member by that invite, each time that somebody did.
  std::vector<UserId> joined_by(const InviteName& invite) const;

  static absl::Status Unavailable();

 private:
  absl::StatusOr<Member> JoinOne(const UserId& user, const Invite& invite, const std::string& join_key);

  std::optional<Member> FindLocked(const UserId& user) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The member for whom that invite makes no other: who is one through the organization alone becomes a
  // direct member by an invite that is not a guest's.
  std::optional<Member> MemberBefore(const UserId& user, const Invite& invite) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Status Judge(const UserId& user, const Invite& invite) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Member Make(const UserId& user, const Invite& invite) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<std::string, JoinOutcome> keys_;
  std::map<UserId, Member> members_;
  std::map<UserId, absl::Time> ended_;  // when their access did
  std::map<UserId, uint64_t> removed_n_;
  std::map<InviteId, std::vector<UserId>> made_;
  std::vector<Draft> drafts_;
  std::vector<Invite> joins_;
  std::vector<size_t> crowds_;
  std::vector<std::function<absl::StatusOr<Member>()>> delayed_;
};

}  // namespace guestpass::invite
