// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "common/rights/names.h"
#include "services/membership/testing/cast.h"

namespace guestpass::membership {
namespace {

class GuestGrantListsTest : public Cast {
 protected:
  v1::ListGuestGrantsRequest Of(const std::string& guest) const {
    v1::ListGuestGrantsRequest request;
    request.set_parent(here_.MemberName(guest));
    return request;
  }
  Answers Listing(const std::string& guest) {
    return TellEverybody(
        [&](const rpc::Call& call) { return here_.guest_grants.ListGuestGrants(call, Of(guest)).status(); });
  }
  std::string Told(const std::string& name, const v1::ListGuestGrantsRequest& request) {
    return Cast::Told(here_.guest_grants.ListGuestGrants(As(name), request).status());
  }
  void SetSponsor(const std::string& guest, const std::string& sponsor) {
    const auto set = here_.NewSession()->Run("UPDATE members SET sponsor = $2 WHERE user_id = $1",
                                             postgres::Params::Of(IdOf(guest), IdOf(sponsor)));
    ASSERT_TRUE(set.ok()) << set.status();
  }
  std::vector<std::string> List(const std::string& name, v1::ListGuestGrantsRequest request) {
    std::vector<std::string> channels;
    do {
      const auto page = here_.guest_grants.ListGuestGrants(As(name), request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      EXPECT_TRUE(request.page_size() == 0 || page->grants_size() <= request.page_size());
      for (const v1::GuestGrant& grant : page->grants()) {
        EXPECT_EQ(grant.member(), request.parent());
        EXPECT_EQ(grant.rights_revision(), LatestRevision());
        channels.push_back(grant.channel());
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return channels;
  }
  std::vector<std::string> Grant(const std::string& guest, int count) {
    std::vector<std::string> channels = {ChannelName(here_.public_channel)};
    v1::AddGuestGrantRequest request;
    request.set_name(here_.MemberName(guest));
    for (int i = 0; i < count; ++i) {
      channels.push_back(ChannelName(AddChannel(type::v1::CHANNEL_KIND_PRIVATE)));
      request.set_channel(channels.back());
      EXPECT_TRUE(here_.guest_grants.AddGuestGrant(As("owner"), request).ok());
    }
    std::sort(channels.begin(), channels.end());
    return channels;
  }
};

TEST_F(GuestGrantListsTest, AdminsTheGuestItselfAndItsSponsorListThem) {
  Answers told = AdminsOnly();
  told.erase("guest");
  EXPECT_EQ(Listing("guest"), told);
  SetSponsor("guest", "member");
  told.erase("member");
  EXPECT_EQ(Listing("guest"), told);
  SetSponsor("guest", "viewer");
  told["member"] = "ROLE_TOO_LOW";
  EXPECT_EQ(Listing("guest"), told) << "a viewer sponsors nobody";
}

TEST_F(GuestGrantListsTest, OthersAreToldTheSameWhetherOrNotThereIsSuchAGuest) {
  const auto listing = [&](const std::string& guest) {
    return [this, guest](const rpc::Call& call) {
      return here_.guest_grants.ListGuestGrants(call, Of(guest)).status();
    };
  };
  SetSponsor("locked", "member");
  EXPECT_EQ(Listing("nobody"), AdminsOnly("MEMBER_NOT_FOUND"));
  Answers about_member = AdminsOnly("NOT_A_GUEST");
  about_member["member"] = "NOT_A_GUEST";
  EXPECT_EQ(Listing("member"), about_member);
  ExpectSameRefusals(listing("owner"), listing("nobody"));
  EXPECT_EQ(Told("owner", Of("orgadmin")), "NOT_A_GUEST");
  EXPECT_EQ(listing("guest")(As("locked")), listing("nobody")(As("locked")));
}

TEST_F(GuestGrantListsTest, ALockedGuestReadsItsGrantsAndAnEndedOneIsToldThatItEnded) {
  const std::vector<std::string> open = {ChannelName(here_.public_channel)};
  EXPECT_EQ(List("locked", Of("locked")), open);
  EXPECT_EQ(List("owner", Of("ended")), open);
  EXPECT_EQ(Told("ended", Of("ended")), "GUEST_ENDED");
}

TEST_F(GuestGrantListsTest, PagesNeitherRepeatNorSkipAndTokensAreOfOneCallAndCaller) {
  const std::vector<std::string> channels = Grant("guest", 6);
  v1::ListGuestGrantsRequest request = Of("guest");
  for (int size : {0, 1, 3, 7, 2000}) {
    request.set_page_size(size);
    EXPECT_EQ(List("guest", request), channels) << size;
  }
  request.set_page_size(2);
  request.set_page_token(here_.guest_grants.ListGuestGrants(As("owner"), request)->next_page_token());
  EXPECT_EQ(Told("owner", request), "OK");
  EXPECT_EQ(Told("guest", request), "PAGE_TOKEN_INVALID");
  request.set_parent(here_.MemberName("locked"));
  EXPECT_EQ(Told("owner", request), "PAGE_TOKEN_INVALID");
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_EQ(Told("owner", request), "FIELD_INVALID");
  request.set_parent("x");
  EXPECT_EQ(Told("stranger", request), "FIELD_INVALID");
}

}  // namespace
}  // namespace guestpass::membership
