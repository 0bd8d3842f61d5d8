// SPDX-License-Identifier: Apache-2.0
#include "common/rights/names.h"

#include <string>
#include <vector>

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass {
namespace {

constexpr char kW[] = "abcdefghijklmnopqrstuvwxyz";
constexpr char kU[] = "234567abcdefghijklmnopqrst";

TEST(Names, AMemberNameIsReadAndWrittenAlike) {
  const std::string text = std::string("workspaces/") + kW + "/members/" + kU;
  const auto name = ParseMemberName("name", text);
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_EQ(name->ToString(), text);
  EXPECT_EQ(name->user.text(), kU);
}

TEST(Names, AnInviteNameIsReadAndWrittenAlike) {
  const std::string text = std::string("workspaces/") + kW + "/invites/" + kU;
  const auto name = ParseInviteName("name", text);
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_EQ(name->ToString(), text);
  EXPECT_FALSE(ParseInviteName("name", std::string("workspaces/") + kW + "/members/" + kU).ok());
}

TEST(Names, WhatIsNoNameIsFieldInvalidAndNamesTheField) {
  const std::string w = kW;
  for (const std::string& bad : std::vector<std::string>{
           std::string(), std::string("workspaces/"), "workspaces/" + w + "/", "workspaces/" + w + "x",
           "workspace/" + w, "workspaces/ABCDEFGHIJKLMNOPQRSTUVWXYZ", "workspaces/" + w + "\n",
           "workspaces/" + std::string(26, '\0'), "workspaces/-"}) {
    const auto name = ParseWorkspaceName("parent", bad);
    ASSERT_FALSE(name.ok()) << bad;
    const auto details = DetailsOf(name.status());
    ASSERT_TRUE(details.has_value());
    EXPECT_EQ(details->reason, Reason::kFieldInvalid);
    ASSERT_EQ(details->violations.size(), 1u);
    EXPECT_EQ(details->violations[0].field, "parent");
  }
}

TEST(Ids, NoIdIsEqualToItselfOnlyAndHasNoText) {
  EXPECT_EQ(UserId(), UserId());
  EXPECT_NE(UserId(), *UserId::Parse(kU));
  EXPECT_EQ(UserId().text(), "");
}

}  // namespace
}  // namespace guestpass
