// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "tests/harness/workplace.h"

namespace guestpass::e2e {
namespace {

using harness::Client;
using harness::Stack;
using invite::v1::CreateInviteRequest;
using invite::v1::CreateInviteResponse;
using invite::v1::Invite;
using invite::v1::InviteService;
using invite::v1::RedeemInviteRequest;
using invite::v1::RedeemInviteResponse;
using membership::v1::MembershipService;
using Stub = InviteService::Stub;

constexpr int kPerHour = 6;

// What inviting is accepted by, over gRPC, with mail written to files. One stack for all, a workspace for
// each.
class Invites : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = Stack::Start({.env = {{"invite",
                                          {{"GUESTPASS_INVITES_PER_HOUR", absl::StrCat(kPerHour)},
                                           {"GUESTPASS_MAILS_PER_ADDRESS_AND_DAY", "1000"}}}}});
    ASSERT_TRUE(started.ok()) << started.status();
    stack_ = *std::move(started);
  }
  static void TearDownTestSuite() { stack_.reset(); }

  void SetUp() override {
    ASSERT_NE(stack_, nullptr);
    auto place = harness::MakeWorkplace(*stack_);
    ASSERT_TRUE(place.ok()) << place.status();
    place_ = *std::move(place);
  }

  CreateInviteRequest Asking(const std::string& email) const {
    CreateInviteRequest request;
    request.set_parent(place_.workspace);
    if (!email.empty()) request.mutable_invite()->set_email(email);
    request.mutable_invite()->set_role(type::v1::ROLE_GUEST);
    request.mutable_invite()->add_channels(place_.closed_channel);
    return request;
  }
  absl::StatusOr<CreateInviteResponse> Create(const std::string& email, const std::string& by = "olga") {
    return stack_->User(by).Call(&Stub::CreateInvite, Asking(email));
  }
  // The secret of a link that olga makes, for `uses` people.
  std::string Link(int uses) {
    CreateInviteRequest request = Asking("");
    request.mutable_invite()->mutable_link()->set_max_uses(uses);
    const auto created = stack_->User("olga").Call(&Stub::CreateInvite, request);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? created->secret() : "";
  }
  std::string Mailed(const std::string& email) {
    const auto secret = harness::MailedSecret(stack_->mail_dir(), email);
    EXPECT_TRUE(secret.ok()) << secret.status();
    return secret.value_or("");
  }
  absl::StatusOr<RedeemInviteResponse> RedeemAs(const Client& user, const std::string& secret) {
    RedeemInviteRequest request;
    request.set_secret(secret);
    return user.Call(&Stub::RedeemInvite, request);
  }
  absl::StatusOr<RedeemInviteResponse> Redeem(const std::string& name, const std::string& secret) {
    return RedeemAs(stack_->User(name), secret);
  }
  Client Unverified(const std::string& name) {
    return Client(stack_->addresses(), stack_->Token(name, {.email = absl::StrCat(name, "@example.com"),
                                                            .email_verified = false}));
  }
  absl::Status Remove(const std::string& name) {
    membership::v1::DeleteMemberRequest request;
    request.set_name(absl::StrCat(place_.workspace, "/members/", stack_->UserId(name)));
    return stack_->User("olga").Call(&MembershipService::Stub::DeleteMember, request).status();
  }
  Invite Get(const std::string& name) {
    invite::v1::GetInviteRequest request;
    request.set_name(name);
    const auto invite = stack_->User("olga").Call(&Stub::GetInvite, request);
    EXPECT_TRUE(invite.ok()) << invite.status();
    return invite.value_or(Invite());
  }
  static void ExpectReason(const absl::Status& status, Reason reason) {
    EXPECT_TRUE(HasReason(status, reason)) << status;
  }

  static std::unique_ptr<Stack> stack_;
  harness::Workplace place_;
};

std::unique_ptr<Stack> Invites::stack_;

TEST_F(Invites, Create) {
  const auto created = Create("Ann@Example.com");
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->invite().state(), Invite::STATE_PENDING);
  EXPECT_EQ(created->invite().delivery(), Invite::DELIVERY_SENT);
  EXPECT_EQ(created->secret(), "") << "the mail alone has it";
  const Invite got = Get(created->invite().name());
  EXPECT_EQ(got.SerializeAsString(), created->invite().SerializeAsString());
  EXPECT_EQ(Mailed("Ann@example.com").size(), 52u);
}

TEST_F(Invites, CollisionRefused) {
  ASSERT_TRUE(Create("ann@example.com").ok());
  ExpectReason(Create("ANN@example.com").status(), Reason::kInvitePendingForEmail);
}

TEST_F(Invites, SecondCreate) {
  const auto first = Create("ann@example.com");
  ASSERT_TRUE(first.ok()) << first.status();
  invite::v1::RevokeInviteRequest revoke;
  revoke.set_name(first->invite().name());
  ASSERT_TRUE(stack_->User("olga").Call(&Stub::RevokeInvite, revoke).ok());
  const std::string old = Mailed("ann@example.com");
  const auto second = Create("ann@example.com");
  ASSERT_TRUE(second.ok()) << second.status();
  ExpectReason(Redeem("ann", old).status(), Reason::kInviteRevoked);
  EXPECT_TRUE(Redeem("ann", Mailed("ann@example.com")).ok());
}

TEST_F(Invites, RateLimit) {
  for (int i = 0; i < kPerHour; ++i) {
    const auto created = Create(absl::StrCat("guest", i, "@example.com"));
    ASSERT_TRUE(created.ok()) << created.status();
  }
  const absl::Status refused = Create("onemore@example.com").status();
  ExpectReason(refused, Reason::kInviteRateLimited);
  EXPECT_GT(DetailsOf(refused)->retry_after, absl::Minutes(59));
  EXPECT_LE(DetailsOf(refused)->retry_after, absl::Hours(1));
}

TEST_F(Invites, ExistingUserAccepts) {
  ASSERT_TRUE(harness::AddGuest(*stack_, place_, "eve").ok());
  SetUp();  // another workspace
  ASSERT_TRUE(Create("eve@example.com").ok());
  const auto joined = Redeem("eve", Mailed("eve@example.com"));
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_FALSE(joined->already_member());
  EXPECT_EQ(joined->member(), absl::StrCat(place_.workspace, "/members/", stack_->UserId("eve")));
  EXPECT_TRUE(stack_->User("eve").Connect(place_.workspace).ok());
}

TEST_F(Invites, NewUserRegistersThenAccepts) {
  const auto created = Create("new@example.com");
  ASSERT_TRUE(created.ok()) << created.status();
  const std::string secret = Mailed("new@example.com");
  ExpectReason(RedeemAs(Unverified("new"), secret).status(), Reason::kEmailNotVerified);
  const auto joined = Redeem("new", secret);
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_FALSE(joined->rights_revision().empty());
  EXPECT_EQ(Get(created->invite().name()).state(), Invite::STATE_REDEEMED);
  EXPECT_EQ(Get(created->invite().name()).redeemed_by(), stack_->UserId("new"));
  const auto again = Redeem("new", secret);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->already_member());
}

TEST_F(Invites, WrongAccountRefused) {
  const auto created = Create("ann@example.com");
  ASSERT_TRUE(created.ok()) << created.status();
  const absl::Status refused = Redeem("bob", Mailed("ann@example.com")).status();
  ExpectReason(refused, Reason::kInviteEmailMismatch);
  EXPECT_EQ(refused.ToString().find("ann"), std::string::npos);
  EXPECT_EQ(Get(created->invite().name()).SerializeAsString(), created->invite().SerializeAsString());
}

TEST_F(Invites, ExpiredRefused) {
  CreateInviteRequest request = Asking("ann@example.com");
  *request.mutable_invite()->mutable_expire_time() = rpc::ToProto(absl::Now() + absl::Seconds(1));
  const auto created = stack_->User("olga").Call(&Stub::CreateInvite, request);
  ASSERT_TRUE(created.ok()) << created.status();
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while (Get(created->invite().name()).state() != Invite::STATE_EXPIRED && absl::Now() < give_up) continue;
  ExpectReason(Redeem("ann", Mailed("ann@example.com")).status(), Reason::kInviteExpired);
  EXPECT_TRUE(Create("ann@example.com").ok()) << "it does not stand in the way of a new one";
}

TEST_F(Invites, ViewerCannotInvite) {
  CreateInviteRequest request = Asking("vic@example.com");
  request.mutable_invite()->set_role(type::v1::ROLE_VIEWER);
  request.mutable_invite()->clear_channels();
  ASSERT_TRUE(stack_->User("olga").Call(&Stub::CreateInvite, request).ok());
  ASSERT_TRUE(Redeem("vic", Mailed("vic@example.com")).ok());
  for (const std::string who : {"vic", "stranger"}) {
    ExpectReason(Create("ann@example.com", who).status(), Reason::kRoleTooLow);
    ExpectReason(Create("no address", who).status(), Reason::kRoleTooLow);
  }
}

TEST_F(Invites, ALinkIsRedeemedByAsManyPeopleAsItSays) {
  const std::string secret = Link(2);
  for (const std::string who : {"one", "two", "two"}) EXPECT_TRUE(Redeem(who, secret).ok()) << who;
  ExpectReason(Redeem("three", secret).status(), Reason::kInviteExhausted);
}

TEST_F(Invites, WhoIsRemovedGetsInByNoInviteItEverHadAndByANewOne) {
  std::vector<std::string> old = {Link(10)};
  ASSERT_TRUE(Create("ann@example.com").ok());
  old.push_back(Mailed("ann@example.com"));
  ASSERT_TRUE(Redeem("ann", old[1]).ok());
  ASSERT_TRUE(Remove("ann").ok());
  for (const std::string& secret : old) {
    ExpectReason(Redeem("ann", secret).status(), Reason::kInviteNoLongerValid);
  }
  EXPECT_TRUE(Redeem("ben", old[0]).ok()) << "others still get in";
  ASSERT_TRUE(Create("ann@example.com").ok());
  EXPECT_TRUE(Redeem("ann", Mailed("ann@example.com")).ok());
}

TEST_F(Invites, AnAdminOfTheOrganizationWhoWasRemovedJoinsAnewByALinkThatWasResent) {
  membership::v1::AddOrganizationMemberRequest add;
  add.set_organization(place_.organization);
  add.set_user(stack_->UserId("otto"));
  add.set_role(type::v1::ORGANIZATION_ROLE_ADMIN);
  ASSERT_TRUE(stack_->User("olga").Call(&MembershipService::Stub::AddOrganizationMember, add).ok());
  CreateInviteRequest request = Asking("");
  request.mutable_invite()->mutable_link()->set_max_uses(5);
  request.mutable_invite()->set_role(type::v1::ROLE_MEMBER);
  request.mutable_invite()->clear_channels();
  const auto created = stack_->User("olga").Call(&Stub::CreateInvite, request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_FALSE(Redeem("otto", created->secret())->already_member())
      << "was one through the organization alone";
  ASSERT_TRUE(Remove("otto").ok());
  ExpectReason(Redeem("otto", created->secret()).status(), Reason::kInviteNoLongerValid);
  invite::v1::ResendInviteRequest resend;
  resend.set_name(created->invite().name());
  const auto resent = stack_->User("olga").Call(&Stub::ResendInvite, resend);
  ASSERT_TRUE(resent.ok()) << resent.status();
  const auto redeemed = Redeem("otto", resent->secret());
  ASSERT_TRUE(redeemed.ok()) << redeemed.status();
  EXPECT_FALSE(redeemed->already_member());
  EXPECT_EQ(redeemed->role(), type::v1::ROLE_MEMBER);
  EXPECT_TRUE(Remove("otto").ok()) << "there is a row";
}

TEST_F(Invites, AnOperatorReadsAndEndsThemAndMakesNone) {
  const auto created = Create("ann@example.com");
  ASSERT_TRUE(created.ok()) << created.status();
  const Client root = stack_->Operator("root");
  invite::v1::ListInvitesRequest list;
  list.set_parent(place_.workspace);
  EXPECT_EQ(root.Call(&Stub::ListInvites, list)->invites_size(), 1);
  invite::v1::ResendInviteRequest resend;
  resend.set_name(created->invite().name());
  ExpectReason(root.Call(&Stub::ResendInvite, resend).status(), Reason::kRoleTooLow);
  ExpectReason(root.Call(&Stub::CreateInvite, Asking("ben@example.com")).status(), Reason::kRoleTooLow);
  invite::v1::RevokeInviteRequest revoke;
  revoke.set_name(created->invite().name());
  EXPECT_TRUE(root.Call(&Stub::RevokeInvite, revoke).ok());
  invite::v1::GetInviteRequest get;
  get.set_name(created->invite().name());
  EXPECT_EQ(root.Call(&Stub::GetInvite, get)->state(), Invite::STATE_REVOKED);
  list.set_parent("workspaces/wwwwwwwwwwwwwwwwwwwwwwwwww");
  ExpectReason(root.Call(&Stub::ListInvites, list).status(), Reason::kWorkspaceNotFound);
  ExpectReason(stack_->User("ann").Call(&Stub::ListInvites, list).status(), Reason::kRoleTooLow);
}

TEST_F(Invites, AfterARevocationNobodyJoins) {
  const auto created = Create("ann@example.com");
  ASSERT_TRUE(created.ok()) << created.status();
  invite::v1::RevokeInviteRequest revoke;
  revoke.set_name(created->invite().name());
  for (int i = 0; i < 2; ++i) {
    const auto revoked = stack_->User("olga").Call(&Stub::RevokeInvite, revoke);
    ASSERT_TRUE(revoked.ok()) << revoked.status();
    EXPECT_EQ(revoked->joined(), 0);
    EXPECT_EQ(revoked->invite().state(), Invite::STATE_REVOKED);
  }
  ExpectReason(Redeem("ann", Mailed("ann@example.com")).status(), Reason::kInviteRevoked);
}

TEST_F(Invites, WhatADemotedAdminMadeStandsAndIsJudgedAgain) {
  CreateInviteRequest request = Asking("adam@example.com");
  request.mutable_invite()->set_role(type::v1::ROLE_ADMIN);
  request.mutable_invite()->clear_channels();
  ASSERT_TRUE(stack_->User("olga").Call(&Stub::CreateInvite, request).ok());
  ASSERT_TRUE(Redeem("adam", Mailed("adam@example.com")).ok());
  const auto created = Create("ann@example.com", "adam");
  ASSERT_TRUE(created.ok()) << created.status();
  const auto make = [&](type::v1::Role role) {
    membership::v1::UpdateMemberRequest update;
    update.mutable_member()->set_name(absl::StrCat(place_.workspace, "/members/", stack_->UserId("adam")));
    update.mutable_member()->set_role(role);
    update.mutable_update_mask()->add_paths("role");
    return stack_->User("olga").Call(&MembershipService::Stub::UpdateMember, update).status();
  };
  ASSERT_TRUE(make(type::v1::ROLE_MEMBER).ok());
  EXPECT_EQ(Get(created->invite().name()).state(), Invite::STATE_PENDING);
  ExpectReason(Redeem("ann", Mailed("ann@example.com")).status(), Reason::kInviteNoLongerValid);
  ASSERT_TRUE(make(type::v1::ROLE_ADMIN).ok());
  EXPECT_TRUE(Redeem("ann", Mailed("ann@example.com")).ok());
}

TEST_F(Invites, OfADeletedWorkspaceNoneIsValid) {
  const std::string secret = Link(1);
  membership::v1::DeleteWorkspaceRequest request;
  request.set_name(place_.workspace);
  ASSERT_TRUE(stack_->User("olga").Call(&MembershipService::Stub::DeleteWorkspace, request).ok());
  ExpectReason(Redeem("ann", secret).status(), Reason::kInviteNoLongerValid);
  invite::v1::PreviewInviteRequest preview;
  preview.set_secret(secret);
  ExpectReason(stack_->User("ann").Call(&Stub::PreviewInvite, preview).status(),
               Reason::kInviteNoLongerValid);
}

}  // namespace
}  // namespace guestpass::e2e
