// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "common/rpc/executor.h"
#include "common/rpc/unary.h"
#include "guestpass/rights/v1/rights_service.grpc.pb.h"
#include "services/membership/domain/join.h"
#include "services/membership/server/join_attempt.h"
#include "services/membership/server/shared_read.h"
#include "services/membership/storage/membership_store.h"

namespace guestpass::membership {

// RightsService, for services only. Thread-safe. What is passed in outlives this.
class RightsService final : public rights::v1::RightsService::CallbackService {
 public:
  static constexpr int kHeadsReads = 1;  // at once, as calls that come meanwhile share the next one

  RightsService(rpc::Runner& runner, MembershipStore& store)
      : runner_(runner), store_(store), heads_([&store] { return store.ReadHeads(); }) {}

#define GUESTPASS_METHOD(name)                                                   \
  grpc::ServerUnaryReactor* name(grpc::CallbackServerContext* context,           \
                                 const rights::v1::name##Request* request,       \
                                 rights::v1::name##Response* response) override; \
  absl::StatusOr<rights::v1::name##Response> name(const rpc::Call& call,         \
                                                  const rights::v1::name##Request& request)
  // Each method twice: as gRPC calls it, and the method itself, which blocks. Errors as in
  // rights_service.proto.
  GUESTPASS_METHOD(CheckInvite);
  GUESTPASS_METHOD(BatchCheckInvites);
  GUESTPASS_METHOD(BatchGetRights);
  GUESTPASS_METHOD(GetRightsHeads);
  GUESTPASS_METHOD(ListRightsChanges);
  GUESTPASS_METHOD(JoinMember);
  GUESTPASS_METHOD(BatchJoinMembers);
  GUESTPASS_METHOD(ResolveJoin);
  GUESTPASS_METHOD(SetGuestExpiration);
  GUESTPASS_METHOD(ApplyDueExpirations);
  GUESTPASS_METHOD(NextDeadline);
  GUESTPASS_METHOD(SetMemberEmail);
#undef GUESTPASS_METHOD

 private:
  using Joined = absl::StatusOr<rights::v1::JoinMemberResponse>;

  std::vector<Joined> JoinAll(std::deque<JoinAttempt>& attempts);
  Joined Answer(const JoinAttempt& attempt, const absl::StatusOr<Committed>& outcome);
  Joined TwinsJoin(const JoinKey& twin, const JoinAttempt& attempt, const absl::Status& refusal);

  rpc::Runner& runner_;
  MembershipStore& store_;
  SharedRead<HeadsRead> heads_;
  rpc::Executor heads_executor_{8, 1000};  // of its own: leases end where heads wait for what is slow
};

}  // namespace guestpass::membership
