// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rights/decide.h"
#include "services/membership/domain/guest_times.h"
#include "services/membership/domain/model.h"

// Who may join by an invite, and as what (I11, I12, I21, I22, M11). Pure.
namespace guestpass::membership {

// What the invite says, and who redeems it.
struct Join {
  WorkspaceId workspace;
  UserId user;
  std::string address;  // the user's verified one, folded
  InviteId invite;
  UserId inviter;
  uint64_t rights_n = 0;  // the shard's number when the invite was made,
  absl::Time check_time;  // and the database's time
  rights::Role role = rights::Role::kGuest;
  std::vector<ChannelId> channels;  // what a guest is granted
  ExpireSetting expiry;             // Never: as the workspace's settings say
  bool link = false;                // never changes an existing record

  InviteName invite_name() const { return {workspace, invite}; }
};

// What the database says, with the rows of all of it locked.
struct JoinFacts {
  absl::Time now;
  std::optional<Workspace> workspace;
  rights::Authority inviter;
  std::optional<rights::OrganizationRole> organization_role;  // the user's
  std::optional<Member> member;                               // the user's record
  std::map<ChannelId, Channel> channels;                      // of the workspace, by id
};

struct JoinDecision {
  enum class Kind { kAlreadyMember, kNew, kReactivated };
  Kind kind = Kind::kAlreadyMember;
  Member member;  // as it is to be; unchanged for kAlreadyMember, and without a role for who has authority
                  // through the organization and no record, or a guest's
};

// FIELD_INVALID where the request says nonsense: a guest without channels or with more than 100, others with
// channels or times, a lifetime that is not positive.
absl::Status CheckJoin(const Join& join);

// PERMISSION_DENIED GUEST_ENDED, FAILED_PRECONDITION INVITE_NO_LONGER_VALID. A removal after the invite was
// made (M7), the domain (I20) and the caps (G9) are for the caller to judge, in this order, once it has the
// user's record. A time beyond the workspace's maximum is cut to it.
absl::StatusOr<JoinDecision> DecideJoin(const Join& join, const JoinFacts& facts);

}  // namespace guestpass::membership
