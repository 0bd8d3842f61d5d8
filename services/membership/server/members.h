// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/auth/seal.h"
#include "common/rpc/call.h"
#include "guestpass/membership/v1/member.pb.h"
#include "services/membership/storage/membership_store.h"

namespace guestpass::membership {

// The methods of members; each blocks. Errors as in membership.proto. Thread-safe. What is passed in outlives
// this.
class Members {
 public:
  Members(MembershipStore& store, const auth::Sealer& pages) : store_(store), pages_(pages) {}

  // In this order: FIELD_INVALID, CHANNEL_NOT_FOUND, CHANNEL_ARCHIVED, GUEST_LIFETIME_EXCEEDED,
  // EMAIL_DOMAIN_NOT_ALLOWED (nobody has shown an address yet), MEMBER_EXISTS, GUEST_LIMIT_REACHED.
  absl::StatusOr<v1::Member> CreateMember(const rpc::Call& call, const v1::CreateMemberRequest& request);
  absl::StatusOr<v1::Member> GetMember(const rpc::Call& call, const v1::GetMemberRequest& request);
  absl::StatusOr<v1::BatchGetMembersResponse> BatchGetMembers(const rpc::Call& call,
                                                              const v1::BatchGetMembersRequest& request);
  absl::StatusOr<v1::ListMembersResponse> ListMembers(const rpc::Call& call,
                                                      const v1::ListMembersRequest& request);

  // In this order: FIELD_INVALID, MEMBER_NOT_FOUND, ETAG_MISMATCH, ORG_OWNER_PROTECTED, LAST_ADMIN, and to
  // GUEST as CreateMember, NOT_A_GUEST and FIELD_INVALID for a sponsor before the caps. What stays as it is
  // writes nothing.
  absl::StatusOr<v1::Member> UpdateMember(const rpc::Call& call, const v1::UpdateMemberRequest& request);

  // A transaction for each guest. The caller's right and the request are judged before the first.
  absl::StatusOr<v1::BatchReassignGuestsResponse> BatchReassignGuests(
      const rpc::Call& call, const v1::BatchReassignGuestsRequest& request);
  absl::StatusOr<v1::DeleteMemberResponse> DeleteMember(const rpc::Call& call,
                                                        const v1::DeleteMemberRequest& request);

 private:
  absl::StatusOr<v1::Member> Reassign(const rpc::Call& call, const v1::BatchReassignGuestsRequest& request,
                                      const MemberName& guest, const UserId& sponsor);

  MembershipStore& store_;
  const auth::Sealer& pages_;
};

}  // namespace guestpass::membership
