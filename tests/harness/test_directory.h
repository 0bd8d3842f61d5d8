// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "gtest/gtest.h"

namespace guestpass::harness {

// A new, empty directory of a test's own, which goes with this. Where Bazel wants tests' files.
class TestDirectory {
 public:
  TestDirectory() {
    const char* place = getenv("TEST_TMPDIR");
    path_ = std::string(place != nullptr ? place : "/tmp") + "/testXXXXXX";
    EXPECT_NE(mkdtemp(path_.data()), nullptr) << path_;
  }
  ~TestDirectory() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
    EXPECT_FALSE(error) << path_ << ": " << error.message();
  }
  TestDirectory(const TestDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace guestpass::harness
