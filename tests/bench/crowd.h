// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/postgres/session.h"
#include "tests/harness/stack/stack.h"

namespace guestpass::bench {

// Somebody, and a channel of the workspace: names as the API has them.
struct Someone {
  std::string workspace;  // `workspaces/{w}`
  std::string member;     // `workspaces/{w}/members/{user}`
  std::string channel;    // `workspaces/{w}/channels/{c}`
};

// A stack whose membership is full: 1,000,000 members in 10,000 workspaces of 1,000 organizations, every
// tenth a guest with time left. One workspace, of the first organization, has 100,000 of them, the others 90
// each. Every workspace has a PUBLIC and a PRIVATE channel. With `quick`, a tenth of all that. What is there
// was put into the tables as it stands there, without a history. PostgreSQL has 1 GB of shared buffers.
// guest-expiry does not run: nobody but the bench applies what is due. For one thread at a time.
class Crowd {
 public:
  static absl::StatusOr<std::unique_ptr<Crowd>> Make(bool quick);

  harness::Stack& stack() const { return *stack_; }

  // The token of an organization's owner, who is also the direct ADMIN of each of its workspaces.
  std::string OwnerToken(int organization) const;

  const std::string& big_workspace() const { return big_workspace_; }  // `workspaces/{w}`
  int big_workspace_members() const { return big_; }

  // Members at random, of all workspaces. As many of one organization's MEMBERs, not those of the big
  // workspace.
  absl::StatusOr<std::vector<Someone>> Anybody(int count);
  absl::StatusOr<std::vector<Someone>> MembersOf(int organization, int count);

  // Runs one statement on membership's database, as its administrator.
  absl::StatusOr<postgres::Result> Run(absl::string_view sql, const postgres::Params& params = {});

  // Lets the tables come to rest after many rows were changed: vacuumed, analyzed and written out.
  absl::Status Settle();

 private:
  Crowd(std::unique_ptr<harness::Stack> stack, bool quick);

  absl::Status Fill();
  absl::Status FillMembers();

  std::unique_ptr<harness::Stack> stack_;
  std::unique_ptr<postgres::Session> session_;
  const int organizations_, workspaces_, big_;
  std::string big_workspace_;
};

}  // namespace guestpass::bench
