// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/changes.h"

#include "common/status/macros.h"

namespace guestpass::bench {
namespace {

using membership::v1::MembershipService;
using membership::v1::UpdateMemberRequest;

constexpr int kCallers = 64;
constexpr int kConnections = 4;
constexpr int kMembersEach = 50;

}  // namespace

std::unique_ptr<Call> RoleChanges::Next(grpc::CompletionQueue& queue, void* tag) {
  const bool promotes = made_ / members_.size() % 2 == 1;
  UpdateMemberRequest request;
  request.mutable_member()->set_name(members_[made_++ % members_.size()]);
  request.mutable_member()->set_role(promotes ? type::v1::ROLE_MEMBER : type::v1::ROLE_VIEWER);
  request.mutable_update_mask()->add_paths("role");
  return Begin(stub_, &MembershipService::Stub::AsyncUpdateMember, token_, request, queue, tag);
}

absl::StatusOr<Figures> MeasureChanges(Crowd& crowd, absl::Duration time) {
  std::vector<std::unique_ptr<MembershipService::Stub>> stubs;
  for (const auto& channel : Connections(crowd.stack().addresses().membership, kConnections)) {
    stubs.push_back(MembershipService::NewStub(channel));
  }
  std::vector<RoleChanges> callers;
  for (int i = 0; i < kCallers; ++i) {
    ASSIGN_OR_RETURN(const auto members, crowd.MembersOf(i + 1, kMembersEach));
    std::vector<std::string> names;
    for (const Someone& member : members) names.push_back(member.member);
    callers.emplace_back(*stubs[static_cast<size_t>(i) % stubs.size()], crowd.OwnerToken(i + 1),
                         std::move(names));
  }
  const auto change = [&](int caller, grpc::CompletionQueue& queue, void* tag) {
    return callers[static_cast<size_t>(caller)].Next(queue, tag);
  };
  return MeasureLoop(kCallers, change, time);
}

}  // namespace guestpass::bench
