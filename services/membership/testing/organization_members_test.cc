// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "services/membership/testing/organization_cast.h"

namespace guestpass::membership {
namespace {

class OrganizationMembersTest : public OrganizationCast {
 protected:
  static Answers Only(const std::set<std::string>& let_in, Answers others = {}) {
    for (const std::string& name : Everybody()) {
      if (let_in.count(name) == 0) others.emplace(name, "ROLE_TOO_LOW");
    }
    return others;
  }
  static Metadata MetadataOf(const absl::Status& status) { return DetailsOf(status)->metadata; }
};

TEST_F(OrganizationMembersTest, OwnersAndAdminsGiveAndTakeTheAdminRole) {
  const std::set<std::string> managers{"owner", "orgadmin", "operator"};
  EXPECT_EQ(TellEverybody(Adding("ann", kAdmin)), Only(managers));
  EXPECT_EQ(RoleOf("ann"), "ADMIN");
  const auto take = [&](const rpc::Call& call) {
    EXPECT_EQ(Told(Add("owner", "ann", kAdmin)), "OK");
    return Removing("ann")(call);
  };
  EXPECT_EQ(TellEverybody(take), Only(managers));
  EXPECT_EQ(RoleOf("ann"), "") << "the operator came last";
}

TEST_F(OrganizationMembersTest, OnlyOwnersGrantAndTakeOwnership) {
  const std::set<std::string> owners{"owner", "operator"};
  ASSERT_EQ(Told(Add("owner", "ann", kOwner)), "OK");
  EXPECT_EQ(TellEverybody(Adding("ben", kOwner)), Only(owners));
  EXPECT_EQ(TellEverybody(Adding("orgadmin", kOwner)), Only({"owner", "orgadmin", "operator"}))
      << "it is an owner once the owner has said so";
  ASSERT_EQ(Told(Add("owner", "orgadmin", kAdmin)), "OK");
  EXPECT_EQ(TellEverybody(Adding("ann", kAdmin)), Only({"owner", "orgadmin", "operator"}))
      << "an admin's from when the owner has taken the ownership";
  for (const auto& [user, role] :
       {std::pair{"ben", kAdmin}, {"ben", kOwner}, {"carol", kOwner}, {"", kOwner}}) {
    const absl::Status refused = Add("orgadmin", user, role);
    EXPECT_EQ(Told(refused), "ROLE_TOO_LOW") << user;
    EXPECT_EQ(MetadataOf(refused), (Metadata{{"role", "ORG_ADMIN"}}));
  }
  EXPECT_EQ(MetadataOf(Remove("orgadmin", "ben")), (Metadata{{"role", "ORG_ADMIN"}}));
  EXPECT_EQ(RoleOf("ben"), "OWNER");
}

TEST_F(OrganizationMembersTest, WhoHasNoRoleIsToldTheSameOfWhatExistsAndWhatDoesNot) {
  for (const std::string caller : {"admin", "guest", "ended", "stranger"}) {
    const absl::Status refused = Add(caller, "ann", kAdmin);
    EXPECT_EQ(MetadataOf(refused), (Metadata{{"role", "NONE"}}));
    EXPECT_EQ(Add(caller, "owner", kAdmin), refused);
    EXPECT_EQ(Add(caller, "owner", kOwner), refused);
    EXPECT_EQ(Add(caller, "", kOwner), refused) << "a malformed user";
    EXPECT_EQ(Remove(caller, "owner"), refused);
    EXPECT_EQ(Remove(caller, "ann"), refused);
    EXPECT_EQ(Remove(caller, ""), refused);
    EXPECT_EQ(Remove(caller, caller), refused);
    EXPECT_EQ(Listing()(As(caller)), refused);
    EXPECT_EQ(Adding("ann", kAdmin, nowhere_)(As(caller)), refused);
    EXPECT_EQ(Removing("ann", nowhere_)(As(caller)), refused);
    EXPECT_EQ(Listing(nowhere_)(As(caller)), refused);
  }
  EXPECT_EQ(Told(Adding("ann", kAdmin, nowhere_)(As("operator"))), "ORGANIZATION_NOT_FOUND");
  EXPECT_EQ(Told(Removing("ann", nowhere_)(As("operator"))), "ORGANIZATION_NOT_FOUND");
  EXPECT_EQ(Told(Listing(nowhere_)(As("operator"))), "ORGANIZATION_NOT_FOUND");
}

TEST_F(OrganizationMembersTest, EachBadFieldIsNamedToWhoMayAsk) {
  EXPECT_EQ(FieldsOf(Add("orgadmin", "", kNone)), (std::vector<std::string>{"user", "role"}));
  EXPECT_EQ(FieldsOf(Add("owner", "", kOwner)), std::vector<std::string>{"user"});
  EXPECT_EQ(FieldsOf(Add("owner", "ann", static_cast<type::v1::OrganizationRole>(9))),
            std::vector<std::string>{"role"});
  EXPECT_EQ(FieldsOf(Remove("owner", "")), std::vector<std::string>{"user"});
  EXPECT_EQ(FieldsOf(Adding("ann", kAdmin, "organizations")(As("stranger"))),
            std::vector<std::string>{"organization"});
}

TEST_F(OrganizationMembersTest, EachChangeOfARoleIsOneEntryHoweverManyWorkspacesItTouches) {
  for (int i = 0; i < 3; ++i) AddWorkspace();
  const auto state = [&](std::optional<rights::OrganizationRole> role) {
    return rights::OrganizationMemberState{here_.organization, IdOf("ann"), role};
  };
  const Written written = WrittenBy([&] {
    EXPECT_EQ(Told(Add("orgadmin", "ann", kAdmin)), "OK");
    EXPECT_EQ(Told(Add("operator", "ann", kOwner)), "OK");
    EXPECT_EQ(Told(Add("ann", "ann", kAdmin)), "OK");
    EXPECT_EQ(Told(Remove("ann", "ann")), "OK");
    EXPECT_EQ(Told(Add("owner", "ann", kOwner)), "OK");
    EXPECT_EQ(Told(Remove("owner", "ann")), "OK");
  });
  using Role = rights::OrganizationRole;
  EXPECT_EQ(written.entries,
            (std::vector<rights::Object>{state(Role::kAdmin), state(Role::kOwner), state(Role::kAdmin),
                                         state(std::nullopt), state(Role::kOwner), state(std::nullopt)}));
  const std::vector<std::tuple<std::string, std::string, std::string, std::string>> told{
      {"orgadmin", "organization.member_added", "", "ADMIN"},
      {"operator", "organization.member_changed", "ADMIN", "OWNER"},
      {"ann", "organization.member_changed", "OWNER", "ADMIN"},
      {"ann", "organization.member_left", "ADMIN", ""},
      {"owner", "organization.member_added", "", "OWNER"},
      {"owner", "organization.member_removed", "OWNER", ""}};
  ASSERT_EQ(written.audit.size(), told.size());
  for (size_t i = 0; i < told.size(); ++i) {
    const auto& [actor, action, before, after] = told[i];
    const Audited& audited = written.audit[i];
    EXPECT_EQ(audited.action, action);
    EXPECT_EQ(audited.target, Name());
    EXPECT_EQ(audited.actor, IdOf(actor));
    EXPECT_EQ(audited.platform, actor == "operator");
    EXPECT_EQ(audited.before, before.empty() ? "" : absl::StrCat(R"({"role": ")", before, R"("})"));
    EXPECT_EQ(audited.after,
              absl::StrCat(R"({"role": )", after.empty() ? "null" : absl::StrCat("\"", after, "\""),
                           R"(, "user": ")", IdOf("ann").text(), R"("})"));
  }
}

TEST_F(OrganizationMembersTest, TheSameRoleAgainIsASuccessAndWritesNothing) {
  const Written written = WrittenBy([&] {
    EXPECT_EQ(Told(Add("orgadmin", "orgadmin", kAdmin)), "OK");
    EXPECT_EQ(Told(Add("owner", "owner", kOwner)), "OK") << "the last owner too";
  });
  EXPECT_TRUE(written.nothing());
}

TEST_F(OrganizationMembersTest, TheAnswerSaysWhatIsNowAndByWhichChange) {
  const auto added = here_.organization_members.AddOrganizationMember(As("owner"), AddRequest("ann", kAdmin));
  EXPECT_EQ(added->organization(), Name());
  EXPECT_EQ(added->user(), IdOf("ann").ToString());
  EXPECT_EQ(added->role(), kAdmin);
  EXPECT_EQ(added->rights_revision(), LatestRevision());
  const auto removed = here_.organization_members.RemoveOrganizationMember(As("ann"), RemoveRequest("ann"));
  EXPECT_EQ(removed->rights_revision(), LatestRevision());
}

TEST_F(OrganizationMembersTest, WhoIsNotThereIsNotFound) {
  const absl::Status status = Remove("orgadmin", "member");
  EXPECT_EQ(Told(status), "MEMBER_NOT_FOUND");
  EXPECT_EQ(MetadataOf(status), (Metadata{{"organization", Name()}, {"user", IdOf("member").ToString()}}));
}

TEST_F(OrganizationMembersTest, TheLastOwnerStays) {
  for (const std::string caller : {"owner", "operator"}) {
    EXPECT_EQ(Told(Remove(caller, "owner")), "LAST_OWNER");
    EXPECT_EQ(Told(Add(caller, "owner", kAdmin)), "LAST_OWNER");
  }
  EXPECT_EQ(MetadataOf(Remove("owner", "owner")), (Metadata{{"organization", Name()}}));
  ASSERT_EQ(Told(Add("owner", "ann", kOwner)), "OK");
  EXPECT_EQ(Told(Remove("owner", "owner")), "OK");
  EXPECT_EQ(Told(Remove("ann", "ann")), "LAST_OWNER");
  EXPECT_EQ(Told(Remove("owner", "ann")), "ROLE_TOO_LOW");
}

TEST_F(OrganizationMembersTest, AnOperatorThatIsAnAdminThereTakesThePlatformsRightForMore) {
  rpc::Call call = As("orgadmin");
  call.caller.is_operator = true;
  const Written written = WrittenBy([&] {
    EXPECT_EQ(Told(Adding("ann", kAdmin)(call)), "OK");
    EXPECT_EQ(Told(Adding("ann", kOwner)(call)), "OK");
    EXPECT_EQ(Told(Removing("ann")(call)), "OK");
  });
  ASSERT_EQ(written.audit.size(), 3u);
  EXPECT_FALSE(written.audit[0].platform);
  EXPECT_TRUE(written.audit[1].platform);
  EXPECT_TRUE(written.audit[2].platform);
}

TEST_F(OrganizationMembersTest, ARoleThatEndsTakesThePartsAlongThatItAloneGave) {
  const WorkspaceId other = AddWorkspace();
  const ChannelId through_role = AddPrivateChannel(other, "orgadmin");
  const ChannelId as_member = AddPrivateChannel(here_.workspace, "orgadmin");
  ASSERT_EQ(Told(AddDirect(here_.workspace, "orgadmin")), "OK");
  const Written written = WrittenBy([&] { EXPECT_EQ(Told(Remove("owner", "orgadmin")), "OK"); });
  EXPECT_EQ(written.entries,
            (std::vector<rights::Object>{
                rights::OrganizationMemberState{here_.organization, IdOf("orgadmin"), std::nullopt},
                rights::ParticipantState{.channel = through_role, .user = IdOf("orgadmin")}}));
  ASSERT_EQ(written.audit.size(), 2u);
  EXPECT_EQ(written.audit[1].action, "channel.participant_removed");
  EXPECT_EQ(written.audit[1].target, (guestpass::ChannelName{other, through_role}).ToString());
  EXPECT_EQ(written.audit[1].before, R"({"present": true})");
  EXPECT_EQ(written.audit[1].after,
            absl::StrCat(R"({"present": false, "participant": ")", IdOf("orgadmin").text(), R"("})"));
  EXPECT_EQ(here_.Count(absl::StrCat("SELECT count(*) FROM audit_entries WHERE action = "
                                     "'channel.participant_removed' AND workspace = '",
                                     other.text(), "'")),
            1)
      << "in its own workspace's log";
  EXPECT_EQ(here_.Count(absl::StrCat("SELECT count(*) FROM participants WHERE channel = '", as_member.text(),
                                     "' AND user_id = '", IdOf("orgadmin").text(), "'")),
            1);
}

TEST_F(OrganizationMembersTest, RequestsWithAnIdAreAnsweredOnceAndJudgedAgain) {
  v1::AddOrganizationMemberRequest add = AddRequest("ann", kAdmin);
  add.set_request_id("r");
  const auto first = here_.organization_members.AddOrganizationMember(As("orgadmin"), add);
  ASSERT_EQ(Told(Remove("owner", "ann")), "OK");
  EXPECT_EQ(here_.organization_members.AddOrganizationMember(As("orgadmin"), add)->SerializeAsString(),
            first->SerializeAsString());
  EXPECT_EQ(RoleOf("ann"), "") << "not given a second time";
  add.set_role(kNone);
  EXPECT_EQ(Told(here_.organization_members.AddOrganizationMember(As("orgadmin"), add).status()),
            "REQUEST_ID_REUSED");
  v1::RemoveOrganizationMemberRequest leave = RemoveRequest("orgadmin");
  leave.set_request_id("r");
  EXPECT_TRUE(here_.organization_members.RemoveOrganizationMember(As("orgadmin"), leave).ok())
      << "another method's id";
  EXPECT_EQ(Told(here_.organization_members.RemoveOrganizationMember(As("orgadmin"), leave).status()),
            "ROLE_TOO_LOW");
}

TEST_F(OrganizationMembersTest, ValidatingChangesNothing) {
  v1::AddOrganizationMemberRequest add = AddRequest("ann", kOwner);
  add.set_validate_only(true);
  v1::RemoveOrganizationMemberRequest remove = RemoveRequest("orgadmin");
  remove.set_validate_only(true);
  const Written written = WrittenBy([&] {
    EXPECT_TRUE(here_.organization_members.AddOrganizationMember(As("owner"), add).ok());
    EXPECT_TRUE(here_.organization_members.RemoveOrganizationMember(As("owner"), remove).ok());
    remove.set_user(IdOf("owner").ToString());
    EXPECT_EQ(Told(here_.organization_members.RemoveOrganizationMember(As("owner"), remove).status()),
              "LAST_OWNER");
  });
  EXPECT_TRUE(written.nothing());
  EXPECT_EQ(RoleOf("ann"), "");
  EXPECT_EQ(RoleOf("orgadmin"), "ADMIN");
}

TEST_F(OrganizationMembersTest, WhoHasARoleListsThemByUserPageByPage) {
  EXPECT_EQ(TellEverybody(Listing()), Only({"owner", "orgadmin", "operator"}));
  std::map<std::string, type::v1::OrganizationRole> all{{IdOf("owner").ToString(), kOwner},
                                                        {IdOf("orgadmin").ToString(), kAdmin}};
  for (const std::string name : {"ann", "ben", "carol"}) {
    ASSERT_EQ(Told(Add("owner", name, name == "ben" ? kOwner : kAdmin)), "OK");
    all[IdOf(name).ToString()] = name == "ben" ? kOwner : kAdmin;
  }
  v1::ListOrganizationMembersRequest request;
  request.set_parent(Name());
  request.set_page_size(2);
  auto expected = all.begin();
  do {
    const auto page = here_.organization_members.ListOrganizationMembers(As("orgadmin"), request);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->members_size(), 2);
    for (const v1::OrganizationMember& member : page->members()) {
      ASSERT_NE(expected, all.end());
      EXPECT_EQ(std::pair(member.user(), member.role()), std::pair(expected->first, expected->second));
      EXPECT_EQ(member.organization(), Name());
      EXPECT_EQ(member.rights_revision(), LatestRevision());
      ++expected;
    }
    request.set_page_token(page->next_page_token());
    if (!page->next_page_token().empty()) {
      EXPECT_EQ(Told(here_.organization_members.ListOrganizationMembers(As("owner"), request).status()),
                "PAGE_TOKEN_INVALID");
    }
  } while (!request.page_token().empty());
  EXPECT_EQ(expected, all.end());
}

}  // namespace
}  // namespace guestpass::membership
