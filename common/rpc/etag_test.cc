// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/etag.h"

#include "absl/strings/match.h"
#include "common/rpc/test_messages.pb.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

TEST(Etag, FollowsTheContent) {
  test::Thing thing;
  thing.set_title("t");
  const std::string etag = EtagOf(thing);
  EXPECT_EQ(etag.size(), 26u);
  EXPECT_EQ(etag.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos);
  EXPECT_EQ(EtagOf(test::Thing(thing)), etag);
  thing.mutable_settings()->set_grace(1);
  EXPECT_NE(EtagOf(thing), etag);
  thing.clear_settings();
  EXPECT_EQ(EtagOf(thing), etag);
}

// printf '\x12\x01t' | openssl dgst -sha256 -binary | base32, its head in lower case
TEST(Etag, IsTheSameInEveryReplica) {
  test::Thing thing;
  thing.set_title("t");
  EXPECT_EQ(EtagOf(thing), "ta2mnxtn7xbo7vhskdewlwsngm");
}

TEST(CheckEtag, PassesTheCurrentOneAndNone) {
  EXPECT_TRUE(CheckEtag("", "a").ok());
  EXPECT_TRUE(CheckEtag("a", "a").ok());
}

TEST(CheckEtag, RefusesAnother) {
  const absl::Status status = CheckEtag("b", "a");
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(HasReason(status, Reason::kEtagMismatch));
  EXPECT_TRUE(absl::StrContains(status.message(), "read it again"));
  EXPECT_FALSE(CheckEtag("b", "").ok());
}

}  // namespace
}  // namespace guestpass::rpc
