// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/rights/ids.h"
#include "common/rights/objects.h"
#include "common/status/error.h"

// What membership keeps: each thing's rights as the log has them, and what only membership knows of it.
// Values.
namespace guestpass::membership {

struct Organization {
  OrganizationId id;
  uint32_t shard = 0;  // of everything in the organization, for good
  std::string display_name;
  absl::Time create_time;
};

// What a workspace's admins decide about its guests. A change moves no guest that is there already.
struct WorkspaceSettings {
  absl::Duration guest_grace = absl::Hours(24);
  std::optional<absl::Duration> default_lifetime;
  std::optional<absl::Duration> maximum_lifetime;
  int64_t guest_cap = 0;                   // guests that have not ended; 0: no cap
  int64_t sponsor_guest_cap = 0;           // of one sponsor
  std::vector<std::string> guest_domains;  // folded: "example.com", "*.example.com"; empty: all
};

struct Workspace {
  rights::WorkspaceState state;
  uint32_t shard = 0;
  std::string display_name;
  WorkspaceSettings settings;
  absl::Time create_time;
};

struct Channel {
  rights::ChannelState state;
  std::string display_name;
  absl::Time create_time;
};

// A direct member; state.role is never nothing.
struct Member {
  rights::MemberState state;
  std::string address;  // the last verified one, folded; identifies nobody; empty: none
  UserId sponsor;       // who answers for a guest
  absl::Time create_time;
};

// On whose behalf a transaction changes something.
struct Actor {
  UserId user;          // empty: the service acts for itself
  std::string service;  // empty: the user called
  std::string request_id;
};

// One change, as the audit log tells it. Holds ids and never addresses or names: rights' objects have none.
struct AuditEntry {
  std::string action;  // "member.joined"
  std::string target;  // a resource name
  OrganizationId organization;
  WorkspaceId workspace;  // empty: of the organization itself
  std::optional<rights::Object> before;
  std::optional<rights::Object> after;
  Metadata notes_before;                             // what else it was
  Metadata notes;                                    // what else it became: {"sponsor", an id}
  bool platform = false;                             // whether it took a platform operator's right
  absl::Time effective_time = absl::InfinitePast();  // infinite past: when it was recorded
};

// Names a request that is to be answered alike if it is repeated (A4): what rpc::RequestKey says, for the
// domain and for storage, which know nothing of rpc.
struct RequestKey {
  std::string caller, method, id;
  std::string hash;  // of the request
};

// How an attempt at joining was decided, once and for all.
struct JoinKey {
  enum class Outcome { kJoined, kCancelled };
  std::string key;
  Outcome outcome = Outcome::kCancelled;
  WorkspaceId workspace;  // of who joined, as the next two
  UserId user;
  bool already_member = false;
};

inline constexpr absl::Duration kKeepJoinKeys = absl::Hours(60 * 24);
inline constexpr absl::Duration kKeepAnswers = absl::Hours(24);
inline constexpr absl::Duration kMaxGuestGrace = absl::Hours(30 * 24);
inline constexpr size_t kMaxGrants = 100;

// No guest's time lies beyond: access_end_time must still be one that the wire can carry.
absl::Time LatestExpireTime();

}  // namespace guestpass::membership
