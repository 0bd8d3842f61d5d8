// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/text.h"

#include <string>
#include <vector>

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

bool Refused(const absl::Status& status) { return HasReason(status, Reason::kFieldInvalid); }

TEST(CheckText, CountsCharactersNotBytes) {
  EXPECT_TRUE(CheckText("f", "äöü€", 1, 4).ok());
  EXPECT_TRUE(Refused(CheckText("f", "äöü€x", 1, 4)));
  EXPECT_TRUE(Refused(CheckText("f", "", 1, 4)));
  EXPECT_TRUE(CheckText("f", "", 0, 4).ok());
}

TEST(CheckText, RefusesWhatIsNotUtf8AndTheNulCharacter) {
  EXPECT_TRUE(Refused(CheckText("f", "\xff", 0, 4)));
  EXPECT_TRUE(Refused(CheckText("f", "\xed\xa0\x80", 0, 4)));  // a surrogate
  EXPECT_TRUE(Refused(CheckText("f", absl::string_view("a\0b", 3), 0, 4)));
}

TEST(CheckDisplayName, RefusesWhatPlaysWithTheLine) {
  EXPECT_TRUE(CheckDisplayName("f", "Zoë’s café 日本 👩‍💻").ok());
  for (const std::string& bad : std::vector<std::string>{"a\nb", "a\tb",
                                                         "a\xe2\x80\xa8"
                                                         "b",
                                                         "a\xe2\x80\xae"
                                                         "b",
                                                         "a\xe2\x81\xa6"
                                                         "b",
                                                         std::string(129, 'a')}) {
    EXPECT_TRUE(Refused(CheckDisplayName("f", bad))) << bad;
  }
}

TEST(CheckDisplayName, RefusesWhatShowsNothing) {
  for (const std::string& bad : std::vector<std::string>{" ", "\xc2\xa0", "\xe2\x80\x8b", " \xef\xbb\xbf "}) {
    EXPECT_TRUE(Refused(CheckDisplayName("f", bad))) << bad;
  }
}

}  // namespace
}  // namespace guestpass::rpc
