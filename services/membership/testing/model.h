// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/rights/decide.h"
#include "services/membership/testing/operations.h"

// Membership's rules once more, as simply as they can be said: one organization in memory, no database, no
// clock. The property test holds the real thing to it. Values.
namespace guestpass::membership::model {

// What a GUEST has beside its role.
struct Guest {
  absl::Duration lifetime = absl::InfiniteDuration();  // infinite: without end
  absl::Duration grace = absl::Hours(24);              // the workspace's when the time was set (G1)
  int set_step = 0;                                    // when that was
  std::set<int> grants;
  std::optional<Person> sponsor;
  rights::GuestState recorded = rights::GuestState::kActive;
  rights::GuestState state() const;  // by the times
};

struct Member {
  rights::Role role = rights::Role::kMember;
  std::optional<Guest> guest;  // with GUEST only
  bool has_address = false;    // whether membership knows a verified one
};

struct Workspace {
  bool deleted = false;
  std::map<Person, Member> members;  // direct ones
  std::map<Person, int> removed;     // the step of each one's latest removal (M7)
  Settings settings;
};

struct Channel {
  int workspace = 0;
  rights::ChannelKind kind = rights::ChannelKind::kPublic;
  bool archived = false;
  std::set<Person> participants;
  std::set<Person> conversation;  // whose DIRECT one it is; empty once one of them is gone
};

// One that CheckInvite allowed.
struct Invite {
  Operation made;
  int step = 0;
};

// The reason why not; nothing: go on.
using No = std::optional<std::string>;

// Who somebody is in a workspace. In one that there is not, or that is deleted, nobody is anything.
struct Position {
  std::optional<rights::Role> role;  // the effective one
  rights::GuestState state = rights::GuestState::kActive;
};

struct Model {
  // As an Installation begins: a workspace of the owner's with a public channel and a private one.
  Model();

  bool Exists(int workspace) const;  // and is not deleted
  const Member* Find(Person person, int workspace) const;
  // The channel as it is named in a workspace: nullptr where there is none, or it is another workspace's.
  const Channel* FindChannel(int channel, int workspace) const;
  std::optional<rights::OrganizationRole> OrganizationRoleOf(Person person) const;
  Position PositionOf(Person person, int workspace) const;

  // What it takes to be let into a workspace, and to administer it; an operator only needs there to be one
  // (M3, M12, A2).
  No NeedEntry(Person caller, int workspace) const;
  No NeedAdmin(Person caller, int workspace) const;
  No NeedOrganizationRole(Person caller) const;
  No NeedOrganizationOwner(Person caller) const;

  // Why `person` may not do it in the channel; "" if it may (P1, P11).
  std::string Decide(Person person, int channel, rights::Action action) const;

  // What a viewer is told of a workspace's members (M1, M2), of its channels (C2), and of its own workspaces:
  // a line each, or the reason why not.
  std::string Members(Person viewer, int workspace) const;
  std::string Channels(Person viewer, int workspace) const;
  std::string Workspaces(Person viewer) const;

  int step = 0;
  std::map<Person, rights::OrganizationRole> organization;
  std::vector<Workspace> workspaces;
  std::vector<Channel> channels;
  std::vector<Invite> invites;  // the latest ones
};

// Does what the rules say, and gives the outcome: "OK", with what was made, or the reason.
std::string Apply(const Operation& operation, Model& model);

}  // namespace guestpass::membership::model
