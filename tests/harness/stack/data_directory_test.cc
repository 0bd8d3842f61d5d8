// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/stack/data_directory.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "absl/strings/match.h"
#include "gtest/gtest.h"

namespace guestpass::harness {
namespace {

TEST(DataDirectory, ATemporaryOneIsGoneAfterwardsWithAllThatIsInIt) {
  std::string path;
  {
    const auto directory = DataDirectory::Open("");
    ASSERT_TRUE(directory.ok()) << directory.status();
    EXPECT_FALSE(directory->kept());
    path = directory->path();
    const auto inner = directory->Make("mail", DataDirectory::Owner::kUs);
    ASSERT_TRUE(inner.ok()) << inner.status();
    std::ofstream(*inner + "/1.eml") << "mail";
    EXPECT_TRUE(std::filesystem::exists(*inner + "/1.eml"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(DataDirectory, OneThatWasNamedStaysAndServesOneStackAtATime) {
  const auto temporary = DataDirectory::Open("");
  ASSERT_TRUE(temporary.ok()) << temporary.status();
  const std::string path = temporary->path() + "/named";
  {
    const auto directory = DataDirectory::Open(path);
    ASSERT_TRUE(directory.ok()) << directory.status();
    EXPECT_TRUE(directory->kept());
    EXPECT_EQ(DataDirectory::UserOf(path), getpid());
    EXPECT_TRUE(absl::IsFailedPrecondition(DataDirectory::Open(path).status()));
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(DataDirectory::UserOf(path), std::nullopt);
  EXPECT_TRUE(DataDirectory::Open(path).ok());
}

TEST(DataDirectory, APathTooLongForASocketIsRefusedWithASentence) {
  const absl::Status refused = DataDirectory::Open("/tmp/" + std::string(100, 'x')).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_TRUE(absl::StrContains(refused.message(), "too long")) << refused;
}

}  // namespace
}  // namespace guestpass::harness
