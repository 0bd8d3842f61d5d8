// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/address.h"

#include "gtest/gtest.h"

namespace guestpass::membership {
namespace {

TEST(FoldAddress, OnlyAsciiLettersAreFoldedAndTheDomainBecomesItsALabels) {
  EXPECT_EQ(FoldAddress(" Ana.Lopez+x@Example.COM "), "ana.lopez+x@example.com");
  EXPECT_EQ(FoldAddress("ana@bücher.example"), "ana@xn--bcher-kva.example");
}

TEST(FoldAddress, FoldingTwiceIsFoldingOnce) {
  const auto once = FoldAddress("Ana@BÜCHER.example");
  ASSERT_TRUE(once.has_value());
  EXPECT_EQ(FoldAddress(*once), once);
}

TEST(FoldAddress, WhatIsNoAddressIsNothing) {
  for (const char* text : {"", "ana", "@example.com", "ana@", "a@b@example.com", "a..b@example.com",
                           "ána@example.com", "\"a b\"@example.com", "ana@example.com.", "ana@-x.example"}) {
    EXPECT_EQ(FoldAddress(text), std::nullopt) << text;
  }
  EXPECT_EQ(FoldAddress(std::string(65, 'a') + "@example.com"), std::nullopt);
  EXPECT_TRUE(FoldAddress(std::string(64, 'a') + "@example.com").has_value());
}

}  // namespace
}  // namespace guestpass::membership
