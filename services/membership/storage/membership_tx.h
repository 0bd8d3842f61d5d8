// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/membership/domain/model.h"

namespace guestpass::membership {

// One transaction that changes rights, its locks held, used from one thread. Whatever changes what a decision
// reads makes the rights entry by itself; who changes, and why, is told by Audit(). Errors of all are those
// of the database, to be passed on as they are.
class MembershipTx {
 public:
  virtual ~MembershipTx() = default;

  // A new organization, whose shard becomes the transaction's.
  virtual absl::Status InsertOrganization(const Organization& organization) = 0;

  // A user's role in the organization, new or another one. state.role is not nothing.
  virtual absl::Status PutOrganizationMember(const rights::OrganizationMemberState& state) = 0;

  virtual absl::Status InsertWorkspace(const Workspace& workspace) = 0;
  virtual absl::Status InsertChannel(const Channel& channel) = 0;
  virtual absl::Status InsertParticipant(const ChannelId& channel, const UserId& user) = 0;

  // A new member, or a changed one: in the second case its row is locked for update. Where a rival has just
  // inserted the row, the transaction rolls back and begins again, and finds it.
  virtual absl::Status InsertMember(const Member& member) = 0;
  virtual absl::Status UpdateMember(const Member& member) = 0;

  // Ends a member, locked for update, with its part in every channel, and notes its removal for good. Gives
  // the channels that it took part in, in order.
  virtual absl::StatusOr<std::vector<ChannelId>> RemoveMember(const Member& member) = 0;

  // Direct ADMINs other than `user`; stable while the workspace is locked for update.
  virtual absl::StatusOr<int64_t> CountOtherAdmins(const WorkspaceId& workspace, const UserId& user) = 0;

  // The number of the latest removal of that user, or of somebody with that address (folded); 0: none. Asked
  // once the user's row is held, so that no removal is under way.
  virtual absl::StatusOr<uint64_t> RemovedN(const WorkspaceId& workspace, const UserId& user,
                                            const std::string& address) = 0;

  // Decides the key, once and for all. ABORTED CONFLICT if a rival has decided it.
  virtual absl::Status InsertJoinKey(const JoinKey& key) = 0;

  // Tells the audit log.
  virtual void Audit(AuditEntry entry) = 0;
};

}  // namespace guestpass::membership
