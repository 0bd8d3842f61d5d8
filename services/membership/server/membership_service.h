// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "common/rpc/unary.h"
#include "guestpass/membership/v1/membership.grpc.pb.h"
#include "services/membership/storage/membership_store.h"

namespace guestpass::membership {

// MembershipService: one file for each resource. Thread-safe. What is passed in outlives this.
class MembershipService final : public v1::MembershipService::CallbackService {
 public:
  MembershipService(rpc::Runner& runner, MembershipStore& store) : runner_(runner), store_(store) {}

  grpc::ServerUnaryReactor* CreateOrganization(grpc::CallbackServerContext* context,
                                               const v1::CreateOrganizationRequest* request,
                                               v1::Organization* response) override;
  grpc::ServerUnaryReactor* CreateWorkspace(grpc::CallbackServerContext* context,
                                            const v1::CreateWorkspaceRequest* request,
                                            v1::Workspace* response) override;
  grpc::ServerUnaryReactor* CreateChannel(grpc::CallbackServerContext* context,
                                          const v1::CreateChannelRequest* request,
                                          v1::Channel* response) override;
  grpc::ServerUnaryReactor* DeleteMember(grpc::CallbackServerContext* context,
                                         const v1::DeleteMemberRequest* request,
                                         google::protobuf::Empty* response) override;
  grpc::ServerUnaryReactor* CheckAccess(grpc::CallbackServerContext* context,
                                        const v1::CheckAccessRequest* request,
                                        v1::CheckAccessResponse* response) override;

  // The methods themselves; each blocks. Errors as in membership.proto.
  absl::StatusOr<v1::Organization> Create(const rpc::Call& call,
                                          const v1::CreateOrganizationRequest& request);
  absl::StatusOr<v1::Workspace> Create(const rpc::Call& call, const v1::CreateWorkspaceRequest& request);
  absl::StatusOr<v1::Channel> Create(const rpc::Call& call, const v1::CreateChannelRequest& request);
  absl::StatusOr<google::protobuf::Empty> Delete(const rpc::Call& call,
                                                 const v1::DeleteMemberRequest& request);
  absl::StatusOr<v1::CheckAccessResponse> Check(const rpc::Call& call, const v1::CheckAccessRequest& request);

 private:
  rpc::Runner& runner_;
  MembershipStore& store_;
};

}  // namespace guestpass::membership
