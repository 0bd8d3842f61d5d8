// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/rights/decide.h"
#include "common/rights/ids.h"
#include "common/rights/objects.h"
#include "services/membership/domain/guest_admission.h"
#include "services/membership/domain/model.h"

// What is read without locks, each from one snapshot of the primary. Values.
namespace guestpass::membership {

// Whose rights to read, in which channels.
struct RightsQuery {
  WorkspaceId workspace;
  UserId user;
  std::vector<ChannelId> channels;
};

// Who invites whom to which channels.
struct InviteQuery {
  RightsQuery inviter;
  std::string address;         // folded; empty: nobody's, as for a link
  bool counts_guests = false;  // whether `guests` is wanted: it takes a look at each of them
};

struct ChannelRights {
  rights::ChannelState channel;
  rights::ParticipantState participant;
};

// All that decisions on one member read; what does not exist is here as absent. A channel of another
// workspace in the same shard is here as it is, one of another shard as absent: a number of this shard says
// nothing about it.
struct MemberRights {
  bool found = false;  // whether there is such a workspace; if not, nothing else is set
  uint32_t shard = 0;
  uint64_t n = 0;  // the shard's head in the snapshot
  rights::WorkspaceState workspace;
  rights::OrganizationMemberState organization_member;
  rights::MemberState member;
  std::vector<ChannelRights> channels;  // in the order asked for

  rights::Authority authority() const {
    if (!found) return {};
    return rights::AuthorityOf(workspace, organization_member, member);
  }
};

struct RightsRead {
  std::string epoch;
  absl::Time now;                     // the database's clock
  std::vector<MemberRights> members;  // in the order asked for
};

struct HeadsRead {
  std::string epoch;
  absl::Time now;
  std::vector<uint64_t> heads;  // by shard
};

struct ChangesRead {
  std::string epoch;
  uint64_t head = 0;
  std::vector<rights::Entry> entries;  // in order of n, without a hole
};

// What an invite would meet.
struct InviteRead {
  std::string epoch;
  absl::Time now;
  MemberRights inviter;        // with the channels asked for
  Workspace workspace;         // where inviter.found
  GuestCounts guests;          // where they are capped and it was asked for; the inviter's as the sponsor
  bool member_exists = false;  // a direct member has the address, guests that have ended not counted
  uint64_t removed_n = 0;      // the number of the address's latest removal; 0: none
};

// One shard's part of a round of expirations.
struct DueBatch {
  bool busy = false;  // as many as may be are at this shard already
  int applied = 0;
  // Due, but held by somebody else, another round included; counted once nothing else is due.
  int skipped = 0;
};

struct DeadlineRead {
  std::optional<absl::Time> deadline;
  absl::Time now;
};

}  // namespace guestpass::membership
