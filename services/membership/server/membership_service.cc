// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/membership_service.h"

namespace guestpass::membership {
namespace {

const rpc::Access kUsers{.users = true};
const rpc::Access kUsersAndOperators{.users = true, .operators = true};
const rpc::Access kUsersAndServices{.users = true,
                                    .services = {"invite", "guest-expiry", "messaging-gateway"}};

}  // namespace

grpc::ServerUnaryReactor* MembershipService::CreateOrganization(grpc::CallbackServerContext* context,
                                                                const v1::CreateOrganizationRequest* request,
                                                                v1::Organization* response) {
  return runner_.Unary(context, "CreateOrganization", kUsersAndOperators, request, response,
                       [this](const auto& call, const auto& message) { return Create(call, message); });
}

grpc::ServerUnaryReactor* MembershipService::CreateWorkspace(grpc::CallbackServerContext* context,
                                                             const v1::CreateWorkspaceRequest* request,
                                                             v1::Workspace* response) {
  return runner_.Unary(context, "CreateWorkspace", kUsers, request, response,
                       [this](const auto& call, const auto& message) { return Create(call, message); });
}

grpc::ServerUnaryReactor* MembershipService::CreateChannel(grpc::CallbackServerContext* context,
                                                           const v1::CreateChannelRequest* request,
                                                           v1::Channel* response) {
  return runner_.Unary(context, "CreateChannel", kUsers, request, response,
                       [this](const auto& call, const auto& message) { return Create(call, message); });
}

grpc::ServerUnaryReactor* MembershipService::DeleteMember(grpc::CallbackServerContext* context,
                                                          const v1::DeleteMemberRequest* request,
                                                          google::protobuf::Empty* response) {
  return runner_.Unary(context, "DeleteMember", kUsers, request, response,
                       [this](const auto& call, const auto& message) { return Delete(call, message); });
}

grpc::ServerUnaryReactor* MembershipService::CheckAccess(grpc::CallbackServerContext* context,
                                                         const v1::CheckAccessRequest* request,
                                                         v1::CheckAccessResponse* response) {
  return runner_.Unary(context, "CheckAccess", kUsersAndServices, request, response,
                       [this](const auto& call, const auto& message) { return Check(call, message); });
}

}  // namespace guestpass::membership
