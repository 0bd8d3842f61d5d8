// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "services/membership/testing/cast.h"

// Who is named in a channel, and that it stays so however many change it at once.
namespace guestpass::membership {
namespace {

using type::v1::CHANNEL_KIND_PUBLIC;

constexpr int kRivals = 50;

class ChannelMemberListsTest : public Cast {
 protected:
  v1::ListChannelMembersRequest Of(const ChannelId& channel) const {
    v1::ListChannelMembersRequest request;
    request.set_parent(ChannelName(channel));
    return request;
  }
  Answers Listing(const std::string& channel) {
    v1::ListChannelMembersRequest request;
    request.set_parent(channel);
    return TellEverybody([&](const rpc::Call& call) {
      return here_.channel_members.ListChannelMembers(call, request).status();
    });
  }
  std::string Told(const std::string& name, const v1::ListChannelMembersRequest& request) {
    return Cast::Told(here_.channel_members.ListChannelMembers(As(name), request).status());
  }
  // Users, those with a grant marked.
  std::vector<std::string> List(const std::string& name, v1::ListChannelMembersRequest request) {
    std::vector<std::string> users;
    do {
      const auto page = here_.channel_members.ListChannelMembers(As(name), request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::ChannelMember& member : page->members()) {
        EXPECT_EQ(member.channel(), request.parent());
        EXPECT_EQ(member.rights_revision(), LatestRevision());
        users.push_back(member.user() + (member.granted() ? " granted" : ""));
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return users;
  }
  static std::vector<std::string> Users(const std::vector<std::string>& takes_part,
                                        const std::vector<std::string>& granted) {
    std::vector<std::string> users;
    for (const std::string& name : takes_part) users.push_back(IdOf(name).ToString());
    for (const std::string& name : granted) users.push_back(IdOf(name).ToString() + " granted");
    std::sort(users.begin(), users.end());
    return users;
  }
  void Grant(const std::string& guest, const ChannelId& channel) {
    v1::AddGuestGrantRequest request;
    request.set_name(here_.MemberName(guest));
    request.set_channel(ChannelName(channel));
    ASSERT_TRUE(here_.guest_grants.AddGuestGrant(As("owner"), request).ok());
  }
  std::vector<std::string> AddMembers(int count) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) {
      names.push_back(absl::StrCat("member", i));
      here_.AddMember(names.back(), type::v1::ROLE_MEMBER);
    }
    return names;
  }

  const ChannelId private_ = here_.private_channel;  // the owner takes part
};

TEST_F(ChannelMemberListsTest, WhoReadsAChannelSeesWhoIsNamedInIt) {
  ASSERT_TRUE(AddPart(private_, "member").ok());
  Grant("guest", private_);
  EXPECT_EQ(List("member", Of(private_)), Users({"owner", "member"}, {"guest"}));
  EXPECT_EQ(List("guest", Of(private_)), Users({"owner", "member"}, {"guest"}));
  EXPECT_EQ(List("operator", Of(private_)), Users({"owner", "member"}, {"guest"}));
  const ChannelId direct = StartDirect("member", {"guest", "viewer"});
  EXPECT_EQ(List("guest", Of(direct)), Users({"guest", "member", "viewer"}, {}));
  EXPECT_EQ(List("viewer", Of(here_.public_channel)), Users({}, {"guest", "locked", "ended"}));
}

TEST_F(ChannelMemberListsTest, WhoDoesNotReadItIsToldThatThereIsNone) {
  Answers told = {{"stranger", "ROLE_TOO_LOW"}, {"ended", "GUEST_ENDED"}};
  EXPECT_EQ(Listing(ChannelName(here_.public_channel)), told);
  for (const char* name : {"orgadmin", "admin", "member", "viewer", "guest", "locked"}) {
    told[name] = "CHANNEL_NOT_FOUND";
  }
  EXPECT_EQ(Listing(ChannelName(private_)), told);
  told["owner"] = told["operator"] = "CHANNEL_NOT_FOUND";
  EXPECT_EQ(Listing(NoChannel()), told);
}

TEST_F(ChannelMemberListsTest, PagesNeitherRepeatNorSkipAndTokensAreOfOneCallAndCaller) {
  std::vector<std::string> takes_part = AddMembers(5);
  for (const std::string& name : takes_part) ASSERT_TRUE(AddPart(private_, name).ok());
  Grant("guest", private_);
  Grant("locked", private_);
  takes_part.push_back("owner");
  v1::ListChannelMembersRequest request = Of(private_);
  for (int size : {0, 1, 3, 4, 8, 2000}) {
    request.set_page_size(size);
    EXPECT_EQ(List("owner", request), Users(takes_part, {"guest", "locked"})) << size;
  }
  request.set_page_size(2);
  request.set_page_token(here_.channel_members.ListChannelMembers(As("owner"), request)->next_page_token());
  EXPECT_EQ(Told("owner", request), "OK");
  EXPECT_EQ(Told("member0", request), "PAGE_TOKEN_INVALID");
  request.set_parent(ChannelName(here_.public_channel));
  EXPECT_EQ(Told("owner", request), "PAGE_TOKEN_INVALID");
  request.set_page_size(-1);
  EXPECT_EQ(Told("owner", request), "FIELD_INVALID");
  request.set_parent("x");
  EXPECT_EQ(Told("stranger", request), "FIELD_INVALID");
}

TEST_F(ChannelMemberListsTest, HoweverManyAddTheSameMemberItIsOneEntry) {
  std::atomic<int> added = 0;
  const Written written = WrittenBy([&] {
    Race(kRivals, [&](int i) { added += AddPart(private_, "member", i % 2 ? "owner" : "admin").ok(); });
  });
  EXPECT_EQ(added, kRivals);
  EXPECT_EQ(written.entries.size(), 1u);
  EXPECT_EQ(written.audit.size(), 1u);
}

TEST_F(ChannelMemberListsTest, HoweverManyRemoveOneItIsRemovedOnce) {
  std::atomic<int> removed = 0, gone = 0;
  v1::RemoveChannelMemberRequest request;
  request.set_channel(ChannelName(private_));
  request.set_user(IdOf("owner").ToString());
  const Written written = WrittenBy([&] {
    Race(kRivals, [&](int) {
      const auto status = here_.channel_members.RemoveChannelMember(As("admin"), request).status();
      (status.ok() ? removed : gone) += 1;
      EXPECT_TRUE(status.ok() || Cast::Told(status) == "MEMBER_NOT_FOUND") << status;
    });
  });
  EXPECT_EQ(removed, 1);
  EXPECT_EQ(gone, kRivals - 1);
  EXPECT_EQ(written.entries.size(), 1u);
  EXPECT_EQ(written.audit.size(), 1u);
}

TEST_F(ChannelMemberListsTest, NobodyIsAddedWhoIsRemovedAtTheSameTime) {
  const std::vector<std::string> names = AddMembers(kRivals / 2);
  Race(kRivals, [&](int i) {
    const std::string& name = names[i / 2];
    if (i % 2 == 0) {
      EXPECT_TRUE(here_.Remove("owner", name).ok());
    } else {
      const std::string told = Cast::Told(AddPart(private_, name));
      EXPECT_TRUE(told == "OK" || told == "MEMBER_NOT_FOUND") << told;
    }
  });
  EXPECT_EQ(List("owner", Of(private_)), Users({"owner"}, {}));
}

TEST_F(ChannelMemberListsTest, NobodyTakesPartAsAGuestHoweverAdditionsAndDemotionsRace) {
  const std::vector<std::string> names = AddMembers(kRivals / 2);
  Race(kRivals, [&](int i) {
    const std::string& name = names[i / 2];
    if (i % 2 == 0) {
      v1::UpdateMemberRequest demotion;
      demotion.mutable_member()->set_name(here_.MemberName(name));
      demotion.mutable_member()->set_role(type::v1::ROLE_GUEST);
      demotion.mutable_guest()->add_channels(ChannelName(here_.public_channel));
      const auto demoted = here_.members.UpdateMember(As("owner"), demotion);
      EXPECT_TRUE(demoted.ok()) << demoted.status();
    } else {
      const std::string told = Cast::Told(AddPart(private_, name));
      EXPECT_TRUE(told == "OK" || told == "FIELD_INVALID") << told;
    }
  });
  EXPECT_EQ(List("owner", Of(private_)), Users({"owner"}, {}));
}

}  // namespace
}  // namespace guestpass::membership
