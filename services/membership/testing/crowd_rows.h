// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "common/postgres/session.h"

namespace guestpass::membership {

// A crowd in membership's tables, put there by SQL as it stands, without a history, in the sizes that whoever
// measures or looks at plans asks for. For one thread. Whatever goes wrong ends the program with a message.
//
// Organization i has shard i % 256, one owner and the workspaces from 10i to 10i + 9, each with two PUBLIC
// and two PRIVATE channels. Of a workspace's ten members one is an ADMIN, seven are MEMBERs, one is a VIEWER
// and one a GUEST; user 1 is the same in all of them. Guests of workspace 5 of each organization are due.
// Workspaces 8 and 9 of every tenth organization are deleted, and 8 has lost its participants already. What
// the store itself writes besides comes behind this crowd's entries of the logs.
class CrowdRows {
 public:
  // Prepares a database that has membership's tables and nothing in them.
  explicit CrowdRows(const std::string& conninfo);

  // Organizations, with 25 entries for each of their workspaces of both logs, of removals, and of join keys
  // and kept answers whose time is over.
  void AddOrganizations(int first, int last);

  // The `first` to the `last` member of each of these workspaces.
  void AddMembers(int first_workspace, int last_workspace, int first, int last);

  // DIRECT channels of workspace 0.
  void AddConversations(int first, int last);

  // In each of these workspaces that many PRIVATE channels more, in which user "busy" takes part as a member.
  void AddParts(int first_workspace, int last_workspace, int count);

  // The id of kind "o" (organization), "w", "u" (of workspace 0), "everywhere" (user 1 of all: 0), "owner"
  // (of an organization), "gone" (removed from every workspace: 0 to 24), "busy" (0), or of a workspace's
  // channel "PUBLIC1", "PUBLIC2", "PRIVATE1" or "PRIVATE2"; any other text names what is not there.
  template <typename IdType>
  IdType Id(absl::string_view kind, int number) {
    return Run("SELECT id($1, $2::bigint)", postgres::Params::Of(kind, number)).As<IdType>(0, 0);
  }

  // Any statement, which must succeed.
  postgres::Result Run(absl::string_view sql, const postgres::Params& params = {});

 private:
  const std::unique_ptr<postgres::Session> session_;
};

}  // namespace guestpass::membership
