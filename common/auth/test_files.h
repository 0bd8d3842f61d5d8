// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdio.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/auth/random.h"
#include "gtest/gtest.h"

namespace guestpass::auth {

// A new, empty directory of this test's own.
inline std::string NewTestDirectory() {
  const std::string path = testing::TempDir() + "/" + Base32(RandomBytes(8));
  std::filesystem::create_directories(path);
  return path;
}

// Puts a whole file at `path`, as whoever rotates keys does.
inline void Replace(const std::string& path, const std::string& contents) {
  std::ofstream(path + ".new", std::ios::binary) << contents;
  ASSERT_EQ(rename((path + ".new").c_str(), path.c_str()), 0);
}

}  // namespace guestpass::auth
