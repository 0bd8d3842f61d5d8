// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/audits.h"

#include <utility>

namespace guestpass::membership {

AuditEntry AuditOf(absl::string_view action, std::string target, const Locked& locked, Right right) {
  AuditEntry entry{
      .action = std::string(action), .target = std::move(target), .platform = right == Right::kPlatform};
  if (locked.organization.has_value()) entry.organization = locked.organization->id;
  if (locked.workspace.has_value()) entry.workspace = locked.workspace->state.workspace;
  return entry;
}

AuditEntry PartAuditOf(const ChannelName& channel, const UserId& user, bool present, const Locked& locked,
                       Right right) {
  AuditEntry entry = AuditOf(present ? "channel.participant_added" : "channel.participant_removed",
                             channel.ToString(), locked, right);
  entry.workspace = channel.workspace;  // which the locks of an organization's matter do not hold
  entry.before = rights::ParticipantState{.channel = channel.channel, .user = user, .present = !present};
  entry.after = rights::ParticipantState{.channel = channel.channel, .user = user, .present = present};
  entry.notes = {{"participant", user.ToString()}};
  return entry;
}

}  // namespace guestpass::membership
