// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>
#include <vector>

#include "common/rights/names.h"
#include "gtest/gtest.h"
#include "services/membership/testing/served.h"

namespace guestpass::membership {
namespace {

// More than there are threads and connections for changes.
constexpr int kChanges = 40;

TEST(ServedHeads, AreReadWhileEveryChangeWaits) {
  Served served;
  const auto holder = served.here.NewSession();
  ASSERT_TRUE(holder->Script("BEGIN; SELECT FROM workspaces FOR UPDATE").ok());
  v1::UpdateWorkspaceRequest change;
  change.mutable_workspace()->set_name(ToName(served.here.workspace));
  change.mutable_workspace()->set_display_name("Renamed");
  change.mutable_update_mask()->add_paths("display_name");
  std::atomic<int> answered{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < kChanges; ++i) {
    callers.emplace_back([&] {
      served.As("owner", &v1::MembershipService::Stub::UpdateWorkspace, change).status().IgnoreError();
      ++answered;
    });
  }
  served.here.AwaitWaiters(8);
  const auto heads =
      served.Call(*served.rights, &rights::v1::RightsService::Stub::GetRightsHeads,
                  served.ServiceToken("messaging-gateway"), rights::v1::GetRightsHeadsRequest());
  EXPECT_TRUE(heads.ok()) << heads.status();
  EXPECT_EQ(answered, 0);
  ASSERT_TRUE(holder->Script("COMMIT").ok());
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
}  // namespace guestpass::membership
