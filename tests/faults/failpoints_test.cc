// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/harness/stack/service_process.h"

namespace guestpass::faults {
namespace {

constexpr char kSetting[] = "GUESTPASS_FAILPOINTS";

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Failpoints, AreInTestsProgramsAndInNoneThatIsShipped) {
  for (const char* program : {"services/invite/armed_invite", "services/membership/armed_membership"}) {
    EXPECT_TRUE(absl::StrContains(ReadAll(program), kSetting)) << program;
  }
  for (const char* service : {"membership", "invite", "guest-expiry", "messaging-gateway"}) {
    const auto program = harness::FindServiceProgram(service);
    ASSERT_TRUE(program.ok()) << program.status();
    const std::string bytes = ReadAll(*program);
    EXPECT_TRUE(absl::StrContains(bytes, "GUESTPASS_")) << *program << " can be read";
    EXPECT_FALSE(absl::StrContains(bytes, kSetting)) << *program;
  }
}

}  // namespace
}  // namespace guestpass::faults
