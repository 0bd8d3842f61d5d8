// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/member_calls.h"

// DeleteMember: who may, what of a request, and what is left.
namespace guestpass::membership {
namespace {

using type::v1::ROLE_ADMIN;
using type::v1::ROLE_VIEWER;

class MemberRemovalsTest : public MemberCalls {
 protected:
  std::function<absl::Status(const rpc::Call&)> Judging(const std::string& user) {
    v1::DeleteMemberRequest request = Removal(user);
    request.set_validate_only(true);
    return
        [this, request](const rpc::Call& call) { return here_.members.DeleteMember(call, request).status(); };
  }
};

TEST_F(MemberRemovalsTest, AdminAuthorityRemovesAndNobodyElseLearnsWhoIsThere) {
  ASSERT_TRUE(Create("admin", NewMember("other", ROLE_VIEWER)).ok());
  EXPECT_EQ(TellEverybody(Judging("other")), AdminsOnly());
  EXPECT_EQ(TellEverybody(Judging("nobody")), AdminsOnly("MEMBER_NOT_FOUND"));
  EXPECT_EQ(TellEverybody(Judging("owner")), AdminsOnly("ORG_OWNER_PROTECTED"));
  ExpectSameRefusals(Judging("other"), Judging("nobody"));
  ExpectSameRefusals(Judging("other"), Judging("owner"));
}

TEST_F(MemberRemovalsTest, AnyMemberRemovesItselfUnlessItHasEnded) {
  const std::map<std::string, std::string> told = {{"owner", "ORG_OWNER_PROTECTED"},
                                                   {"orgadmin", "MEMBER_NOT_FOUND"},
                                                   {"admin", "OK"},
                                                   {"member", "OK"},
                                                   {"viewer", "OK"},
                                                   {"guest", "OK"},
                                                   {"locked", "OK"},
                                                   {"ended", "GUEST_ENDED"},
                                                   {"stranger", "ROLE_TOO_LOW"}};
  for (const auto& [user, answer] : told) EXPECT_EQ(Told(Judging(user)(As(user))), answer) << user;
}

TEST_F(MemberRemovalsTest, ARemovalIsOneEntryAndAPartInEachChannelOneMore) {
  ASSERT_TRUE(AddPart(here_.private_channel, "member").ok());
  const ChannelId direct = StartDirect("member", {"admin"});
  absl::StatusOr<v1::DeleteMemberResponse> removed;
  const Written written = WrittenBy([&] { removed = Delete("orgadmin", Removal("member")); });
  ASSERT_TRUE(removed.ok()) << removed.status();
  EXPECT_EQ(removed->rights_revision(), LatestRevision());
  ASSERT_EQ(written.entries.size(), 3u);
  EXPECT_EQ(written.entries[0],
            rights::Object(rights::MemberState{.workspace = here_.workspace, .user = IdOf("member")}));
  ASSERT_EQ(written.audit.size(), 3u);
  EXPECT_EQ(written.audit[0].action, "member.removed");
  EXPECT_EQ(written.audit[0].actor, IdOf("orgadmin"));
  EXPECT_EQ(written.audit[0].target, NameOf("member"));
  EXPECT_NE(written.audit[0].before, "");
  EXPECT_EQ(written.audit[0].after, "");
  EXPECT_EQ(written.audit[1].action, "channel.participant_removed");
  for (const ChannelId& channel : {here_.public_channel, here_.private_channel, direct}) {
    EXPECT_EQ(Decided("member", channel, rights::Action::kRead), "ROLE_TOO_LOW");
  }
  EXPECT_EQ(Told(Get("admin", "member").status()), "MEMBER_NOT_FOUND");
}

TEST_F(MemberRemovalsTest, WhoLeavesIsAuditedSoAndAnOperatorAsThePlatform) {
  const Written left = WrittenBy([&] { ASSERT_TRUE(Delete("guest", Removal("guest")).ok()); });
  ASSERT_EQ(left.audit.size(), 1u);
  EXPECT_EQ(left.audit[0].action, "member.left");
  EXPECT_FALSE(left.audit[0].platform);
  const Written taken = WrittenBy([&] { ASSERT_TRUE(Delete("operator", Removal("ended")).ok()); });
  ASSERT_EQ(taken.audit.size(), 1u);
  EXPECT_EQ(taken.audit[0].action, "member.removed");
  EXPECT_TRUE(taken.audit[0].platform);
}

TEST_F(MemberRemovalsTest, AnEtagIsCheckedOnceTheMemberIsFound) {
  v1::DeleteMemberRequest request = Removal("nobody");
  request.set_etag("stale");
  ExpectReason(Delete("admin", request).status(), Reason::kMemberNotFound);
  request.set_name(NameOf("owner"));
  ExpectReason(Delete("admin", request).status(), Reason::kEtagMismatch);
  request.set_etag(Get("admin", "owner")->etag());
  ExpectReason(Delete("admin", request).status(), Reason::kOrgOwnerProtected);
  request = Removal("member");
  request.set_etag(Get("admin", "member")->etag());
  ASSERT_TRUE(Update("admin", NewRole("member", ROLE_VIEWER)).ok());
  ExpectReason(Delete("admin", request).status(), Reason::kEtagMismatch);
  request.set_etag(Get("admin", "member")->etag());
  EXPECT_TRUE(Delete("admin", request).ok());
}

TEST_F(MemberRemovalsTest, TheLastDirectAdminIsToldAfterItsEtag) {
  ASSERT_TRUE(here_.NewSession()->Script("DELETE FROM organization_members WHERE role = 'OWNER'").ok());
  ASSERT_TRUE(Delete("orgadmin", Removal("owner")).ok());
  v1::DeleteMemberRequest request = Removal("admin");
  request.set_etag("stale");
  ExpectReason(Delete("admin", request).status(), Reason::kEtagMismatch);
  request.clear_etag();
  ExpectReason(Delete("admin", request).status(), Reason::kLastAdmin);
  ExpectReason(Delete("orgadmin", request).status(), Reason::kLastAdmin);
  request.set_validate_only(true);
  ExpectReason(Delete("operator", request).status(), Reason::kLastAdmin);
}

TEST_F(MemberRemovalsTest, ValidateOnlyJudgesAndWritesNothing) {
  v1::DeleteMemberRequest request = Removal("member");
  request.set_validate_only(true);
  EXPECT_TRUE(WrittenBy([&] { EXPECT_TRUE(Delete("admin", request).ok()); }).nothing());
  EXPECT_TRUE(Get("admin", "member").ok());
  EXPECT_EQ(here_.Count("SELECT count(*) FROM removed_members"), 0);
}

TEST_F(MemberRemovalsTest, TheSameRequestIsAnsweredOnceAlsoWhenTheMemberIsBack) {
  v1::DeleteMemberRequest request = Removal("member");
  request.set_request_id("once");
  const auto removed = Delete("admin", request);
  ASSERT_TRUE(removed.ok()) << removed.status();
  ASSERT_TRUE(Create("admin", NewMember("member", ROLE_VIEWER)).ok());
  absl::StatusOr<v1::DeleteMemberResponse> again;
  EXPECT_TRUE(WrittenBy([&] { again = Delete("admin", request); }).nothing());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->rights_revision(), removed->rights_revision());
  EXPECT_TRUE(Get("admin", "member").ok());
  request.set_name(NameOf("viewer"));
  ExpectReason(Delete("admin", request).status(), Reason::kRequestIdReused);
}

TEST_F(MemberRemovalsTest, WhoIsHereThroughTheOrganizationStaysWithItsAuthority) {
  ASSERT_TRUE(Create("admin", NewMember("orgadmin", ROLE_ADMIN)).ok());
  ASSERT_TRUE(Delete("admin", Removal("orgadmin")).ok());
  EXPECT_TRUE(Get("viewer", "orgadmin")->via_org());
  EXPECT_TRUE(Create("orgadmin", NewMember("new", ROLE_VIEWER)).ok());
}

}  // namespace
}  // namespace guestpass::membership
