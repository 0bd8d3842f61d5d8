// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rights/names.h"
#include "services/membership/domain/model.h"

namespace guestpass::membership {

// What a MembershipTx does with people's parts in PRIVATE and DIRECT channels, in the same ways.
class PartsTx {
 public:
  virtual ~PartsTx() = default;

  // A new DIRECT channel of these users, in order. Where a rival has just made the same, the transaction
  // rolls back and begins again, and finds it.
  virtual void InsertDirect(const Channel& channel, const std::vector<UserId>& users) = 0;

  // The DIRECT channel of exactly these users, in order.
  virtual absl::StatusOr<std::optional<Channel>> FindDirect(const WorkspaceId& workspace,
                                                            const std::vector<UserId>& users) = 0;

  // The first of these users, in order, that already takes part in kMaxParts channels of the workspace, or
  // has as many parts in the organization by a role there alone, where that alone would give it this part,
  // too. Until the transaction ends, nobody else asks this of any of them. Asked once, after all locks.
  virtual absl::StatusOr<std::optional<UserId>> FindFull(const WorkspaceId& workspace,
                                                         rights::ChannelKind kind,
                                                         const std::vector<UserId>& users) = 0;

  // Part in a PRIVATE channel; stable while the user is locked.
  virtual absl::StatusOr<bool> IsParticipant(const ChannelId& channel, const UserId& user) = 0;
  virtual void InsertParticipant(const ChannelId& channel, const UserId& user) = 0;
  virtual void DeleteParticipant(const ChannelId& channel, const UserId& user) = 0;

  // Ends the user's part in every PRIVATE channel of the workspace (M9). Gives which, in order.
  virtual absl::StatusOr<std::vector<ChannelId>> LeavePrivateChannels(const WorkspaceId& workspace,
                                                                      const UserId& user) = 0;

  // Ends the user's part in the organization's channels wherever only its role there gave it: where it is no
  // direct member, and in PRIVATE ones also where it is a guest (M9). Gives which, in order.
  virtual absl::StatusOr<std::vector<ChannelName>> LeaveWithoutMember(const OrganizationId& organization,
                                                                      const UserId& user) = 0;
};

}  // namespace guestpass::membership
