// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/status/error.h"
#include "services/membership/testing/organization_cast.h"

namespace guestpass::membership {
namespace {

constexpr int kMost = 1000;
constexpr int kRivals = 50;
constexpr char kReached[] = "PARTICIPATION_LIMIT_REACHED";

// PRIVATE channels of the workspace $1 whose ids begin with the letter $2, $3 of them, with the user $4, whom
// its role in the organization $5 alone lets in (NULL: a direct member).
constexpr char kParts[] = R"sql(
  WITH made AS (
    INSERT INTO channels (id, workspace, kind, display_name, create_us)
    SELECT rpad($2 || translate(i::text, '0189', 'abef'), 26, 'x'), $1, 'PRIVATE', '', 0
    FROM generate_series(1, $3::int) i RETURNING id)
  INSERT INTO participants (channel, user_id, workspace, organization) SELECT id, $4, $1, $5 FROM made
)sql";

class ParticipationLimitTest : public OrganizationCast {
 protected:
  void Fill(const std::string& user, int parts, const std::string& letter, bool alone = false) {
    std::optional<std::string> organization;
    if (alone) organization = here_.organization.ToString();
    const auto filled = here_.NewSession()->Run(
        kParts, postgres::Params::Of(here_.workspace, letter, parts, IdOf(user), organization));
    ASSERT_TRUE(filled.ok()) << filled.status();
  }
  int64_t Parts(const std::string& user, const std::string& condition = "true") {
    return here_.Count(absl::StrCat("SELECT count(*) FROM participants WHERE user_id = '", IdOf(user).text(),
                                    "' AND ", condition));
  }
  absl::StatusOr<v1::Channel> Start(const std::string& by, const std::string& user) {
    v1::StartDirectConversationRequest request;
    request.set_parent(ToName(here_.workspace));
    request.add_users(IdOf(user).ToString());
    return here_.channel_members.StartDirectConversation(As(by), request);
  }
  absl::Status Create(const rpc::Call& call, const WorkspaceId& workspace,
                      type::v1::ChannelKind kind = type::v1::CHANNEL_KIND_PRIVATE) {
    v1::CreateChannelRequest request;
    request.set_parent(ToName(workspace));
    request.mutable_channel()->set_display_name("channel");
    request.mutable_channel()->set_kind(kind);
    return here_.channels.CreateChannel(call, request).status();
  }
  absl::Status TakeOut(const ChannelId& channel, const std::string& user) {
    v1::RemoveChannelMemberRequest request;
    request.set_channel(ChannelName(channel));
    request.set_user(IdOf(user).ToString());
    return here_.channel_members.RemoveChannelMember(As("owner"), request).status();
  }
  absl::Status SetRole(const std::string& user, type::v1::Role role) {
    v1::UpdateMemberRequest request;
    request.mutable_member()->set_name(here_.MemberName(user));
    request.mutable_member()->set_role(role);
    return here_.members.UpdateMember(As("owner"), request).status();
  }
  void ExpectFull(const std::string& user, const absl::Status& status) {
    EXPECT_EQ(Told(status), kReached);
    ASSERT_TRUE(DetailsOf(status).has_value());
    EXPECT_EQ(DetailsOf(status)->metadata, (Metadata{{"user", IdOf(user).ToString()}}));
  }
};

TEST_F(ParticipationLimitTest, AThousandPrivateAndDirectChannelsAreTheMostThatOneTakesPartIn) {
  Fill("member", kMost - 2, "a");
  const ChannelId mine = AddChannel(type::v1::CHANNEL_KIND_PRIVATE),
                  more = AddChannel(type::v1::CHANNEL_KIND_PRIVATE);
  ASSERT_EQ(Told(AddPart(mine, "member")), "OK");
  const ChannelId direct = StartDirect("member", {"viewer"});
  ASSERT_EQ(Parts("member"), kMost);
  const Written written = WrittenBy([&] {
    ExpectFull("member", AddPart(more, "member"));
    ExpectFull("member", Start("member", "admin").status());
    ExpectFull("member", Start("admin", "member").status());
    EXPECT_EQ(Told(AddPart(mine, "member")), "OK") << "takes part already";
    EXPECT_EQ(StartDirect("member", {"viewer"}), direct) << "as there is one";
  });
  EXPECT_TRUE(written.nothing());
  EXPECT_EQ(Told(AddPart(more, "viewer")), "OK");
  ASSERT_EQ(Told(TakeOut(mine, "member")), "OK");
  EXPECT_EQ(Told(AddPart(more, "member")), "OK");
}

TEST_F(ParticipationLimitTest, TheMakerOfAPrivateChannelNeedsRoomForItAndOfAPublicOneNone) {
  Fill("admin", kMost, "a");
  EXPECT_TRUE(WrittenBy([&] { ExpectFull("admin", Create(As("admin"), here_.workspace)); }).nothing());
  EXPECT_EQ(Told(Create(As("admin"), here_.workspace, type::v1::CHANNEL_KIND_PUBLIC)), "OK");
  EXPECT_EQ(Told(Create(Installation::AsOperator(), here_.workspace)), "OK");
}

TEST_F(ParticipationLimitTest, WhatElseIsWrongIsToldFirst) {
  Fill("member", kMost, "a");
  const ChannelId archived = AddChannel(type::v1::CHANNEL_KIND_PRIVATE);
  ASSERT_TRUE(Archive(archived).ok());
  EXPECT_EQ(Told(AddPart(archived, "member")), "CHANNEL_ARCHIVED");
  EXPECT_EQ(Told(AddPart(here_.private_channel, "member", "viewer")), "ROLE_TOO_LOW");
  EXPECT_EQ(Told(Start("member", "stranger").status()), "MEMBER_NOT_FOUND");
}

TEST_F(ParticipationLimitTest, HoweverManyStartConversationsWithOneItHasAThousand) {
  for (int i = 0; i < kRivals; ++i) here_.AddMember(absl::StrCat("rival", i), type::v1::ROLE_MEMBER);
  Fill("member", kMost - 10, "a");
  std::atomic<int> started = 0, full = 0;
  Race(kRivals, [&](int i) {
    const absl::Status status = Start(absl::StrCat("rival", i), "member").status();
    started += status.ok();
    full += Told(status) == kReached;
  });
  EXPECT_EQ(started, 10);
  EXPECT_EQ(full, kRivals - 10);
  EXPECT_EQ(Parts("member"), kMost);
}

TEST_F(ParticipationLimitTest, WhatOnlyARoleInTheOrganizationGivesIsCountedOverItsWorkspaces) {
  Fill("orgadmin", kMost - 1, "a", /*alone=*/true);
  const WorkspaceId other = AddWorkspace();
  AddPrivateChannel(other, "orgadmin");
  ExpectFull("orgadmin", Create(As("orgadmin"), other));
  ExpectFull("orgadmin", Create(As("orgadmin"), AddWorkspace()));
  ExpectFull("orgadmin", Start("member", "orgadmin").status());
  ASSERT_EQ(Told(AddDirect(other, "orgadmin")), "OK");
  EXPECT_EQ(Told(Create(As("orgadmin"), other)), "OK") << "a direct member's are its own";
}

TEST_F(ParticipationLimitTest, ADirectMembersPartsLeaveItsRoomElsewhere) {
  ASSERT_EQ(Told(Add("owner", "admin", kAdmin)), "OK");
  Fill("admin", kMost, "a");
  ExpectFull("admin", Create(As("admin"), here_.workspace));
  EXPECT_EQ(Told(Create(As("admin"), AddWorkspace())), "OK");
}

TEST_F(ParticipationLimitTest, InHoweverManyWorkspacesTheRoleIsUsedAtOnceItGivesAThousand) {
  std::vector<WorkspaceId> workspaces;
  for (int i = 0; i < kRivals; ++i) workspaces.push_back(AddWorkspace());
  Fill("orgadmin", kMost - 10, "a", /*alone=*/true);
  std::atomic<int> made = 0, full = 0;
  Race(kRivals, [&](int i) {
    const absl::Status status = Create(As("orgadmin"), workspaces[i]);
    made += status.ok();
    full += Told(status) == kReached;
  });
  EXPECT_EQ(made, 10);
  EXPECT_EQ(full, kRivals - 10);
  EXPECT_EQ(Parts("orgadmin"), kMost);
}

TEST_F(ParticipationLimitTest, ARoleThatEndsLeavesTheOwnPartsOfWhoBecameAMemberOrIsAGuest) {
  const ChannelId part = AddChannel(type::v1::CHANNEL_KIND_PRIVATE);
  ASSERT_EQ(Told(AddPart(part, "orgadmin")), "OK");
  StartDirect("member", {"orgadmin"});
  EXPECT_EQ(Parts("orgadmin", "organization IS NOT NULL"), 2);
  ASSERT_EQ(Told(AddDirect(here_.workspace, "orgadmin", type::v1::ROLE_VIEWER)), "OK");
  ASSERT_EQ(Told(Remove("owner", "orgadmin")), "OK");
  EXPECT_EQ(Parts("orgadmin"), 2);

  StartDirect("member", {"guest"});
  ASSERT_EQ(Told(Add("owner", "guest", kAdmin)), "OK");
  ASSERT_EQ(Told(AddPart(part, "guest")), "OK");
  EXPECT_EQ(Parts("guest", "organization IS NOT NULL"), 1);
  ASSERT_EQ(Told(Remove("owner", "guest")), "OK");
  EXPECT_EQ(Parts("guest"), 1) << "the conversation";

  ASSERT_EQ(Told(Add("owner", "guest", kAdmin)), "OK");
  ASSERT_EQ(Told(AddPart(part, "guest")), "OK");
  ASSERT_EQ(Told(SetRole("guest", type::v1::ROLE_MEMBER)), "OK");
  ASSERT_EQ(Told(Remove("owner", "guest")), "OK");
  EXPECT_EQ(Parts("guest"), 2) << "both are the member's own";
}

TEST_F(ParticipationLimitTest, WhoTakesPartInAsManyAsOneMayIsRemovedWithAllOfThem) {
  Fill("member", kMost, "a");
  Fill("orgadmin", kMost, "b", /*alone=*/true);
  const Written removal = WrittenBy([&] { EXPECT_EQ(Told(here_.Remove("owner", "member")), "OK"); });
  EXPECT_EQ(removal.entries.size(), kMost + 1u);
  EXPECT_EQ(removal.audit.size(), kMost + 1u);
  const Written end_of_role = WrittenBy([&] { EXPECT_EQ(Told(Remove("owner", "orgadmin")), "OK"); });
  EXPECT_EQ(end_of_role.entries.size(), kMost + 1u);
  EXPECT_EQ(Parts("member") + Parts("orgadmin"), 0);
}

}  // namespace
}  // namespace guestpass::membership
