// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "services/membership/testing/installation.h"

namespace guestpass::membership {

// What decisions read, as somebody has it who read it once and then only listened to the log: what has no
// place in it is absent. Used from one thread.
class LogCache {
 public:
  // Everything of these users in these workspaces and channels, and the log so far. `here` outlives this.
  LogCache(Installation& here, std::vector<UserId> users);

  void Watch(const WorkspaceId& workspace) { workspaces_.push_back(workspace); }
  void Watch(const ChannelId& channel) { channels_.push_back(channel); }

  // Takes in what was committed since in the installation's shard. Gives what was committed in any.
  std::vector<rights::Object> Follow();

  // Where the cache differs from the database, and what is wrong with the log; "" if nothing. Of a deleted
  // workspace only that it is deleted counts: what was in it may be there or not.
  std::string Compare();

 private:
  static std::vector<rights::Object> ObjectsOf(const MemberRights& member);

  void Compare(const rights::Object& fresh, std::string& differences) const;
  RightsRead ReadFresh() const;

  Installation& here_;
  const std::vector<UserId> users_;
  std::vector<WorkspaceId> workspaces_;
  std::vector<ChannelId> channels_;
  std::map<std::string, rights::Object> objects_;  // by kind and key
  size_t commits_ = 0;
  uint32_t shard_ = 0;
  uint64_t n_ = 0;
  std::string wrong_;  // with the log itself
};

}  // namespace guestpass::membership
