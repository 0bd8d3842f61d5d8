// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/update_mask.h"

#include "absl/strings/match.h"
#include "common/rpc/test_messages.pb.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

using Paths = std::vector<std::string>;

const Paths kMutable = {"title", "labels", "settings.grace", "settings.limit", "settings.domains"};

absl::StatusOr<UpdateMask> Read(const Paths& named, const test::Thing& thing = {},
                                const Paths& mutable_paths = kMutable) {
  google::protobuf::FieldMask mask;
  for (const std::string& path : named) mask.add_paths(path);
  return UpdateMask::Read(mask, thing, mutable_paths);
}

Paths Changed(const absl::StatusOr<UpdateMask>& mask) {
  EXPECT_TRUE(mask.ok()) << mask.status();
  Paths changed;
  for (const std::string& path : kMutable) {
    if (mask.ok() && mask->Has(path)) changed.push_back(path);
  }
  return changed;
}

TEST(UpdateMask, HasWhatItNames) {
  EXPECT_EQ(Changed(Read({"title"})), Paths({"title"}));
  EXPECT_EQ(Changed(Read({"settings.limit", "title", "title"})), Paths({"title", "settings.limit"}));
}

TEST(UpdateMask, AMessageNamesWhatCanBeChangedBelowIt) {
  EXPECT_EQ(Changed(Read({"settings"})), Paths({"settings.grace", "settings.limit", "settings.domains"}));
  EXPECT_EQ(Changed(Read({"settings"}, {}, {"settings.limit"})), Paths({"settings.limit"}));
}

TEST(UpdateMask, AStarNamesEverything) {
  EXPECT_EQ(Changed(Read({"*"})), kMutable);
  EXPECT_EQ(Changed(Read({"title", "*"})), kMutable);
}

TEST(UpdateMask, AnEmptyOneMeansWhatIsSet) {
  test::Thing thing;
  thing.set_name("things/1");
  thing.set_title("t");
  EXPECT_EQ(Changed(Read({}, thing)), Paths({"title"}));
  thing.mutable_settings();
  EXPECT_EQ(Changed(Read({}, thing)), Paths({"title"}));
  thing.mutable_settings()->set_grace(0);
  thing.mutable_settings()->set_limit(0);
  EXPECT_EQ(Changed(Read({}, thing)), Paths({"title", "settings.limit"}));
  (*thing.mutable_labels())["a"] = "b";
  thing.mutable_settings()->set_grace(1);
  thing.mutable_settings()->add_domains("d");
  EXPECT_EQ(Changed(Read({}, thing)), kMutable);
  EXPECT_EQ(Changed(Read({}, thing, {"settings"})), Paths());
  EXPECT_TRUE(Read({}, thing, {"settings"})->Has("settings"));
}

TEST(UpdateMask, OneThatNamesNothingIsRefused) {
  test::Thing thing;
  thing.set_name("things/1");
  const absl::Status status = Read({}, thing).status();
  ASSERT_TRUE(HasReason(status, Reason::kFieldInvalid));
  EXPECT_EQ(DetailsOf(status)->violations[0].field, "update_mask");
  EXPECT_TRUE(absl::StrContains(status.message(), "names nothing to change"));
}

TEST(UpdateMask, WhatCannotBeChangedIsNamedBesideWhatCan) {
  for (const std::string bad : {"name", "nothing", "settings.", "settings.grace.x", "title ", "titl", "sett",
                                ".title", "settings.*"}) {
    const absl::Status status = Read({"title", bad}).status();
    ASSERT_TRUE(HasReason(status, Reason::kFieldInvalid)) << bad;
    EXPECT_EQ(DetailsOf(status)->violations[0].field, "update_mask");
    EXPECT_EQ(DetailsOf(status)->violations[0].description,
              "'" + bad +
                  "' cannot be changed; what can: title, labels, settings.grace, settings.limit, "
                  "settings.domains");
  }
  EXPECT_FALSE(Read({""}).ok());
}

TEST(UpdateMask, ALongPathDoesNotCrowdOutWhatCanBeChanged) {
  const absl::Status status = Read({std::string(100'000, 'x')}).status();
  EXPECT_LT(status.message().size(), 300u);
  EXPECT_TRUE(absl::StrContains(status.message(), "settings.domains"));
}

TEST(UpdateMask, AMutablePathThatTheResourceDoesNotHaveIsOurOwnFault) {
  for (const char* path : {"nothing", "settings.nothing", "title.x", "labels.key"}) {
    EXPECT_TRUE(HasReason(Read({"*"}, {}, {path}).status(), Reason::kInternal)) << path;
  }
}

}  // namespace
}  // namespace guestpass::rpc
