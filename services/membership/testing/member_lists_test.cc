// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "services/membership/testing/member_calls.h"

// GetMember, BatchGetMembers and ListMembers.
namespace guestpass::membership {
namespace {

using type::v1::ROLE_GUEST;

class MemberListsTest : public MemberCalls {
 protected:
  v1::ListMembersRequest All() const {
    v1::ListMembersRequest request;
    request.set_parent(ToName(here_.workspace));
    return request;
  }
  v1::ListMembersRequest OverAll() const {
    v1::ListMembersRequest request;
    request.set_parent("workspaces/-");
    request.set_organization(ToName(here_.organization));
    return request;
  }
  v1::BatchGetMembersRequest Naming(const std::vector<std::string>& users) const {
    v1::BatchGetMembersRequest request;
    request.set_parent(ToName(here_.workspace));
    for (const std::string& user : users) request.add_names(NameOf(user));
    return request;
  }
  absl::StatusOr<v1::ListMembersResponse> List(const std::string& by, const v1::ListMembersRequest& request) {
    return here_.members.ListMembers(As(by), request);
  }
  absl::StatusOr<v1::BatchGetMembersResponse> BatchGet(const std::string& by,
                                                       const v1::BatchGetMembersRequest& request) {
    return here_.members.BatchGetMembers(As(by), request);
  }
  // The names of all members, page by page.
  std::vector<std::string> Walk(const std::string& by, v1::ListMembersRequest request) {
    std::vector<std::string> names;
    do {
      const auto page = List(by, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::Member& member : page->members()) names.push_back(member.name());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty() && names.size() < 100);
    return names;
  }
  // In the order of a list.
  std::vector<std::string> Names(const std::vector<std::string>& users) const {
    std::vector<std::string> names;
    for (const std::string& user : users) names.push_back(NameOf(user));
    std::sort(names.begin(), names.end());
    return names;
  }
  std::vector<std::string> BadFields(const v1::ListMembersRequest& request) {
    return FieldsOf(List("viewer", request).status());
  }
  std::string AddWorkspace() {
    v1::CreateWorkspaceRequest request;
    request.set_parent(ToName(here_.organization));
    request.mutable_workspace()->set_display_name("Another");
    return here_.workspaces.CreateWorkspace(As("orgadmin"), request)->name();
  }

  const std::vector<std::string> direct_ = {"owner", "admin", "member", "viewer", "guest", "locked", "ended"};
  const std::vector<std::string> everybody_ = {"owner",  "orgadmin", "admin",  "member",
                                               "viewer", "guest",    "locked", "ended"};
  const Answers strangers_ = {{"stranger", "ROLE_TOO_LOW"}, {"ended", "GUEST_ENDED"}};
};

TEST_F(MemberListsTest, EveryMemberReadsEveryMemberAndAGuestWhomItMaySee) {
  const auto get = [&](const std::string& user) {
    v1::GetMemberRequest request;
    request.set_name(NameOf(user));
    return TellEverybody(
        [&, request](const rpc::Call& call) { return here_.members.GetMember(call, request).status(); });
  };
  EXPECT_EQ(get("guest"), strangers_);
  Answers told = strangers_;
  told["guest"] = told["locked"] = "MEMBER_NOT_FOUND";
  EXPECT_EQ(get("viewer"), told);
  EXPECT_EQ(get("orgadmin"), told);
  for (const char* manager : {"owner", "orgadmin", "admin", "member", "viewer", "operator"}) {
    told[manager] = "MEMBER_NOT_FOUND";
  }
  EXPECT_EQ(get("nobody"), told);
}

TEST_F(MemberListsTest, WhomOneMayNotSeeIsAnsweredAsWhoIsNotThere) {
  const absl::Status hidden = Get("guest", "viewer").status();
  ExpectReason(hidden, Reason::kMemberNotFound);
  EXPECT_EQ(DetailsOf(hidden)->metadata, (Metadata{{"member", NameOf("viewer")}}));
  const absl::Status absent = Get("guest", "nobody").status();
  EXPECT_EQ(hidden.code(), absent.code());
  EXPECT_EQ(hidden.message(), absent.message());
  EXPECT_EQ(DetailsOf(absent)->metadata, (Metadata{{"member", NameOf("nobody")}}));
}

TEST_F(MemberListsTest, AMemberIsShownWithItsRoleTimesAndSponsor) {
  const v1::Member owner = *Get("viewer", "owner");
  EXPECT_EQ(owner.user(), Id("owner"));
  EXPECT_EQ(owner.role(), type::v1::ROLE_ADMIN);
  EXPECT_EQ(owner.org_role(), type::v1::ORGANIZATION_ROLE_OWNER);
  EXPECT_FALSE(owner.via_org());
  EXPECT_TRUE(owner.has_create_time());
  EXPECT_NE(owner.etag(), "");
  EXPECT_NE(owner.etag(), Get("admin", "owner")->etag()) << "which can be sent back";
  EXPECT_EQ(Get("owner", "owner")->etag(), Get("admin", "owner")->etag());
  EXPECT_EQ(owner.rights_revision(), LatestRevision());
  const v1::Member orgadmin = *Get("viewer", "orgadmin");
  EXPECT_TRUE(orgadmin.via_org());
  EXPECT_EQ(orgadmin.role(), type::v1::ROLE_ADMIN);
  EXPECT_EQ(orgadmin.org_role(), type::v1::ORGANIZATION_ROLE_ADMIN);
  EXPECT_FALSE(orgadmin.has_create_time());
  const v1::Member locked = *Get("viewer", "locked");
  EXPECT_EQ(locked.guest_state(), type::v1::GUEST_STATE_SOFT_LOCKED);
  EXPECT_EQ(locked.sponsor(), Id("owner"));
  EXPECT_EQ(TimeOf(locked.access_end_time()) - TimeOf(locked.expire_time()), absl::Hours(24));
  EXPECT_EQ(Get("viewer", "ended")->guest_state(), type::v1::GUEST_STATE_ENDED) << "no worker has run";
  EXPECT_EQ(Get("viewer", "guest")->guest_state(), type::v1::GUEST_STATE_ACTIVE);
}

TEST_F(MemberListsTest, AGuestIsToldOfItsOwnSponsorOnly) {
  EXPECT_EQ(Get("guest", "guest")->sponsor(), Id("owner"));
  EXPECT_EQ(Get("guest", "locked")->sponsor(), "");
  EXPECT_EQ(BatchGet("guest", Naming({"locked"}))->members(0).sponsor(), "");
  const auto listed = List("guest", All());
  for (const v1::Member& member : listed->members()) {
    EXPECT_EQ(member.sponsor(), member.user() == Id("guest") ? Id("owner") : "");
  }
}

TEST_F(MemberListsTest, ABatchAnswersInTheOrderAskedForTwiceWhereAskedTwice) {
  const auto found =
      BatchGet("viewer", Naming({"viewer", "nobody", "orgadmin", "guest", "viewer", "nobody"}));
  ASSERT_TRUE(found.ok()) << found.status();
  std::vector<std::string> users;
  for (const v1::Member& member : found->members()) {
    users.push_back(member.user());
    EXPECT_EQ(member.rights_revision(), LatestRevision());
  }
  EXPECT_EQ(users, (std::vector<std::string>{Id("viewer"), Id("orgadmin"), Id("guest"), Id("viewer")}));
  EXPECT_EQ(std::vector<std::string>(found->not_found().begin(), found->not_found().end()),
            (std::vector<std::string>{NameOf("nobody"), NameOf("nobody")}));
  const auto as_guest = BatchGet("guest", Naming({"viewer", "nobody", "guest"}));
  EXPECT_EQ(as_guest->members_size(), 1);
  EXPECT_EQ(as_guest->not_found_size(), 2);
  EXPECT_EQ(BatchGet("viewer", Naming({}))->members_size(), 0);
}

TEST_F(MemberListsTest, ABatchIsOfOneWorkspaceAndAThousandNames) {
  v1::BatchGetMembersRequest request = Naming({"viewer", "guest"});
  request.set_names(0, "workspaces/" + std::string(26, 'z') + "/members/" + Id("viewer"));
  request.add_names("viewer");
  EXPECT_EQ(FieldsOf(BatchGet("viewer", request).status()),
            (std::vector<std::string>{"names[0]", "names[2]"}));
  const auto ask = [&](const rpc::Call& call) {
    return here_.members.BatchGetMembers(call, request).status();
  };
  EXPECT_EQ(Told(ask(As("stranger"))), "ROLE_TOO_LOW");
  EXPECT_EQ(Told(ask(As("ended"))), "GUEST_ENDED");
  request = Naming(std::vector<std::string>(1000, "viewer"));
  EXPECT_EQ(BatchGet("viewer", request)->members_size(), 1000);
  request.add_names(NameOf("viewer"));
  EXPECT_EQ(FieldsOf(BatchGet("viewer", request).status()), std::vector<std::string>{"names"});
}

TEST_F(MemberListsTest, AllAreListedByUserThoseThroughTheOrganizationTooAndAGuestGetsWhomItMaySee) {
  const auto ask = [&](const rpc::Call& call) { return here_.members.ListMembers(call, All()).status(); };
  EXPECT_EQ(TellEverybody(ask), strangers_);
  for (const char* caller : {"owner", "orgadmin", "member", "viewer", "operator"}) {
    EXPECT_EQ(Walk(caller, All()), Names(everybody_)) << caller;
  }
  EXPECT_EQ(Walk("guest", All()), Names({"guest", "locked", "ended"}));
  const auto listed = List("viewer", All());
  for (const v1::Member& member : listed->members()) {
    EXPECT_EQ(member.rights_revision(), LatestRevision());
    EXPECT_EQ(member.via_org(), member.user() == Id("orgadmin"));
  }
}

TEST_F(MemberListsTest, PagesHoldTheirOwnInOrderAndCountAll) {
  v1::ListMembersRequest request = All();
  for (int size = 1; size <= 9; ++size) {
    request.set_page_size(size);
    EXPECT_EQ(Walk("viewer", request), Names(everybody_));
  }
  request.set_page_size(3);
  request.set_with_total_size(true);
  const auto page = List("viewer", request);
  EXPECT_EQ(page->members_size(), 3);
  EXPECT_EQ(page->total_size(), 8);
  EXPECT_EQ(List("guest", request)->total_size(), 3);
  request.set_with_total_size(false);
  EXPECT_EQ(List("viewer", request)->total_size(), 0);
}

TEST_F(MemberListsTest, ATokenIsForItsOwnCallerAndArguments) {
  v1::ListMembersRequest request = All();
  request.set_page_size(2);
  request.set_page_token(List("viewer", request)->next_page_token());
  EXPECT_TRUE(List("viewer", request).ok());
  ExpectReason(List("member", request).status(), Reason::kPageTokenInvalid);
  request.set_role(ROLE_GUEST);
  ExpectReason(List("viewer", request).status(), Reason::kPageTokenInvalid);
  request = All();
  request.set_page_token("mine");
  ExpectReason(List("viewer", request).status(), Reason::kPageTokenInvalid);
  ExpectReason(List("stranger", request).status(), Reason::kRoleTooLow);
}

TEST_F(MemberListsTest, FiltersAreCombined) {
  v1::ListMembersRequest request = All();
  request.set_role(type::v1::ROLE_ADMIN);
  EXPECT_EQ(Walk("viewer", request), Names({"owner", "orgadmin", "admin"}));
  request.set_role(ROLE_GUEST);
  EXPECT_EQ(Walk("viewer", request), Names({"guest", "locked", "ended"}));
  request.set_guest_state(type::v1::GUEST_STATE_SOFT_LOCKED);
  EXPECT_EQ(Walk("viewer", request), Names({"locked"}));
  request = All();
  *request.mutable_expire_before() = rpc::ToProto(absl::Now() + absl::Hours(1));
  EXPECT_EQ(Walk("viewer", request), Names({"locked", "ended"}));
  request = All();
  ASSERT_TRUE(Update("admin", NewSponsor("guest", "member")).ok());
  request.set_sponsor(Id("member"));
  EXPECT_EQ(Walk("viewer", request), Names({"guest"}));
  EXPECT_EQ(Walk("guest", request), Names({"guest"})) << "its own";
  EXPECT_EQ(Walk("locked", request), std::vector<std::string>());
  request.set_with_total_size(true);
  EXPECT_EQ(List("viewer", request)->total_size(), 1);
}

TEST_F(MemberListsTest, EachBadFilterIsNamed) {
  v1::ListMembersRequest request = All();
  request.set_role(static_cast<type::v1::Role>(99));
  request.set_guest_state(static_cast<type::v1::GuestState>(99));
  request.set_organization(ToName(here_.organization));
  request.set_sponsor("somebody");
  request.mutable_expire_before()->set_nanos(-1);
  EXPECT_EQ(BadFields(request),
            (std::vector<std::string>{"role", "guest_state", "organization", "sponsor", "expire_before"}));
  EXPECT_EQ(Told(List("stranger", request).status()), "ROLE_TOO_LOW");
  request = All();
  request.set_page_size(-1);
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"page_size"});
  request.set_parent("workspaces/-");
  EXPECT_EQ(BadFields(request), std::vector<std::string>{"organization"});
}

TEST_F(MemberListsTest, OverAnOrganizationTheDirectMembersOfAllItsWorkspacesAreListed) {
  const std::string another = AddWorkspace();
  std::vector<std::string> names = Names(direct_);
  names.push_back(another + "/members/" + Id("orgadmin"));
  std::sort(names.begin(), names.end());
  v1::ListMembersRequest request = OverAll();
  for (const int size : {0, 1, 2, 3, 7, 8}) {
    request.set_page_size(size);
    EXPECT_EQ(Walk("orgadmin", request), names) << size;
  }
  EXPECT_EQ(Walk("operator", request), names);
  request.set_with_total_size(true);
  request.set_page_size(1);
  EXPECT_EQ(List("owner", request)->total_size(), 8);
  request.set_role(ROLE_GUEST);
  EXPECT_EQ(Walk("owner", request), Names({"guest", "locked", "ended"}));
  EXPECT_EQ(List("owner", request)->total_size(), 3);
}

TEST_F(MemberListsTest, OverAnOrganizationWhoHasARoleThereLists) {
  const auto ask = [&](const rpc::Call& call) { return here_.members.ListMembers(call, OverAll()).status(); };
  Answers told;
  for (const std::string& name : Everybody()) told[name] = "ROLE_TOO_LOW";
  for (const char* manager : {"owner", "orgadmin", "operator"}) told.erase(manager);
  EXPECT_EQ(TellEverybody(ask), told);
  v1::ListMembersRequest request = OverAll();
  request.set_organization("organizations/" + std::string(26, 'z'));
  ExpectReason(List("owner", request).status(), Reason::kRoleTooLow);
  ExpectReason(List("operator", request).status(), Reason::kOrganizationNotFound);
}

TEST_F(MemberListsTest, AnEtagTellsNothingOfGrantsToWhoIsNotShownThem) {
  const auto etags = [&] {
    std::map<std::string, std::string> etags;
    for (const std::string& viewer : Everybody()) {
      if (viewer != "ended" && viewer != "stranger") etags[viewer] = Get(viewer, "guest")->etag();
    }
    return etags;
  };
  const std::map<std::string, std::string> before = etags();
  v1::AddGuestGrantRequest grant;
  grant.set_name(NameOf("guest"));
  grant.set_channel(ChannelName(here_.private_channel));
  ASSERT_TRUE(here_.guest_grants.AddGuestGrant(As("admin"), grant).ok());
  for (const auto& [viewer, etag] : etags()) {
    const bool shown = viewer != "member" && viewer != "viewer" && viewer != "locked";
    EXPECT_EQ(etag != before.at(viewer), shown) << viewer;
    EXPECT_EQ(etag == etags().at("admin"), shown) << viewer;
  }
}

}  // namespace
}  // namespace guestpass::membership
