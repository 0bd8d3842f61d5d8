// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/auth/service_token.h"
#include "grpcpp/grpcpp.h"
#include "guestpass/rights/v1/rights_service.grpc.pb.h"
#include "services/invite/client/invite_checks.h"
#include "services/invite/client/membership.h"

namespace guestpass::invite {

// Membership by its RightsService. What is asked for users has each one's token with it and ends with the
// last of their calls; the rest is asked on this service's own behalf, so that it outlives an impatient
// caller.
class MembershipClient : public Membership {
 public:
  // `token` outlives this.
  MembershipClient(const std::shared_ptr<grpc::Channel>& channel, const auth::ServiceToken& token)
      : stub_(rights::v1::RightsService::NewStub(channel)), token_(token), checks_(*stub_, token) {}

  absl::StatusOr<InviteCheck> CheckInvite(const rpc::Call& call, const WorkspaceId& workspace,
                                          const Draft& draft) override {
    return checks_.Check(call, workspace, draft);
  }
  void Join(const Invite& invite, std::vector<Joining>& joinings) override;
  absl::StatusOr<JoinOutcome> Resolve(const std::string& join_key) override;
  absl::StatusOr<std::optional<Member>> Find(const MemberName& name) override;
  absl::StatusOr<bool> WorkspaceStands(const WorkspaceId& workspace) override;

 private:
  struct Read;  // one member's rights, read in one snapshot
  absl::StatusOr<Read> ReadRights(const MemberName& name);
  absl::Status JoinAll(const Invite& invite, std::vector<Joining>& joinings);

  const std::unique_ptr<rights::v1::RightsService::Stub> stub_;
  const auth::ServiceToken& token_;
  InviteChecks checks_;
};

}  // namespace guestpass::invite
