// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/rights/names.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "services/membership/testing/cast.h"

namespace guestpass::membership {

// The cast, and calls of the methods of members.
class MemberCalls : public Cast {
 protected:
  std::string NameOf(const std::string& user) const { return here_.MemberName(user); }
  static std::string Id(const std::string& user) { return IdOf(user).ToString(); }

  // Of a user by name; a guest is one of the public channel, without a time of its own.
  v1::CreateMemberRequest NewMember(const std::string& user, type::v1::Role role) const {
    v1::CreateMemberRequest request;
    request.set_parent(ToName(here_.workspace));
    request.set_user(Id(user));
    request.set_role(role);
    if (role == type::v1::ROLE_GUEST) {
      request.mutable_guest()->add_channels(ChannelName(here_.public_channel));
    }
    return request;
  }
  v1::UpdateMemberRequest NewRole(const std::string& user, type::v1::Role role) const {
    v1::UpdateMemberRequest request;
    request.mutable_member()->set_name(NameOf(user));
    request.mutable_member()->set_role(role);
    if (role == type::v1::ROLE_GUEST) {
      request.mutable_guest()->add_channels(ChannelName(here_.public_channel));
    }
    return request;
  }
  v1::UpdateMemberRequest NewSponsor(const std::string& user, const std::string& sponsor) const {
    v1::UpdateMemberRequest request;
    request.mutable_member()->set_name(NameOf(user));
    request.mutable_member()->set_sponsor(Id(sponsor));
    return request;
  }
  v1::DeleteMemberRequest Removal(const std::string& user) const {
    v1::DeleteMemberRequest request;
    request.set_name(NameOf(user));
    return request;
  }

  absl::StatusOr<v1::Member> Create(const std::string& by, const v1::CreateMemberRequest& request) {
    return here_.members.CreateMember(As(by), request);
  }
  absl::StatusOr<v1::Member> Update(const std::string& by, const v1::UpdateMemberRequest& request) {
    return here_.members.UpdateMember(As(by), request);
  }
  absl::StatusOr<v1::DeleteMemberResponse> Delete(const std::string& by,
                                                  const v1::DeleteMemberRequest& request) {
    return here_.members.DeleteMember(As(by), request);
  }
  absl::StatusOr<v1::Member> Get(const std::string& by, const std::string& user) {
    v1::GetMemberRequest request;
    request.set_name(NameOf(user));
    return here_.members.GetMember(As(by), request);
  }

  // Sets what `workspace` has.
  void Set(v1::Workspace workspace) {
    v1::UpdateWorkspaceRequest request;
    *request.mutable_workspace() = std::move(workspace);
    request.mutable_workspace()->set_name(ToName(here_.workspace));
    const auto updated = here_.workspaces.UpdateWorkspace(As("owner"), request);
    EXPECT_TRUE(updated.ok()) << updated.status();
  }
  void AllowDomain(const std::string& domain) {
    v1::Workspace workspace;
    workspace.add_guest_domains(domain);
    Set(workspace);
  }
  void SetCaps(int32_t cap, int32_t sponsor_cap) {
    v1::Workspace workspace;
    if (cap > 0) workspace.set_guest_cap(cap);
    if (sponsor_cap > 0) workspace.set_sponsor_guest_cap(sponsor_cap);
    Set(workspace);
  }

  // Who answers for that guest, by what the database has; "" for nobody.
  std::string SponsorOf(const std::string& user) {
    const auto row = here_.NewSession()->Run("SELECT sponsor FROM members WHERE user_id = $1",
                                             postgres::Params::Of(IdOf(user)));
    return std::string(row->Text(0, 0));
  }
  int64_t DirectAdmins() { return here_.Count("SELECT count(*) FROM members WHERE role = 'ADMIN'"); }

  static absl::Time TimeOf(const google::protobuf::Timestamp& time) { return *rpc::FromProto("time", time); }
};

inline void ExpectReason(const absl::Status& status, Reason reason) {
  EXPECT_TRUE(HasReason(status, reason)) << status;
}

}  // namespace guestpass::membership
