// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/stable_bytes.h"

#include "absl/strings/str_cat.h"
#include "common/rpc/test_messages.pb.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

// The same labels, put in from one end or the other.
test::ListThingsRequest Labelled(bool backwards) {
  test::ListThingsRequest request;
  request.set_parent("workspaces/w");
  for (int i = 0; i < 100; ++i) (*request.mutable_labels())[absl::StrCat(backwards ? 99 - i : i)] = "x";
  return request;
}

TEST(StableBytes, AreTheSameForEqualMessages) {
  const std::string bytes = StableBytes(Labelled(false));
  EXPECT_EQ(StableBytes(Labelled(true)), bytes);
  test::ListThingsRequest read;
  ASSERT_TRUE(read.ParseFromString(bytes));
  EXPECT_EQ(StableBytes(read), bytes);
  EXPECT_EQ(read.labels_size(), 100);
}

TEST(StableBytes, LeaveOutTheNamedFieldsAndNothingElse) {
  test::ListThingsRequest request = Labelled(false);
  request.set_page_size(7);
  EXPECT_NE(StableBytes(request), StableBytes(Labelled(false)));
  EXPECT_EQ(StableBytes(request, {"page_size", "no_such_field"}), StableBytes(Labelled(false)));
  EXPECT_EQ(request.page_size(), 7);
  request.set_parent("workspaces/v");
  EXPECT_NE(StableBytes(request, {"page_size"}), StableBytes(Labelled(false)));
}

}  // namespace
}  // namespace guestpass::rpc
