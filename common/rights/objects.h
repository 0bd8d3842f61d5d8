// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "common/rights/ids.h"

// The objects that decisions read, each with its full state, as the rights log has them. Values; an absent
// thing is a value too, so that "there is none" can be cached with its number like anything else.
namespace guestpass::rights {

enum class Role { kAdmin, kMember, kViewer, kGuest };

enum class OrganizationRole { kOwner, kAdmin };

// In order: later states outrank earlier ones.
enum class GuestState { kActive, kSoftLocked, kEnded };

enum class ChannelKind { kPublic, kPrivate, kDirect };

struct OrganizationMemberState {
  OrganizationId organization;
  UserId user;
  std::optional<OrganizationRole> role;
  friend bool operator==(const OrganizationMemberState&, const OrganizationMemberState&) = default;
};

struct WorkspaceState {
  WorkspaceId workspace;
  OrganizationId organization;
  bool deleted = false;
  friend bool operator==(const WorkspaceState&, const WorkspaceState&) = default;
};

struct ChannelState {
  ChannelId channel;
  WorkspaceId workspace;
  std::optional<ChannelKind> kind;  // nothing: no such channel
  bool archived = false;
  friend bool operator==(const ChannelState&, const ChannelState&) = default;
};

struct MemberState {
  WorkspaceId workspace;
  UserId user;
  std::optional<Role> role;                             // nothing: no member
  absl::Time expire_time = absl::InfiniteFuture();      // a guest writes until then
  absl::Time access_end_time = absl::InfiniteFuture();  // and reads until then
  GuestState recorded = GuestState::kActive;            // holds even if a clock goes back (G2)
  std::vector<ChannelId> grants;                        // a guest's, sorted, at most 100
  friend bool operator==(const MemberState&, const MemberState&) = default;
};

struct ParticipantState {
  ChannelId channel;
  UserId user;
  bool present = false;
  friend bool operator==(const ParticipantState&, const ParticipantState&) = default;
};

using Object =
    std::variant<OrganizationMemberState, WorkspaceState, ChannelState, MemberState, ParticipantState>;

// The log's kind: ORG_MEMBER, WORKSPACE, CHANNEL, MEMBER or PARTICIPANT.
const char* KindOf(const Object& object);

// The log's key: the ids that name the object among its kind, separated by a slash.
std::string KeyOf(const Object& object);

// One change of one object.
struct Entry {
  uint64_t n = 0;             // the number in its shard's log; in a snapshot: the head it was read at
  absl::Time record_time;     // when it was recorded, by membership's database
  absl::Time effective_time;  // since when it holds
  Object object;
};

inline constexpr uint32_t kShards = 256;

}  // namespace guestpass::rights
