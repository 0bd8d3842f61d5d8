// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rights/names.h"
#include "common/rights/objects.h"
#include "common/rpc/call.h"
#include "services/invite/domain/draft.h"
#include "services/invite/domain/invite.h"

namespace guestpass::invite {

// What is recorded with a new invite, as of one moment of membership's database.
struct InviteCheck {
  uint64_t rights_n = 0;
  absl::Time database_time;
  uint64_t removed_n = 0;  // earlier invites for the address with a smaller rights number no longer stand
  std::string workspace_display_name;
  std::string rights_revision;  // opaque, to be passed on
};

// A member as it is now.
struct Member {
  bool already_member = false;  // before it was asked to join
  bool direct = true;           // has a record in the workspace; false: through the organization alone
  rights::Role role = rights::Role::kGuest;
  std::vector<ChannelId> channels;  // a guest's grants, as its times; not of who is more than that (M11)
  absl::Time expire_time = absl::InfiniteFuture();
  absl::Time access_end_time = absl::InfiniteFuture();
  std::string rights_revision;  // the joining, or what was read: opaque

  // Whether an invite to that role has nothing to give: who is reached through the organization alone can
  // still become a direct member (I11), but needs no guest's invite (M11).
  bool HasAlready(rights::Role invited) const { return direct || invited == rights::Role::kGuest; }
};

// What became of an attempt at joining, for good.
enum class JoinOutcome {
  kJoined,         // it made a member
  kAlreadyMember,  // there was one before it, and nothing was changed
  kCancelled,      // it made none and never will
};

// One user's attempt at joining, and what was answered to it. `call` is the user's, and outlives this.
struct Joining {
  const rpc::Call& call;
  std::string join_key;
  absl::StatusOr<Member> answer = absl::UnknownError("not asked yet");
};

// Membership, which judges every invite and every joining. Thread-safe; every method blocks. Errors are as
// membership answered them; SERVICE_UNAVAILABLE where it did not answer, INTERNAL where it answered nonsense.
class Membership {
 public:
  virtual ~Membership() = default;

  // Whether `call`'s user may make that invite: first its authority (ROLE_TOO_LOW, GUEST_ENDED), then the
  // draft (FIELD_INVALID, by the paths of CreateInviteRequest, CHANNEL_NOT_FOUND, CHANNEL_ARCHIVED,
  // GUEST_LIFETIME_EXCEEDED, EMAIL_DOMAIN_NOT_ALLOWED, MEMBER_EXISTS, GUEST_LIMIT_REACHED); an empty draft
  // asks for the authority alone, and whatever is said of the draft then says that the user has it.
  virtual absl::StatusOr<InviteCheck> CheckInvite(const rpc::Call& call, const WorkspaceId& workspace,
                                                  const Draft& draft) = 0;

  // Makes those users members by one invite, within kJoinTimeout, each as if alone: sets their answers. After
  // any error, answered or not, only Resolve says what became of an attempt.
  virtual void Join(const Invite& invite, std::vector<Joining>& joinings) = 0;

  // What became of that attempt; one that is not decided is cancelled.
  virtual absl::StatusOr<JoinOutcome> Resolve(const std::string& join_key) = 0;

  // The member, direct or through the organization, or nothing. GUEST_ENDED.
  virtual absl::StatusOr<std::optional<Member>> Find(const MemberName& name) = 0;

  // Whether there is that workspace, and it was not deleted.
  virtual absl::StatusOr<bool> WorkspaceStands(const WorkspaceId& workspace) = 0;
};

}  // namespace guestpass::invite
