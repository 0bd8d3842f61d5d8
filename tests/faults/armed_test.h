// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "tests/faults/armed_stack.h"

namespace guestpass::faults {

// Tests that share an armed stack, with a workspace for each.
class ArmedTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = ArmedStack::Start();
    ASSERT_TRUE(started.ok()) << started.status();
    armed_ = *std::move(started);
  }
  static void TearDownTestSuite() { armed_.reset(); }

  void SetUp() override {
    ASSERT_NE(armed_, nullptr);
    UseNewPlace();
  }
  void TearDown() override {
    if (armed_ != nullptr) armed_->ReleaseAll();
  }

  void UseNewPlace() {
    auto place = harness::MakeWorkplace(armed_->stack());
    ASSERT_TRUE(place.ok()) << place.status();
    place_ = *std::move(place);
  }

  // A link for so many people, made by that user.
  Link NewLink(int uses, const std::string& by = "olga") {
    auto link = armed_->MakeLink(place_, uses, by);
    EXPECT_TRUE(link.ok()) << link.status();
    return link.value_or(Link());
  }

  // That so many people have joined by it, and everything is settled.
  void ExpectJoined(const Link& link, int64_t joined) {
    armed_->ExpectSettled();
    EXPECT_EQ(armed_->AllUses()[link.id].joined, joined);
  }

  static inline std::unique_ptr<ArmedStack> armed_;
  harness::Workplace place_;
};

}  // namespace guestpass::faults
