// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/field_reader.h"

#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

TEST(FieldReader, NamesEachBadFieldInTheOrderOfReading) {
  FieldReader reader;
  EXPECT_EQ(reader.Take(absl::StatusOr<int>(7)), 7);
  EXPECT_TRUE(reader.Finish().ok());
  EXPECT_EQ(reader.Take(absl::StatusOr<int>(FieldInvalid("b", "is bad"))), std::nullopt);
  reader.Check(absl::OkStatus());
  reader.Check(FieldInvalid("a", "is worse"));
  const absl::Status status = reader.Finish();
  EXPECT_TRUE(HasReason(status, Reason::kFieldInvalid));
  EXPECT_EQ(status.message(), "b: is bad");
  const auto violations = DetailsOf(status)->violations;
  ASSERT_EQ(violations.size(), 2u);
  EXPECT_EQ(violations[0].field, "b");
  EXPECT_EQ(violations[1].field, "a");
  EXPECT_EQ(violations[1].description, "is worse");
}

}  // namespace
}  // namespace guestpass::rpc
