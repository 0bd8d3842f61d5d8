// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/listing.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/rpc/proto_time.h"
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

constexpr char kKeys[] = "k1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

class ListingTest : public ServiceTest {
 protected:
  v1::ListInvitesRequest ListRequest() const {
    v1::ListInvitesRequest request;
    request.set_parent(ToName(workspace_));
    return request;
  }

  // The addresses on all pages.
  std::string Walk(v1::ListInvitesRequest request) {
    std::string emails;
    do {
      const auto page = listing_.List(admin_, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::Invite& invite : page->invites()) absl::StrAppend(&emails, invite.email().substr(0, 1));
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return emails;
  }

  absl::Status GetBy(const rpc::Call& call, const std::string& name) {
    v1::GetInviteRequest request;
    request.set_name(name);
    return listing_.Get(call, request).status();
  }

  Listing listing_{store_, membership_, *auth::Sealer::Parse(kKeys)};
};

TEST_F(ListingTest, OneInviteIsAsItWasMadeAndHasNoSecret) {
  const auto created = *creation_.Create(admin_, GuestRequest());
  v1::GetInviteRequest request;
  request.set_name(created.invite().name());
  const auto got = listing_.Get(admin_, request);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->DebugString(), created.invite().DebugString());
  EXPECT_FALSE(absl::StrContains(got->DebugString(), created.secret()));
  EXPECT_TRUE(Redeem(ann_, created.secret()).ok());
  EXPECT_EQ(listing_.Get(admin_, request)->redeemed_by(), UserOf(ann_).text());
  EXPECT_EQ(listing_.Get(admin_, request)->state(), v1::Invite::STATE_REDEEMED);
}

TEST_F(ListingTest, AnOperatorReadsWhateverItIsThereWhileTheWorkspaceStands) {
  const Made made = MadeBy(GuestRequest());
  membership_.check = Error(Reason::kRoleTooLow, "no");
  rpc::Call user = NewUser(), service;
  EXPECT_EQ(ReasonOf(GetBy(user, made.name.ToString())), "ROLE_TOO_LOW");
  service.caller.service = "provisioning";
  for (rpc::Call* call : {&user, &service}) {
    call->caller.is_operator = true;
    membership_.workspace_stands = true;
    ASSERT_EQ(ReasonOf(GetBy(*call, made.name.ToString())), "OK");
    EXPECT_EQ(listing_.List(*call, ListRequest())->invites_size(), 1);
    membership_.workspace_stands = false;
    const absl::Status gone = listing_.List(*call, ListRequest()).status();
    EXPECT_EQ(ReasonOf(gone), "WORKSPACE_NOT_FOUND");
    EXPECT_EQ(DetailsOf(gone)->metadata, (Metadata{{"workspace", ToName(workspace_)}}));
    EXPECT_EQ(ReasonOf(GetBy(*call, made.name.ToString())), "WORKSPACE_NOT_FOUND");
  }
  membership_.unreachable = true;
  EXPECT_EQ(ReasonOf(GetBy(service, made.name.ToString())), "SERVICE_UNAVAILABLE");
}

TEST_F(ListingTest, ALinkSaysHowManyUsesAreTaken) {
  const Made made = Linked(3);
  EXPECT_TRUE(Redeem(ann_, made.secret).ok());
  v1::GetInviteRequest request;
  request.set_name(made.name.ToString());
  EXPECT_EQ(listing_.Get(admin_, request)->link().used(), 1);
  membership_.loses_request = membership_.unreachable = true;
  EXPECT_FALSE(Redeem(bob_, made.secret).ok());
  EXPECT_EQ(listing_.Get(admin_, request)->link().used(), 2) << "a reserved use counts as used";
}

TEST_F(ListingTest, WhoMayNotInviteIsToldNothing) {
  const auto created = *creation_.Create(admin_, GuestRequest());
  const std::string unknown = InviteName{workspace_, auth::NewId<InviteId>()}.ToString();
  EXPECT_EQ(ReasonOf(GetBy(admin_, unknown)), "INVITE_NOT_FOUND");
  EXPECT_EQ(FieldsOf(GetBy(admin_, "invites/x")), "name ");
  membership_.check = Error(Reason::kRoleTooLow, "no");
  EXPECT_EQ(ReasonOf(GetBy(admin_, unknown)), "ROLE_TOO_LOW");
  EXPECT_EQ(ReasonOf(GetBy(admin_, created.invite().name())), "ROLE_TOO_LOW");
  v1::ListInvitesRequest bad = ListRequest();
  bad.set_page_size(-1);
  EXPECT_EQ(ReasonOf(listing_.List(admin_, bad).status()), "ROLE_TOO_LOW");
}

TEST_F(ListingTest, PagesAreTheNewestFirstAndHaveEachOnce) {
  for (const char* letter : {"a", "b", "c", "d", "e"}) Invited(absl::StrCat(letter, "@example.com"));
  EXPECT_EQ(Walk(ListRequest()), "edcba");
  for (int size : {1, 2, 5, 6}) {
    v1::ListInvitesRequest request = ListRequest();
    request.set_page_size(size);
    EXPECT_EQ(Walk(request), "edcba") << size;
  }
  v1::ListInvitesRequest request = ListRequest();
  request.set_page_size(2);
  request.set_page_token(listing_.List(admin_, request)->next_page_token());
  Invited("f@example.com");
  EXPECT_EQ(Walk(request), "cba") << "what was made meanwhile is newer";
  EXPECT_EQ(ReasonOf(listing_.List(NewUser(), request).status()), "PAGE_TOKEN_INVALID");
  request.add_states(v1::Invite::STATE_PENDING);
  EXPECT_EQ(ReasonOf(listing_.List(admin_, request).status()), "PAGE_TOKEN_INVALID");
}

TEST_F(ListingTest, PagesHaveEachOnceAlsoWhereSeveralWereMadeAtOneMoment) {
  for (const char* letter : {"a", "b", "c", "d"}) Invited(absl::StrCat(letter, "@example.com"));
  Sql("UPDATE invites SET create_us = 1 RETURNING id");
  v1::ListInvitesRequest request = ListRequest();
  const std::string whole = Walk(request);
  EXPECT_EQ(whole.size(), 4u);
  request.set_page_size(1);
  EXPECT_EQ(Walk(request), whole);
}

TEST_F(ListingTest, FiltersAreByStateAsOfNowAndByExpiry) {
  Invited("a@example.com");
  Expire();
  EXPECT_TRUE(Redeem(NewUser("b@example.com"), Invited("b@example.com")).ok());
  Invited("c@example.com");
  v1::ListInvitesRequest request = ListRequest();
  request.add_states(v1::Invite::STATE_EXPIRED);
  EXPECT_EQ(Walk(request), "a");
  request.add_states(v1::Invite::STATE_REDEEMED);
  EXPECT_EQ(Walk(request), "ba");
  request.clear_states();
  request.add_states(v1::Invite::STATE_PENDING);
  EXPECT_EQ(Walk(request), "c");
  request.clear_states();
  *request.mutable_expire_before() = rpc::ToProto(*store_.Now() + absl::Hours(1));
  EXPECT_EQ(Walk(request), "a");
}

TEST_F(ListingTest, BadFieldsAreNamed) {
  v1::ListInvitesRequest request = ListRequest();
  request.add_states(v1::Invite::STATE_PENDING);
  request.add_states(v1::Invite::STATE_UNSPECIFIED);
  request.mutable_expire_before()->set_seconds(INT64_MAX);
  EXPECT_EQ(FieldsOf(listing_.List(admin_, request).status()), "states[1] expire_before ");
  for (int i = 0; i < 9; ++i) request.add_states(v1::Invite::STATE_PENDING);
  request.clear_expire_before();
  EXPECT_EQ(FieldsOf(listing_.List(admin_, request).status()), "states states[1] ");
}

}  // namespace
}  // namespace guestpass::invite
