// SPDX-License-Identifier: Apache-2.0
#include "services/guest_expiry/client/membership_rights.h"

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "common/rights_feed/wire.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/test_peer.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::guest_expiry {
namespace {

using rights::Role;

const absl::Time kNow = absl::FromUnixMicros(1'800'000'000'000'001);
const absl::Time kExpire = kNow + absl::Hours(1);
const MemberName kGuest{*WorkspaceId::Parse(std::string(26, 'w')), *UserId::Parse(std::string(26, 'g'))};
const UserId kAdmin = *UserId::Parse(std::string(26, 'a'));

rights::MemberState Member(const UserId& user, Role role) {
  rights::MemberState member{.workspace = kGuest.workspace, .user = user, .role = role};
  if (role == Role::kGuest) {
    member.expire_time = kExpire;
    member.access_end_time = kExpire + absl::Hours(24);
  }
  return member;
}

// Answers what the test has put there; keeps what it was asked.
class FakeMembership final : public rights::v1::RightsService::Service {
 public:
  grpc::Status BatchGetRights(grpc::ServerContext* context, const rights::v1::BatchGetRightsRequest* request,
                              rights::v1::BatchGetRightsResponse* response) override {
    Note(*context);
    batch_asked = *request;
    *response = batch;
    return status;
  }

  grpc::Status SetGuestExpiration(grpc::ServerContext* context,
                                  const rights::v1::SetGuestExpirationRequest* request,
                                  rights::v1::SetGuestExpirationResponse* response) override {
    Note(*context);
    set_asked = *request;
    *response = set;
    return status;
  }

  grpc::Status NextDeadline(grpc::ServerContext* context, const rights::v1::NextDeadlineRequest*,
                            rights::v1::NextDeadlineResponse* response) override {
    Note(*context);
    *response = next;
    return status;
  }

  grpc::Status ApplyDueExpirations(grpc::ServerContext*,
                                   const rights::v1::ApplyDueExpirationsRequest* request,
                                   rights::v1::ApplyDueExpirationsResponse* response) override {
    limit = request->limit();
    *response = applied;
    return status;
  }

  grpc::Status status;
  rights::v1::BatchGetRightsRequest batch_asked;
  rights::v1::BatchGetRightsResponse batch;
  rights::v1::SetGuestExpirationRequest set_asked;
  rights::v1::SetGuestExpirationResponse set;
  rights::v1::NextDeadlineResponse next;
  rights::v1::ApplyDueExpirationsResponse applied;
  int limit = 0;
  std::string own, user, request_id;

 private:
  void Note(const grpc::ServerContext& context) {
    const auto value = [&context](const char* name) {
      const auto found = context.client_metadata().find(name);
      if (found == context.client_metadata().end()) return std::string();
      return std::string(found->second.data(), found->second.size());
    };
    own = value("authorization");
    user = value("guestpass-user-authorization");
    request_id = value("x-request-id");
  }
};

class MembershipRightsTest : public testing::Test {
 protected:
  void SetUp() override {
    call_.caller.user.emplace().user = kAdmin;
    call_.caller.user_token = "users-token";
    call_.request_id = "request-7";
    call_.deadline = absl::InfiniteFuture();
  }

  // A snapshot of a workspace, with `member` in it.
  void AddSnapshot(const rights::MemberState& member, bool deleted = false, bool of_organization = false) {
    auto* snapshot = membership_.batch.add_snapshots();
    snapshot->set_found(true);
    snapshot->set_shard(3);
    snapshot->set_n(9);
    const OrganizationId organization = *OrganizationId::Parse(std::string(26, 'o'));
    rights::OrganizationMemberState in_organization{.organization = organization, .user = member.user};
    if (of_organization) in_organization.role = rights::OrganizationRole::kOwner;
    const rights::WorkspaceState workspace{member.workspace, organization, deleted};
    for (const rights::Object& object :
         {rights::Object(workspace), rights::Object(in_organization), rights::Object(member)}) {
      *snapshot->add_objects() = rights_feed::ToProto(rights::Entry{.n = 9, .object = object});
    }
    membership_.batch.set_epoch("epoch");
    membership_.batch.set_database_us(absl::ToUnixMicros(kNow));
  }

  FakeMembership membership_;
  rpc::TestPeer peer_{membership_, "own-token"};
  const std::unique_ptr<MembershipRights> rights_ =
      std::make_unique<MembershipRights>(peer_.channel(), peer_.token());
  rpc::Call call_;
};

TEST_F(MembershipRightsTest, CallerAndGuestAreReadInOneSnapshotForTheUser) {
  AddSnapshot(Member(kAdmin, Role::kAdmin));
  AddSnapshot(Member(kGuest.user, Role::kGuest));
  const auto read = rights_->Read(call_, kAdmin, kGuest);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->database_time, kNow);
  EXPECT_EQ(read->caller.role, Role::kAdmin);
  EXPECT_EQ(read->guest, Member(kGuest.user, Role::kGuest));
  ASSERT_EQ(membership_.batch_asked.queries_size(), 2);
  EXPECT_EQ(membership_.batch_asked.queries(0).user(), kAdmin.ToString());
  EXPECT_EQ(membership_.batch_asked.queries(1).user(), kGuest.user.ToString());
  EXPECT_EQ(membership_.batch_asked.queries(1).workspace(), kGuest.workspace.ToString());
  EXPECT_EQ(membership_.own, "Bearer own-token");
  EXPECT_EQ(membership_.user, "Bearer users-token");
  EXPECT_EQ(membership_.request_id, "request-7");
}

TEST_F(MembershipRightsTest, AuthorityThroughTheOrganizationCounts) {
  rights::MemberState none = Member(kAdmin, Role::kAdmin);
  none.role.reset();
  AddSnapshot(none, /*deleted=*/false, /*of_organization=*/true);
  AddSnapshot(Member(kGuest.user, Role::kGuest));
  EXPECT_EQ(rights_->Read(call_, kAdmin, kGuest)->caller.role, Role::kAdmin);
}

TEST_F(MembershipRightsTest, InAWorkspaceThatIsNotThereNobodyIsAnything) {
  membership_.batch.add_snapshots();
  membership_.batch.add_snapshots();
  for (const bool deleted : {false, true}) {
    if (deleted) {
      membership_.batch.clear_snapshots();
      AddSnapshot(Member(kAdmin, Role::kAdmin), deleted);
      AddSnapshot(Member(kGuest.user, Role::kGuest), deleted);
    }
    const auto read = rights_->Read(call_, kAdmin, kGuest);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_FALSE(read->caller.role.has_value());
    EXPECT_FALSE(read->guest.role.has_value());
    EXPECT_EQ(read->guest.workspace, kGuest.workspace);
    EXPECT_EQ(read->guest.user, kGuest.user);
  }
}

TEST_F(MembershipRightsTest, AnAnswerThatIsNoneIsAFault) {
  AddSnapshot(Member(kAdmin, Role::kAdmin));
  EXPECT_EQ(rights_->Read(call_, kAdmin, kGuest).status().code(), absl::StatusCode::kInternal);
  membership_.next.mutable_database_time()->set_nanos(-1);
  EXPECT_EQ(rights_->Nearest().status().code(), absl::StatusCode::kInternal);
}

TEST_F(MembershipRightsTest, AChangeIsPassedOnAsItIsAndItsAnswerIsByTheTimeOfRecord) {
  rights::MemberState guest = Member(kGuest.user, Role::kGuest);
  guest.expire_time = kNow;
  *membership_.set.mutable_member() = rights_feed::ToProto(guest);
  *membership_.set.mutable_record_time() = rpc::ToProto(kNow);
  google::protobuf::Duration ttl;
  ttl.set_nanos(7);
  const auto set = rights_->Set(call_, kGuest, ttl);
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->guest, kGuest);
  EXPECT_EQ(set->expire_time, kNow);
  EXPECT_EQ(set->access_end_time, guest.access_end_time);
  EXPECT_EQ(set->state, rights::GuestState::kSoftLocked);
  EXPECT_EQ(set->record_time, kNow);
  EXPECT_EQ(membership_.set_asked.user(), kGuest.user.ToString());
  EXPECT_EQ(membership_.set_asked.workspace(), kGuest.workspace.ToString());
  EXPECT_EQ(membership_.set_asked.ttl().nanos(), 7);
  EXPECT_EQ(membership_.user, "Bearer users-token");
  ASSERT_TRUE(rights_->Set(call_, kGuest, rpc::ToProto(kExpire)).ok());
  EXPECT_EQ(*rpc::FromProto("", membership_.set_asked.expire_time()), kExpire);
  ASSERT_TRUE(rights_->Set(call_, kGuest, false).ok());
  EXPECT_EQ(membership_.set_asked.change_case(), rights::v1::SetGuestExpirationRequest::kClear);
  ASSERT_TRUE(rights_->Set(call_, kGuest, std::monostate()).ok());
  EXPECT_EQ(membership_.set_asked.change_case(), rights::v1::SetGuestExpirationRequest::CHANGE_NOT_SET);
}

TEST_F(MembershipRightsTest, TheClockAsksOnItsOwnBehalf) {
  *membership_.next.mutable_database_time() = rpc::ToProto(kNow);
  EXPECT_FALSE(rights_->Nearest()->time.has_value());
  *membership_.next.mutable_deadline() = rpc::ToProto(kExpire);
  const auto nearest = rights_->Nearest();
  EXPECT_EQ(nearest->time, kExpire);
  EXPECT_EQ(nearest->database_time, kNow);
  EXPECT_EQ(membership_.own, "Bearer own-token");
  EXPECT_EQ(membership_.user, "");
  membership_.applied.set_applied(1);
  membership_.applied.set_skipped(2);
  membership_.applied.set_busy_shards(3);
  const auto applied = rights_->Apply(40);
  EXPECT_EQ(membership_.limit, 40);
  EXPECT_EQ(applied->applied, 1);
  EXPECT_EQ(applied->skipped, 2);
  EXPECT_EQ(applied->busy_shards, 3);
}

TEST_F(MembershipRightsTest, RefusalsComeThroughAndSilenceIsServiceUnavailable) {
  membership_.status = rpc::ToGrpc(FieldInvalid("ttl", "is negative"), "r");
  const absl::Status refused = rights_->Set(call_, kGuest, true).status();
  EXPECT_TRUE(HasReason(refused, Reason::kFieldInvalid)) << refused;
  peer_.Stop();
  const absl::Status away = rights_->Nearest().status();
  EXPECT_TRUE(HasReason(away, Reason::kServiceUnavailable)) << away;
  EXPECT_TRUE(HasReason(rights_->Read(call_, kAdmin, kGuest).status(), Reason::kServiceUnavailable));
}

}  // namespace
}  // namespace guestpass::guest_expiry
