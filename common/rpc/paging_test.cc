// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/paging.h"

#include "absl/strings/match.h"
#include "common/auth/random.h"
#include "common/rpc/test_messages.pb.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

auth::Sealer SealerOf(char secret) {
  return *auth::Sealer::Parse("a:" + auth::Base32(std::string(40, secret)));
}

Call CallOf(const std::string& user, const std::string& service) {
  Call call;
  call.caller.user = auth::Identity{.user = auth::UserIdOf("issuer", user)};
  call.caller.service = service;
  return call;
}

class Paging : public testing::Test {
 protected:
  Paging() {
    request_.set_parent("workspaces/w");
    (*request_.mutable_labels())["a"] = "b";
  }

  // `request` with the token of `request_`'s next page.
  template <typename Request>
  Request WithToken(Request request) const {
    request.set_page_token(NextPageToken(sealer_, call_, request_, "after"));
    return request;
  }

  static bool Refused(const absl::StatusOr<Page>& page) {
    return HasReason(page.status(), Reason::kPageTokenInvalid);
  }

  const auth::Sealer sealer_ = SealerOf(1);
  const Call call_ = CallOf("alice", "edge");
  test::ListThingsRequest request_;
};

TEST_F(Paging, TheFirstPageHasNoTokenAndTheUsualSize) {
  const auto page = ReadPage(sealer_, call_, request_);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->size, 50);
  EXPECT_EQ(page->after, "");
}

TEST_F(Paging, ASizeIsAtMostAThousandAndNotNegative) {
  const std::pair<int, int> sizes[] = {{1, 1}, {50, 50}, {1000, 1000}, {1001, 1000}, {INT32_MAX, 1000}};
  for (const auto& [asked, given] : sizes) {
    request_.set_page_size(asked);
    EXPECT_EQ(ReadPage(sealer_, call_, request_)->size, given);
  }
  for (int asked : {-1, INT32_MIN}) {
    request_.set_page_size(asked);
    const absl::Status status = ReadPage(sealer_, call_, request_).status();
    ASSERT_TRUE(HasReason(status, Reason::kFieldInvalid)) << asked;
    EXPECT_EQ(DetailsOf(status)->violations[0].field, "page_size");
  }
}

TEST_F(Paging, TheNextPageBeginsWhereTheLastEnded) {
  const std::string after("\0 after", 7);
  request_.set_page_token(NextPageToken(sealer_, call_, request_, after));
  EXPECT_EQ(ReadPage(sealer_, call_, request_)->after, after);
  request_.set_page_token(NextPageToken(sealer_, call_, request_, "later"));
  EXPECT_EQ(ReadPage(sealer_, call_, request_)->after, "later");
}

TEST_F(Paging, TheSizeMayChangeOnTheWay) {
  auto next = WithToken(request_);
  next.set_page_size(7);
  const auto page = ReadPage(sealer_, call_, next);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->size, 7);
  EXPECT_EQ(page->after, "after");
}

TEST_F(Paging, AfterTheLastPageThereIsNoToken) { EXPECT_EQ(NextPageToken(sealer_, call_, request_, ""), ""); }

TEST_F(Paging, ATokenOfOtherArgumentsIsRefused) {
  auto other = WithToken(request_);
  other.set_parent("workspaces/v");
  EXPECT_TRUE(Refused(ReadPage(sealer_, call_, other)));
  other = WithToken(request_);
  (*other.mutable_labels())["a"] = "c";
  EXPECT_TRUE(Refused(ReadPage(sealer_, call_, other)));
}

TEST_F(Paging, ATokenOfAnotherMethodIsRefused) {
  test::ListOthersRequest other;
  ASSERT_TRUE(other.ParseFromString(request_.SerializeAsString()));
  EXPECT_TRUE(Refused(ReadPage(sealer_, call_, WithToken(other))));
}

TEST_F(Paging, ATokenOfAnotherCallerIsRefused) {
  const auto next = WithToken(request_);
  EXPECT_TRUE(Refused(ReadPage(sealer_, CallOf("bob", "edge"), next)));
  EXPECT_TRUE(Refused(ReadPage(sealer_, CallOf("alice", ""), next)));
  Call service = call_;
  service.caller.user.reset();
  EXPECT_TRUE(Refused(ReadPage(sealer_, service, next)));
  EXPECT_TRUE(ReadPage(sealer_, CallOf("alice", "edge"), next).ok());
}

TEST_F(Paging, ATokenThatIsNotOursIsRefusedAndTheCallerToldWhatToDo) {
  EXPECT_TRUE(Refused(ReadPage(SealerOf(2), call_, WithToken(request_))));
  request_.set_page_token("2");
  const absl::Status status = ReadPage(sealer_, call_, request_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(HasReason(status, Reason::kPageTokenInvalid));
  EXPECT_TRUE(absl::StrContains(status.message(), "begin again")) << status;
  EXPECT_EQ(DetailsOf(status)->violations[0].field, "page_token");
}

TEST_F(Paging, ATokenIsAtMostTwoKibibytesLong) {
  request_.set_page_token(NextPageToken(sealer_, call_, request_, std::string(1024, 'x')));
  EXPECT_LE(request_.page_token().size(), 2048u);
  EXPECT_EQ(ReadPage(sealer_, call_, request_)->after.size(), 1024u);
  request_.set_page_token(NextPageToken(sealer_, call_, request_, std::string(2000, 'x')));
  EXPECT_TRUE(Refused(ReadPage(sealer_, call_, request_)));
}

TEST_F(Paging, ARequestWithoutPagesIsOurOwnFault) {
  EXPECT_TRUE(HasReason(ReadPage(sealer_, call_, test::Thing()).status(), Reason::kInternal));
}

}  // namespace
}  // namespace guestpass::rpc
