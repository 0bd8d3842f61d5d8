// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rights/names.h"
#include "common/rights/revision.h"
#include "services/membership/domain/guest_admission.h"
#include "services/membership/domain/model.h"
#include "services/membership/storage/parts_tx.h"

namespace guestpass::membership {

// What a repeated request was answered the first time.
struct KeptAnswer {
  std::string answer;
  absl::Time record_time;
  rights::RightsRevision revision;
};

// One transaction that changes rights, its locks held, used from one thread. Whatever changes what a decision
// or a filter reads makes the rights entry by itself; who changes, and why, is told by Audit(). What changes
// is only queued, and goes to the database with the next question or the commit; so its errors are the
// transaction's. What asks is answered after all that was queued before it; its errors are those of the
// database, to be passed on as they are.
class MembershipTx : public PartsTx {
 public:
  // A new organization, whose shard becomes the transaction's; a new display name of the locked one.
  virtual void InsertOrganization(const Organization& organization) = 0;
  virtual void UpdateOrganization(const Organization& organization) = 0;

  // A user's role in the organization, new or another one; without a role, its end.
  virtual void PutOrganizationMember(const rights::OrganizationMemberState& state) = 0;

  // Notes for good that the user is removed from all of the organization (M7), with the number of the latest
  // change that was queued. The organization is locked for update, here and in the next two.
  virtual void NoteRemoval(const OrganizationId& organization, const UserId& user) = 0;

  // Notes the same of those of these addresses (folded) that the user's records there still have: one that
  // was erased meanwhile must not come back (M15). Gives which.
  virtual absl::StatusOr<std::vector<std::string>> NoteAddresses(
      const OrganizationId& organization, const UserId& user, const std::vector<std::string>& addresses) = 0;

  // Notes the same of one address that a record has which is locked for update, with the number `n` of a
  // removal that began before.
  virtual void NoteAddress(const OrganizationId& organization, const UserId& user, const std::string& address,
                           uint64_t n) = 0;

  // Owners other than `user`; stable while the organization is locked for update.
  virtual absl::StatusOr<int64_t> CountOtherOwners(const OrganizationId& organization,
                                                   const UserId& user) = 0;

  // UpdateWorkspace: name, settings and state.deleted of the one that is locked for update.
  virtual void InsertWorkspace(const Workspace& workspace) = 0;
  virtual void UpdateWorkspace(const Workspace& workspace) = 0;

  // UpdateChannel: name and state.archived of one that is locked for update.
  virtual void InsertChannel(const Channel& channel) = 0;
  virtual void UpdateChannel(const Channel& channel) = 0;

  // A new member, or a changed one: in the second case its row is locked for update. Where a rival has just
  // inserted the row, the transaction rolls back and begins again, and finds it.
  virtual void InsertMember(const Member& member) = 0;
  virtual void UpdateMember(const Member& member) = 0;

  // Another address of a member that is locked for update; no decision reads it, so it makes no entry.
  virtual void SetAddress(const Member& member) = 0;

  // Ends a member, locked for update, and its part in channels, which it gives in order; notes it for good.
  virtual absl::StatusOr<std::vector<ChannelId>> RemoveMember(const Member& member) = 0;

  // Direct ADMINs other than `user`; stable while the workspace is locked for update.
  virtual absl::StatusOr<int64_t> CountOtherAdmins(const WorkspaceId& workspace, const UserId& user) = 0;

  // Guests that have not ended at `now`, other than `user`; stable while the workspace is locked for update.
  virtual absl::StatusOr<GuestCounts> CountGuests(const WorkspaceId& workspace, const UserId& sponsor,
                                                  const UserId& user, absl::Time now) = 0;

  // Decides the key, once and for all. The transaction fails with CONFLICT if a rival has decided it.
  virtual void InsertJoinKey(const JoinKey& key) = 0;

  virtual void Audit(AuditEntry entry) = 0;

  // What the request was answered within the last 24 h. REQUEST_ID_REUSED.
  virtual absl::StatusOr<std::optional<KeptAnswer>> AnswerTo(const RequestKey& key) = 0;

  // Keeps the answer, once and with the commit. Where a rival has just kept one for the same id, the
  // transaction rolls back and begins again, and finds it.
  virtual void KeepAnswer(const RequestKey& key, std::string answer) = 0;

  // Rolls back what is OK all the same: everything was judged, and nothing is to be changed.
  virtual void OnlyJudge() = 0;
};

}  // namespace guestpass::membership
