// SPDX-License-Identifier: Apache-2.0
#include "common/auth/service_token.h"

#include "common/auth/test_files.h"
#include "common/telemetry/log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace guestpass::auth {
namespace {

using testing::HasSubstr;

TEST(ServiceToken, IsReadAgainWhenTheFileChangedAndASecondWentBy) {
  const std::string path = NewTestDirectory() + "/token";
  Replace(path, "first\n");
  SimulatedClock clock;
  const auto token = ServiceToken::Open(path, clock);
  ASSERT_TRUE(token.ok()) << token.status();
  EXPECT_EQ((*token)->Get(), "first");
  Replace(path, "second\n");
  clock.Advance(absl::Seconds(1) - absl::Microseconds(1));
  EXPECT_EQ((*token)->Get(), "first");
  clock.Advance(absl::Microseconds(1));
  EXPECT_EQ((*token)->Get(), "second");
}

TEST(ServiceToken, TheLastOneStaysWhileTheFileIsMissingOrHasNone) {
  int lines = 0;
  telemetry::SetLogSink([&](absl::string_view) { ++lines; });
  const std::string path = NewTestDirectory() + "/token";
  Replace(path, "first");
  SimulatedClock clock;
  const auto token = ServiceToken::Open(path, clock);
  const auto later = [&] {
    clock.Advance(absl::Seconds(1));
    return (*token)->Get();
  };
  Replace(path, " \n");
  EXPECT_EQ(later(), "first");
  Replace(path, "two tokens");
  EXPECT_EQ(later(), "first");
  std::filesystem::remove(path);
  EXPECT_EQ(later(), "first");
  EXPECT_EQ(later(), "first");
  EXPECT_EQ(lines, 3);
  Replace(path, "second");
  EXPECT_EQ(later(), "second");
  telemetry::SetLogSink(nullptr);
}

TEST(ServiceToken, WithoutOneToBeginWithItSaysWhatToDo) {
  const std::string path = NewTestDirectory() + "/token";
  EXPECT_THAT(std::string(ServiceToken::Open(path).status().message()), HasSubstr("No such file"));
  Replace(path, "\n");
  const absl::Status empty = ServiceToken::Open(path).status();
  EXPECT_EQ(empty.message(),
            "The file " + path +
                " does not have one token in it. Put this service's token there, a JWT with the "
                "claim gp_service.");
}

}  // namespace
}  // namespace guestpass::auth
