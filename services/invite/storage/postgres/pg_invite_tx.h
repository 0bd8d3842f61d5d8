// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/postgres/pipeline.h"
#include "services/invite/storage/invite_tx.h"

namespace guestpass::invite {

// An InviteTx on a pipeline inside a READ COMMITTED transaction, which it neither begins nor ends. What only
// changes is queued, and goes out with the next question or the commit.
//
// Locks are transaction-level advisory ones on hashes of names, which PostgreSQL grants in the order in which
// they were asked for (ADR 10), taken in this order: `i/workspace/invite`, `s/workspace/inviter`,
// `a/address`; rows after them. Each is a statement by itself, so that what is read next was committed before
// it was granted.
class PgInviteTx : public InviteTx {
 public:
  // It outlives this.
  explicit PgInviteTx(postgres::Pipeline& pipeline) : pipeline_(pipeline) {}

  absl::Time Now() const override;
  absl::Status EndStale(const WorkspaceId& workspace, absl::string_view address, uint64_t removed_n) override;
  absl::StatusOr<std::vector<bool>> TryLockSends(const std::vector<const Invite*>& invites,
                                                 const SendLimits& limits) override;
  absl::Status JudgeSend(const Invite& invite, const SendLimits& limits) override;
  absl::Status CountSend(const Invite& invite) override;
  absl::StatusOr<std::vector<bool>> Insert(const std::vector<NewInvite>& invites) override;
  absl::Status Resend(const Invite& invite, absl::string_view secret_hash, absl::Time lease_end) override;
  absl::StatusOr<bool> SetDelivery(const InviteName& name, int generation, Delivery delivery) override;
  absl::StatusOr<bool> SetUndelivered(const InviteName& name, int generation) override;
  absl::StatusOr<bool> UndoInsert(const InviteName& name) override;
  absl::StatusOr<bool> UndoResend(const InviteName& name, int generation) override;
  absl::StatusOr<bool> RenewLease(const InviteName& name, int generation, absl::Time lease_end) override;
  absl::StatusOr<Invite> Lock(const InviteName& name) override;
  absl::Status SetState(const InviteName& name, State state) override;
  absl::StatusOr<int32_t> CountJoined(const InviteName& name) override;
  absl::StatusOr<std::vector<Reservation>> OpenReservations(const InviteName& name,
                                                            const OpenFilter& filter) override;
  absl::StatusOr<Presented> GetBySecret(absl::string_view secret_hash,
                                        const std::vector<UserId>& users) override;
  absl::StatusOr<std::optional<Reservation>> ReservationOf(const InviteName& invite,
                                                           const UserId& user) override;
  absl::Status Reserve(const Reservation& reservation, bool unlimited) override;
  absl::Status Settle(const Reservation& reservation, bool joined) override;
  absl::StatusOr<std::optional<std::string>> AnswerTo(const RequestKey& key) override;
  absl::Status KeepAnswer(const RequestKey& key, absl::string_view answer,
                          absl::string_view address) override;
  absl::Status ChangeAnswer(const RequestKey& key, absl::string_view answer) override;
  absl::Status ForgetAnswer(const RequestKey& key) override;

  // What went wrong where no method could say it: the body's OK is not to be believed then.
  const absl::Status& status() const { return status_; }

 private:
  // What users' reservations were found to be.
  struct Found {
    InviteName invite;
    std::map<UserId, std::optional<Reservation>> reservations;
  };

  void LockNames(const std::vector<std::string>& names);
  void QueueLimits(const std::vector<const Invite*>& invites, const SendLimits& limits);
  absl::StatusOr<postgres::Result> Ask(absl::string_view sql, postgres::Params params);
  absl::StatusOr<bool> Changes(absl::string_view sql, postgres::Params params);

  postgres::Pipeline& pipeline_;
  mutable std::optional<absl::Time> now_;
  mutable absl::Status status_;
  std::map<InviteId, absl::Duration> waits_;  // until these may be sent; zero: now
  Found found_;
};

// The domain's error for a transaction that failed so: what of a race was decided by the database alone.
absl::Status Explained(const absl::Status& status);

}  // namespace guestpass::invite
