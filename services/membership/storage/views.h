// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/rights/revision.h"
#include "services/membership/domain/authority.h"
#include "services/membership/domain/model.h"

// What is read for somebody, and for whom. Values.
namespace guestpass::membership {

// Who looks, and at what.
struct Viewing {
  OrganizationId organization;  // left empty where `workspace` says whose it is
  WorkspaceId workspace;        // empty: none
  UserId user;                  // empty: a service for itself
  bool everything = false;      // a platform operator, who is shown everything
};

// Where the viewer stands, in the snapshot that all of a read is of. A value.
struct View {
  Position position;
  std::optional<Organization> organization;
  std::optional<Workspace> workspace;  // also a deleted one
  std::optional<Member> member;        // the viewer's own
  rights::RightsRevision revision;     // empty without an organization
};

// A user in a workspace, directly or through the organization.
struct MemberView {
  Member member;  // via_org: only workspace, user and role ADMIN are set
  std::optional<rights::OrganizationRole> organization_role;
  bool via_org = false;
};

// What to list of members; empty fields leave all in.
struct MemberQuery {
  std::optional<rights::Role> role;
  std::optional<rights::GuestState> guest_state;  // now
  UserId sponsor;
  absl::Time expire_before = absl::InfiniteFuture();
  bool without_valid_sponsor = false;
};

// A place in a list: behind these, in its order. Empty: from the beginning.
struct MemberPlace {
  WorkspaceId workspace;
  UserId user;
};

// The viewer's own place in a workspace.
struct WorkspaceView {
  Workspace workspace;
  rights::Authority authority;
  bool via_org = false;
};

struct ChannelQuery {
  std::optional<rights::ChannelKind> kind;
  bool with_archived = false;
};

struct NamedInChannel {
  UserId user;
  bool granted = false;  // else it takes part
};

struct AuditQuery {
  bool whole_organization = false;  // else the viewed workspace
  int64_t after_number = 0;
  std::string action, target;
  UserId actor;
};

struct AuditRecord {
  int64_t number = 0;
  AuditEntry entry;           // before, after and notes are in the next two
  std::string before, after;  // JSON; empty for nothing
  Actor actor;
  absl::Time record_time;
};

inline constexpr int kMaxAuditRead = 10'000;

struct AuditPage {
  std::vector<AuditRecord> records;  // by number
  std::optional<int64_t> read_to;    // the number up to which all are here, where the log may go on behind it
};

}  // namespace guestpass::membership
