// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <utility>

#include "absl/status/statusor.h"
#include "common/rpc/unary.h"
#include "guestpass/rights/v1/rights_service.pb.h"
#include "services/membership/domain/join.h"
#include "services/membership/storage/membership_store.h"

namespace guestpass::membership {

inline constexpr size_t kMaxJoinKey = 128;

rights::v1::JoinMemberResponse ResponseOf(bool already_member, const rights::MemberState& member,
                                          const rights::RightsRevision& revision);

// One user's attempt at joining, from its request to its answer. Not thread-safe.
class JoinAttempt {
 public:
  // `request` outlives this.
  JoinAttempt(rpc::CallPart part, const rights::v1::JoinMemberRequest& request)
      : part_(std::move(part)), request_(request) {}
  // Changes refer to it.
  JoinAttempt(const JoinAttempt&) = delete;
  JoinAttempt& operator=(const JoinAttempt&) = delete;

  const rpc::Call& call() const { return part_.call; }
  const rights::v1::JoinMemberRequest& request() const { return request_; }

  // What it asks for, or why it may not have that.
  absl::Status Read();

  // Whether it has a user and a join key: without them no error decides anything.
  bool admitted() const { return !user_.empty(); }
  const UserId& user() const { return user_; }

  // What is to be done in the database, once it was read.
  MembershipStore::Change ToChange() { return {plan_, actor_, make_, part_.call.deadline}; }

  // What membership answers, where that was committed.
  rights::v1::JoinMemberResponse ResponseTo(const Committed& committed) const;

 private:
  absl::Status Make(MembershipTx& tx, const Locked& locked);

  const rpc::CallPart part_;
  const rights::v1::JoinMemberRequest& request_;
  UserId user_;
  Join join_;
  LockPlan plan_;
  Actor actor_;
  JoinDecision decision_;
  std::function<absl::Status(MembershipTx&, const Locked&)> make_ =
      [this](MembershipTx& tx, const Locked& locked) { return Make(tx, locked); };
};

}  // namespace guestpass::membership
