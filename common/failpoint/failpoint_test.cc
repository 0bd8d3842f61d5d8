// SPDX-License-Identifier: Apache-2.0
#include "common/failpoint/failpoint.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "tests/harness/eventually.h"
#include "tests/harness/test_directory.h"

namespace guestpass::failpoint {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

class Failpoint : public testing::Test {
 protected:
  Failpoint() {
    // The directory is looked up once in a process.
    static const auto* const directory = new harness::TestDirectory();
    setenv("GUESTPASS_FAILPOINTS", directory->path().c_str(), 1);
    directory_ = directory->path();
  }

  void Order(const std::string& file, const std::string& order) {
    std::ofstream(directory_ + "/" + file) << order;
  }
  bool Exists(const std::string& file) { return std::filesystem::exists(directory_ + "/" + file); }
  void Release(const std::string& file) { std::filesystem::remove(directory_ + "/" + file); }

  // That a caller waits there by that file's order, and until it is gone.
  void ExpectHeldBy(const std::string& file) {
    Order(file, "hold");
    std::thread caller([] { Reach("step", "invite.user.attempt"); });
    EXPECT_TRUE(harness::Eventually(kPatience, [&] { return Exists(file + ".reached"); })) << file;
    Release(file);
    caller.join();
  }

  std::string directory_;
};

TEST_F(Failpoint, WithoutAnOrderNothingHappens) {
  Order("another", "kill");
  Order("step@another", "kill");
  Order("step@invite.use", "kill");
  Reach("step", "invite.user.attempt");
  Reach("step", "");
}

TEST_F(Failpoint, HoldsWhatAnOrderIsAboutUntilItIsGone) {
  ExpectHeldBy("step");
  ExpectHeldBy("step@invite");
  ExpectHeldBy("step@invite.user");
  ExpectHeldBy("step@invite.user.attempt");
}

TEST_F(Failpoint, EndsTheProcessAtOnce) {
  Order("end", "kill");
  EXPECT_EXIT(Reach("end", ""), testing::KilledBySignal(SIGKILL), "");
}

}  // namespace
}  // namespace guestpass::failpoint
