// SPDX-License-Identifier: Apache-2.0
#include "services/invite/client/membership_client.h"

#include <map>
#include <string>

#include "absl/time/clock.h"
#include "common/auth/random.h"
#include "common/rights/revision.h"
#include "common/rights_feed/wire.h"
#include "common/rpc/test_peer.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::invite {
namespace {

namespace rv1 = ::guestpass::rights::v1;
using Metadata = std::multimap<std::string, std::string>;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// Membership's end of the wire: gives what it was told to give, and keeps what it got.
class WireMembership final : public rv1::RightsService::Service {
 public:
  grpc::Status status;
  rv1::BatchCheckInvitesRequest check_request;
  rv1::BatchCheckInvitesResponse check_response;
  rv1::BatchJoinMembersRequest join_request;
  rv1::BatchJoinMembersResponse join_response;
  rv1::ResolveJoinRequest resolve_request;
  rv1::ResolveJoinResponse resolve_response;
  rv1::BatchGetRightsRequest rights_request;
  rv1::BatchGetRightsResponse rights_response;
  Metadata metadata;
  absl::Duration allowed;  // from the call's coming in to its deadline

  grpc::Status BatchCheckInvites(grpc::ServerContext* context, const rv1::BatchCheckInvitesRequest* request,
                                 rv1::BatchCheckInvitesResponse* response) override {
    return Answer(*context, *request, check_request, check_response, response);
  }
  grpc::Status BatchJoinMembers(grpc::ServerContext* context, const rv1::BatchJoinMembersRequest* request,
                                rv1::BatchJoinMembersResponse* response) override {
    return Answer(*context, *request, join_request, join_response, response);
  }
  grpc::Status ResolveJoin(grpc::ServerContext* context, const rv1::ResolveJoinRequest* request,
                           rv1::ResolveJoinResponse* response) override {
    return Answer(*context, *request, resolve_request, resolve_response, response);
  }
  grpc::Status BatchGetRights(grpc::ServerContext* context, const rv1::BatchGetRightsRequest* request,
                              rv1::BatchGetRightsResponse* response) override {
    return Answer(*context, *request, rights_request, rights_response, response);
  }

 private:
  template <typename Request, typename Response>
  grpc::Status Answer(const grpc::ServerContext& context, const Request& request, Request& kept,
                      const Response& prepared, Response* response) {
    kept = request;
    metadata.clear();
    for (const auto& [key, value] : context.client_metadata()) {
      metadata.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
    }
    allowed = absl::FromChrono(context.deadline()) - absl::Now();
    *response = prepared;
    return status;
  }
};

class MembershipClientTest : public testing::Test {
 protected:
  void SetUp() override {
    call_.request_id = "r1";
    call_.deadline = absl::InfiniteFuture();
    call_.caller.user = auth::Identity{.user = user_};
    call_.caller.user_token = "user.token";
    auto& checked = *wire_.check_response.add_outcomes()->mutable_checked();
    checked.mutable_database_time()->set_seconds(absl::ToUnixSeconds(kNow));
  }

  std::string Header(const std::string& name) const {
    const auto found = wire_.metadata.find(name);
    return found == wire_.metadata.end() ? "" : found->second;
  }

  Invite GuestInvite() const {
    return {.name = {workspace_, auth::NewId<InviteId>()},
            .role = rights::Role::kGuest,
            .channels = {channel_},
            .inviter = auth::NewId<UserId>(),
            .rights_n = 7,
            .check_time = kNow};
  }

  absl::StatusOr<Member> Join(const Invite& invite) {
    std::vector<Joining> joinings{{call_, "key"}};
    client_->Join(invite, joinings);
    return joinings[0].answer;
  }

  // Membership's answer to an invite's check, and what it was asked.
  rv1::CheckInviteResponse& Checked() { return *wire_.check_response.mutable_outcomes(0)->mutable_checked(); }
  rv1::CheckInviteRequest AskedToCheck() const { return wire_.check_request.checks(0).request(); }

  // The only answer to a check.
  void RefuseCheck(const absl::Status& status) {
    *wire_.check_response.mutable_outcomes(0)->mutable_error() = rpc::ToWire(status, "r1");
  }

  // One more answer of membership's: a guest.
  rv1::JoinMemberResponse& AnswerJoined() {
    rv1::JoinMemberResponse& joined = *wire_.join_response.add_outcomes()->mutable_joined();
    *joined.mutable_member() = rights_feed::ToProto(Guest(kNow));
    return joined;
  }
  rv1::JoinMemberRequest Asked() const { return wire_.join_request.joinings(0).request(); }

  // A snapshot of a workspace in which the user is that.
  void SetRights(const rights::MemberState& member, std::optional<rights::OrganizationRole> via,
                 bool deleted) {
    const auto organization = auth::NewId<OrganizationId>();
    wire_.rights_response.Clear();
    wire_.rights_response.set_epoch("e");
    wire_.rights_response.set_database_us(absl::ToUnixMicros(kNow));
    rv1::RightsSnapshot& snapshot = *wire_.rights_response.add_snapshots();
    snapshot.set_found(true);
    snapshot.set_shard(5);
    snapshot.set_n(9);
    for (const rights::Object& object :
         std::vector<rights::Object>{rights::WorkspaceState{workspace_, organization, deleted},
                                     rights::OrganizationMemberState{organization, user_, via}, member}) {
      *snapshot.add_objects() = rights_feed::ToProto(rights::Entry{.n = 1, .object = object});
    }
  }

  rights::MemberState Guest(absl::Time access_end_time) const {
    return {.workspace = workspace_,
            .user = user_,
            .role = rights::Role::kGuest,
            .expire_time = kNow - absl::Hours(1),
            .access_end_time = access_end_time,
            .grants = {channel_}};
  }

  const WorkspaceId workspace_ = auth::NewId<WorkspaceId>();
  const UserId user_ = auth::NewId<UserId>();
  const ChannelId channel_ = auth::NewId<ChannelId>();
  rpc::Call call_;
  WireMembership wire_;
  rpc::TestPeer peer_{wire_, "service.token"};
  const std::unique_ptr<MembershipClient> client_ =
      std::make_unique<MembershipClient>(peer_.channel(), peer_.token());
};

TEST_F(MembershipClientTest, CheckInviteForwardsTheUserAndTheDraft) {
  Checked().set_rights_n(7);
  Checked().set_removed_n(3);
  Checked().set_workspace_display_name("Acme");
  const auto check = client_->CheckInvite(call_, workspace_,
                                          {.address = *mail::ParseAddress("Ann@Example.com"),
                                           .role = rights::Role::kGuest,
                                           .channels = {channel_}});
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_EQ(check->rights_n, 7u);
  EXPECT_EQ(check->removed_n, 3u);
  EXPECT_EQ(check->database_time, kNow);
  EXPECT_EQ(check->workspace_display_name, "Acme");
  EXPECT_EQ(AskedToCheck().workspace(), workspace_.text());
  EXPECT_EQ(AskedToCheck().address(), "ann@example.com");
  EXPECT_EQ(AskedToCheck().role(), type::v1::ROLE_GUEST);
  ASSERT_EQ(AskedToCheck().channels_size(), 1);
  EXPECT_EQ(AskedToCheck().channels(0), channel_.text());
  EXPECT_EQ(Header("authorization"), "Bearer service.token");
  EXPECT_EQ(Header("guestpass-user-authorization"), "") << "the call is this service's own";
  EXPECT_EQ(wire_.check_request.checks(0).user_authorization(), "Bearer user.token");
  EXPECT_EQ(wire_.check_request.checks(0).request_id(), "r1");
}

TEST_F(MembershipClientTest, AGuestsTimeIsJudgedAndTheSnapshotPassedOn) {
  Checked().set_rights_revision("r9");
  const auto check = client_->CheckInvite(call_, workspace_, {.guest_expiry = absl::Seconds(3)});
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_EQ(check->rights_revision, "r9");
  EXPECT_EQ(AskedToCheck().ttl().seconds(), 3);
  ASSERT_TRUE(client_->CheckInvite(call_, workspace_, {.guest_expiry = kNow}).ok());
  EXPECT_EQ(AskedToCheck().expire_time().seconds(), absl::ToUnixSeconds(kNow));
}

TEST_F(MembershipClientTest, WhatIsWrongWithADraftIsToldByThePathsOfTheCallersRequest) {
  for (const auto& [field, path] :
       std::map<std::string, std::string>{{"address", "invite.email"},
                                          {"role", "invite.role"},
                                          {"channels", "invite.channels"},
                                          {"expire_time", "invite.guest_expire_time"},
                                          {"ttl", "invite.guest_ttl"}}) {
    RefuseCheck(FieldInvalid(field, "is wrong"));
    const absl::Status status = client_->CheckInvite(call_, workspace_, {}).status();
    const auto details = DetailsOf(status);
    ASSERT_TRUE(details.has_value()) << status;
    EXPECT_EQ(details->reason, Reason::kFieldInvalid);
    EXPECT_EQ(details->violations[0].field, path);
    EXPECT_EQ(status.message(), path + ": is wrong");
  }
  RefuseCheck(Error(Reason::kMemberExists, "there"));
  EXPECT_TRUE(HasReason(client_->CheckInvite(call_, workspace_, {}).status(), Reason::kMemberExists));
}

TEST_F(MembershipClientTest, AnEmptyDraftAsksForTheAuthorityAlone) {
  ASSERT_TRUE(client_->CheckInvite(call_, workspace_, {}).ok());
  rv1::CheckInviteRequest expected;
  expected.set_workspace(workspace_.ToString());
  EXPECT_EQ(AskedToCheck().SerializeAsString(), expected.SerializeAsString());
}

TEST_F(MembershipClientTest, JoinCarriesTheWholeInviteForTheUser) {
  rv1::JoinMemberResponse& joined = AnswerJoined();
  joined.set_already_member(true);
  joined.set_rights_revision("r7");
  Invite invite = GuestInvite();
  invite.guest_expiry = absl::Seconds(3);
  const auto member = Join(invite);
  ASSERT_TRUE(member.ok()) << member.status();
  EXPECT_TRUE(member->already_member);
  EXPECT_EQ(member->role, rights::Role::kGuest);
  EXPECT_EQ(member->channels, std::vector<ChannelId>{channel_});
  EXPECT_EQ(member->expire_time, kNow - absl::Hours(1));
  EXPECT_EQ(member->access_end_time, kNow);
  EXPECT_EQ(member->rights_revision, "r7");
  const rv1::JoinMemberRequest asked = Asked();
  EXPECT_EQ(asked.join_key(), "key");
  EXPECT_EQ(asked.workspace(), workspace_.text());
  EXPECT_EQ(asked.invite(), invite.name.invite.text());
  EXPECT_EQ(asked.inviter(), invite.inviter.text());
  EXPECT_EQ(asked.rights_n(), 7u);
  EXPECT_EQ(asked.check_time().seconds(), absl::ToUnixSeconds(kNow));
  EXPECT_EQ(asked.role(), type::v1::ROLE_GUEST);
  EXPECT_EQ(asked.channels_size(), 1);
  EXPECT_EQ(asked.ttl().seconds(), 3);
  EXPECT_FALSE(asked.link());
  EXPECT_FALSE(asked.allow_unverified());
  EXPECT_EQ(wire_.join_request.joinings(0).user_authorization(), "Bearer user.token");
  EXPECT_EQ(wire_.join_request.joinings(0).request_id(), call_.request_id);
  EXPECT_EQ(Header("guestpass-user-authorization"), "") << "the call is this service's own";
  EXPECT_LT(wire_.allowed, kAbandonedAfter) << "nobody settles what is still awaited";
  EXPECT_GT(wire_.allowed, kJoinTimeout - absl::Seconds(2));

  invite.guest_expiry = kNow;
  ASSERT_TRUE(Join(invite).ok());
  EXPECT_EQ(Asked().expire_time().seconds(), absl::ToUnixSeconds(kNow));
  invite.guest_expiry = GuestExpiry();
  ASSERT_TRUE(Join(invite).ok());
  EXPECT_EQ(Asked().expiry_case(), rv1::JoinMemberRequest::EXPIRY_NOT_SET);
}

TEST_F(MembershipClientTest, JoinSaysWhetherItIsByALinkAndWhomThatLetsIn) {
  Invite invite = GuestInvite();
  invite.link = Link{.max_uses = std::nullopt};
  AnswerJoined();
  ASSERT_TRUE(Join(invite).ok());
  EXPECT_TRUE(Asked().link());
  EXPECT_FALSE(Asked().allow_unverified());
  invite.link->allow_unverified = true;
  ASSERT_TRUE(Join(invite).ok());
  EXPECT_TRUE(Asked().allow_unverified());
}

TEST_F(MembershipClientTest, EachOfACrowdGetsItsOwnAnswer) {
  AnswerJoined();
  *wire_.join_response.add_outcomes()->mutable_error() =
      rpc::ToWire(Error(Reason::kGuestEnded, "ended", {{"access_end_time", "t"}}), "r2");
  wire_.join_response.add_outcomes();
  rpc::Call second = call_, third = call_;
  second.request_id = "r2";
  second.caller.user_token = "another.token";
  std::vector<Joining> joinings{{call_, "key"}, {second, "key 2"}, {third, "key 3"}};
  client_->Join(GuestInvite(), joinings);
  EXPECT_TRUE(joinings[0].answer.ok()) << joinings[0].answer.status();
  EXPECT_TRUE(HasReason(joinings[1].answer.status(), Reason::kGuestEnded));
  EXPECT_EQ(DetailsOf(joinings[1].answer.status())->metadata.at("access_end_time"), "t");
  EXPECT_TRUE(absl::IsInternal(joinings[2].answer.status())) << "which makes no sense";
  ASSERT_EQ(wire_.join_request.joinings_size(), 3);
  const auto& asked = wire_.join_request.joinings(1);
  EXPECT_EQ(asked.user_authorization(), "Bearer another.token");
  EXPECT_EQ(asked.request_id(), "r2");
  EXPECT_EQ(asked.request().join_key(), "key 2");

  wire_.join_response.mutable_outcomes()->RemoveLast();
  client_->Join(GuestInvite(), joinings);
  for (const Joining& joining : joinings) EXPECT_TRUE(absl::IsInternal(joining.answer.status()));
}

TEST_F(MembershipClientTest, ACrowdIsAwaitedForAsLongAsTheMostPatientOfIt) {
  AnswerJoined();
  AnswerJoined();
  rpc::Call first = call_, second = call_;
  first.deadline = absl::Now() + absl::Milliseconds(1);
  second.deadline = absl::Now() + absl::Seconds(3);
  std::vector<Joining> joinings{{first, "key"}, {second, "key 2"}};
  client_->Join(GuestInvite(), joinings);
  EXPECT_TRUE(joinings[1].answer.ok()) << joinings[1].answer.status();
  EXPECT_LT(wire_.allowed, absl::Seconds(3.2)) << "gRPC rounds up";
  EXPECT_GT(wire_.allowed, absl::Seconds(1));
}

TEST_F(MembershipClientTest, AWorkspaceStandsUntilItIsDeleted) {
  SetRights(Guest(kNow), std::nullopt, false);
  EXPECT_EQ(*client_->WorkspaceStands(workspace_), true);
  EXPECT_EQ(wire_.rights_request.queries(0).workspace(), workspace_.text());
  SetRights(Guest(kNow), std::nullopt, true);
  EXPECT_EQ(*client_->WorkspaceStands(workspace_), false);
  wire_.rights_response.mutable_snapshots(0)->Clear();
  EXPECT_EQ(*client_->WorkspaceStands(workspace_), false) << "there never was one";
  wire_.rights_response.clear_snapshots();
  EXPECT_FALSE(client_->WorkspaceStands(workspace_).ok());
}

TEST_F(MembershipClientTest, ResolveAsksOnItsOwnBehalf) {
  wire_.resolve_response.set_outcome(rv1::ResolveJoinResponse::OUTCOME_JOINED);
  EXPECT_EQ(*client_->Resolve("key"), JoinOutcome::kJoined);
  EXPECT_EQ(wire_.resolve_request.join_key(), "key");
  EXPECT_EQ(Header("guestpass-user-authorization"), "");
  wire_.resolve_response.set_already_member(true);
  EXPECT_EQ(*client_->Resolve("key"), JoinOutcome::kAlreadyMember);
  wire_.resolve_response.set_outcome(rv1::ResolveJoinResponse::OUTCOME_CANCELLED);
  EXPECT_EQ(*client_->Resolve("key"), JoinOutcome::kCancelled);
  wire_.resolve_response.clear_outcome();
  EXPECT_FALSE(client_->Resolve("key").ok()) << "no decision is no decision";
}

TEST_F(MembershipClientTest, FindKnowsDirectMembersAndThoseThroughTheOrganization) {
  SetRights(Guest(kNow + absl::Microseconds(1)), std::nullopt, false);
  const auto guest = client_->Find({workspace_, user_});
  ASSERT_TRUE(guest.ok()) << guest.status();
  ASSERT_TRUE(guest->has_value());
  EXPECT_TRUE((*guest)->already_member);
  EXPECT_EQ((*guest)->channels, std::vector<ChannelId>{channel_});
  ASSERT_EQ(wire_.rights_request.queries_size(), 1);
  EXPECT_EQ(wire_.rights_request.queries(0).user(), user_.text());
  const auto revision = rights::RightsRevision::Parse((*guest)->rights_revision);
  ASSERT_TRUE(revision.has_value()) << (*guest)->rights_revision;
  EXPECT_EQ(*revision, (rights::RightsRevision{"e", 5, 9}));

  SetRights({.workspace = workspace_, .user = user_}, rights::OrganizationRole::kAdmin, false);
  const auto admin = client_->Find({workspace_, user_});
  ASSERT_TRUE(admin.ok() && admin->has_value());
  EXPECT_EQ((*admin)->role, rights::Role::kAdmin);
  EXPECT_FALSE((*admin)->direct);
}

TEST_F(MembershipClientTest, WhoHasAuthorityThroughTheOrganizationIsToldNothingOfAGuestsRecord) {
  SetRights(Guest(kNow - absl::Hours(1)), rights::OrganizationRole::kAdmin, false);
  const auto found = client_->Find({workspace_, user_});
  ASSERT_TRUE(found.ok() && found->has_value()) << found.status();
  EXPECT_TRUE((*found)->direct);
  EXPECT_EQ((*found)->role, rights::Role::kAdmin);
  EXPECT_TRUE((*found)->channels.empty());
  EXPECT_EQ((*found)->expire_time, absl::InfiniteFuture());
  EXPECT_EQ((*found)->access_end_time, absl::InfiniteFuture());
}

TEST_F(MembershipClientTest, FindKnowsWhoIsNoMember) {
  SetRights(Guest(kNow), std::nullopt, false);
  EXPECT_TRUE(HasReason(client_->Find({workspace_, user_}).status(), Reason::kGuestEnded));
  SetRights({.workspace = workspace_, .user = user_}, std::nullopt, false);
  EXPECT_FALSE(client_->Find({workspace_, user_})->has_value());
  SetRights(Guest(kNow + absl::Hours(1)), std::nullopt, true);
  EXPECT_FALSE(client_->Find({workspace_, user_})->has_value()) << "the workspace is gone";
  wire_.rights_response.mutable_snapshots(0)->Clear();
  EXPECT_FALSE(client_->Find({workspace_, user_})->has_value()) << "there never was one";
  wire_.rights_response.clear_snapshots();
  EXPECT_FALSE(client_->Find({workspace_, user_}).ok());
}

TEST_F(MembershipClientTest, RefusalsComeThroughAndSilenceIsUnavailable) {
  wire_.status = rpc::ToGrpc(Error(Reason::kGuestEnded, "ended", {{"access_end_time", "t"}}), "r1");
  const absl::Status refused = client_->Resolve("key").status();
  EXPECT_TRUE(HasReason(refused, Reason::kGuestEnded));
  EXPECT_EQ(DetailsOf(refused)->metadata.at("access_end_time"), "t");
  EXPECT_TRUE(absl::IsInternal(Join(GuestInvite()).status())) << "of which user is it said?";
  wire_.status = rpc::ToGrpc(Error(Reason::kTokenExpired, "expired", {{"header", "authorization"}}), "r1");
  EXPECT_TRUE(HasReason(Join(GuestInvite()).status(), Reason::kServiceUnavailable))
      << "it is not the user who has to sign in again";
  peer_.Stop();
  EXPECT_TRUE(HasReason(client_->Resolve("key").status(), Reason::kServiceUnavailable));
}

}  // namespace
}  // namespace guestpass::invite
