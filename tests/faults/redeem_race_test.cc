// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "tests/faults/armed_test.h"
#include "tests/harness/eventually.h"

namespace guestpass::faults {
namespace {

constexpr int kUses = 10;
constexpr int kRacing = 200;

class RedeemRace : public ArmedTest {
 protected:
  // Everybody at once, and each until the answer is for good.
  std::vector<ArmedStack::Outcome> Race(const Link& link, int users) {
    std::vector<ArmedStack::Outcome> racing;
    for (int i = 0; i < kRacing; ++i) {
      racing.push_back(armed_->RedeemInsisting(absl::StrCat("racer", i % users), link.secret));
    }
    return racing;
  }

  // How many have got in; that the others were told that no use is left.
  int CountIn(std::vector<ArmedStack::Outcome> racing) {
    int in = 0;
    for (ArmedStack::Outcome& outcome : racing) {
      const absl::Status status = outcome.get();
      in += status.ok();
      EXPECT_TRUE(status.ok() || HasReason(status, Reason::kInviteExhausted)) << status;
    }
    return in;
  }

  void RestartKilled(const std::string& service) {
    armed_->stack().service(service).Kill();
    const absl::Status back = armed_->stack().service(service).Restart();
    ASSERT_TRUE(back.ok()) << back;
  }
};

TEST_F(RedeemRace, OfTwoHundredUsersTenTakeTheTenUses) {
  const Link link = NewLink(kUses);
  EXPECT_EQ(CountIn(Race(link, kRacing)), kUses);
  ExpectJoined(link, kUses);
}

TEST_F(RedeemRace, FiveUsersFortyTimesEachTakeFiveOfTheTenUses) {
  const Link link = NewLink(kUses);
  EXPECT_EQ(CountIn(Race(link, 5)), kRacing) << "each repeats its own success";
  ExpectJoined(link, 5);
}

TEST_F(RedeemRace, TenGetInAlsoWhereBothProcessesDieMeanwhile) {
  for (const int users : {kRacing, 5}) {
    SCOPED_TRACE(users);
    UseNewPlace();
    const Link link = NewLink(kUses);
    std::vector<ArmedStack::Outcome> racing = Race(link, users);
    for (const char* service : {"invite", "membership", "invite"}) {
      EXPECT_TRUE(harness::Eventually(kPatience, [&] { return armed_->AllUses()[link.id].keys > 0; }));
      RestartKilled(service);
    }
    EXPECT_EQ(CountIn(std::move(racing)), users == 5 ? kRacing : kUses);
    ExpectJoined(link, std::min(users, kUses));
  }
}

}  // namespace
}  // namespace guestpass::faults
