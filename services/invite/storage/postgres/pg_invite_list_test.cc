// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "services/invite/storage/postgres/store_fixture.h"

// Lists of invites.
namespace guestpass::invite {
namespace {

class ListTest : public PgInviteStoreTest {
 protected:
  // An invite made so many microseconds after a time in the past.
  Invite Made(int64_t tick) {
    Invite invite = NewInvite(absl::StrCat("a", ++made_, "@example.com"));
    invite.create_time = absl::FromUnixMicros(1'700'000'000'000'000 + tick);
    EXPECT_TRUE(Create(invite).ok());
    return invite;
  }
  std::vector<std::string> Ids(const InviteFilter& filter,
                               const std::optional<InvitePlace>& after = std::nullopt, int limit = 100) {
    const auto listed = store_.List(filter, after, limit);
    EXPECT_TRUE(listed.ok()) << listed.status();
    std::vector<std::string> ids;
    for (const Invite& invite : *listed) ids.emplace_back(invite.name.invite.text());
    return ids;
  }
  static std::string IdOf(const Invite& invite) { return std::string(invite.name.invite.text()); }

  const InviteFilter all_{.workspace = workspace_};
  int made_ = 0;
};

TEST_F(ListTest, TheNewestComeFirstAndOfAMomentTheLargestId) {
  const Invite old = Made(0), one = Made(1), two = Made(1), latest = Made(2);
  Invite elsewhere = NewInvite();
  elsewhere.name.workspace = auth::NewId<WorkspaceId>();
  ASSERT_TRUE(Create(elsewhere).ok());
  const std::string larger = std::max(IdOf(one), IdOf(two)), smaller = std::min(IdOf(one), IdOf(two));
  EXPECT_EQ(Ids(all_), (std::vector<std::string>{IdOf(latest), larger, smaller, IdOf(old)}));
  ExpectSame(store_.List(all_, std::nullopt, 1)->front(), latest);
  EXPECT_TRUE(Ids({.workspace = auth::NewId<WorkspaceId>()}).empty());
}

TEST_F(ListTest, PagesNeitherRepeatNorSkipWhatStoodStillWhileOthersAreMade) {
  std::vector<std::string> made;
  for (int i = 0; i < 23; ++i) made.push_back(IdOf(Made(i / 4)));
  std::vector<std::string> walked;
  std::optional<InvitePlace> after;
  while (true) {
    const auto page = store_.List(all_, after, 5);
    ASSERT_TRUE(page.ok());
    for (const Invite& invite : *page) walked.push_back(IdOf(invite));
    if (page->size() < 5) break;
    after = {page->back().create_time, page->back().name.invite};
    Made(100 + made_);
  }
  std::sort(made.begin(), made.end());
  std::sort(walked.begin(), walked.end());
  EXPECT_EQ(walked, made);
}

TEST_F(ListTest, StatesAreThoseOfThisMoment) {
  const Invite pending = Made(0), late = Made(1), marked = Made(2), revoked = Made(3);
  ASSERT_TRUE(Revoke(revoked).ok());
  Run(absl::StrCat("UPDATE invites SET expire_us = now_us() WHERE id IN ('", IdOf(late), "', '", IdOf(marked),
                   "')"));
  Run(absl::StrCat("UPDATE invites SET state = 'EXPIRED', end_us = expire_us WHERE id = '", IdOf(marked),
                   "'"));
  const auto in = [&](std::vector<State> states) { return Ids({.workspace = workspace_, .states = states}); };
  using Names = std::vector<std::string>;
  EXPECT_EQ(in({State::kPending}), Names{IdOf(pending)});
  EXPECT_EQ(in({State::kExpired}), (Names{IdOf(marked), IdOf(late)}));
  EXPECT_EQ(in({State::kRevoked, State::kPending}), (Names{IdOf(revoked), IdOf(pending)}));
  EXPECT_EQ(in({State::kDeclined}), Names());
  EXPECT_EQ(in({}).size(), 4u);
}

TEST_F(ListTest, OnlyThoseThatExpireBeforeATime) {
  const Invite invite = Made(0);
  const auto before = [&](absl::Time time) {
    return Ids({.workspace = workspace_, .expire_before = time}).size();
  };
  EXPECT_EQ(before(invite.expire_time), 0u);
  EXPECT_EQ(before(invite.expire_time + absl::Microseconds(1)), 1u);
}

}  // namespace
}  // namespace guestpass::invite
