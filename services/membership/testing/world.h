// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/membership/testing/installation.h"
#include "services/membership/testing/log_cache.h"
#include "services/membership/testing/operations.h"

namespace guestpass::membership::model {

// "OK", or the reason.
std::string Told(const absl::Status& status);
template <typename T>
std::string Told(const absl::StatusOr<T>& answer) {
  return Told(answer.status());
}

// The real thing, spoken to in the model's words: an Installation, and which ids its numbers stand for. Used
// from one thread.
class World {
 public:
  World();

  // Makes the call, and gives the outcome as Apply does.
  std::string Run(const Operation& op);

  // CheckAccess's answers, "" for allowed, as a service asks for them: of each channel, of each person, of
  // each action, in this order.
  std::vector<std::string> Decisions();

  // As the Model's. Members and MembersByName are ListMembers with its count, and BatchGetMembers of
  // everybody.
  std::string Members(Person viewer, int workspace);
  std::string MembersByName(Person viewer, int workspace);
  std::string Channels(Person viewer, int workspace);
  std::string Workspaces(Person viewer);

  // A digest of all that reads and decisions are made of, and of how long the logs are.
  std::string Stored();

  // What a cache that is fed by the log has otherwise than the database; "" if nothing.
  std::string FollowLog();

  static UserId IdOf(Person person) { return Installation::IdOf(NameOf(person)); }

 private:
  static rpc::Call As(Person person);
  static rpc::Call ServiceFor(const std::string& service, Person person);
  WorkspaceId IdOfWorkspace(int workspace) const;
  std::string WorkspaceName(int workspace) const;
  std::string MemberName(Person person, int workspace) const;
  guestpass::ChannelName ChannelOf(
      const Operation& op) const;  // op.channel; in op.workspace where there is none
  int NumberOf(const std::string& channel) const;
  v1::GuestAccess AccessOf(const Operation& op) const;

  std::string CreateMember(const Operation& op);
  std::string UpdateMember(const Operation& op);
  std::string ReassignGuests(const Operation& op);
  std::string DeleteMember(const Operation& op);
  std::string CreateChannel(const Operation& op);
  std::string Made(const absl::StatusOr<v1::Channel>& channel, const Operation& op);
  std::string ChangeChannel(const Operation& op);
  std::string ChangeChannelMember(const Operation& op);
  std::string ChangeGrant(const Operation& op);
  std::string StartDirect(const Operation& op);
  std::string SetExpiration(const Operation& op);
  std::string ApplyDue();
  std::string Invite(const Operation& op);
  std::string Join(const Operation& op);
  std::string SetEmail(const Operation& op);
  std::string CreateWorkspace(const Operation& op);
  std::string UpdateWorkspace(const Operation& op);
  std::string DeleteWorkspace(const Operation& op);
  std::string ChangeOrganizationMember(const Operation& op);
  std::string RemoveUser(const Operation& op);
  std::string EraseUser(const Operation& op);

  Installation here_;
  const std::unique_ptr<postgres::Session> session_ = here_.NewSession();
  LogCache cache_;
  std::vector<WorkspaceId> workspaces_;
  std::vector<guestpass::ChannelName> channels_;
  std::vector<rights::v1::JoinMemberRequest> invites_;  // the latest ones
  int joins_ = 0;
};

}  // namespace guestpass::membership::model
