// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/notification.h"
#include "services/invite/server/resend.h"
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

const Member kThroughTheOrganization = {.direct = false, .role = rights::Role::kAdmin};

class RedemptionLinksTest : public ServiceTest {
 protected:
  // Each on a thread of its own, all at once; gives how many succeeded.
  int Race(const std::vector<rpc::Call>& callers, const std::string& secret) {
    std::atomic<int> succeeded = 0;
    std::vector<std::thread> racers;
    for (const rpc::Call& caller : callers) {
      racers.emplace_back([&, caller] {
        const auto redeemed = RedeemPatiently(caller, secret);
        succeeded += redeemed.ok();
        const std::string reason = ReasonOf(redeemed.status());
        EXPECT_TRUE(redeemed.ok() || reason == "INVITE_EXHAUSTED") << redeemed.status();
      });
    }
    for (std::thread& racer : racers) racer.join();
    return succeeded;
  }

  // Each on a thread of its own, while the invite is held; gives what each met.
  std::vector<std::string> RedeemTogether(const std::vector<rpc::Call>& callers, const Made& link) {
    std::vector<std::string> met(callers.size());
    std::vector<std::thread> threads;
    const auto begin_all = [&](InviteTx& tx) -> absl::Status {
      EXPECT_TRUE(tx.Lock(link.name).ok());
      for (size_t i = 0; i < callers.size(); ++i) {
        threads.emplace_back([&, i] { met[i] = ReasonOf(Redeem(callers[i], link.secret).status()); });
      }
      // The first of them waits for the invite, the others for the first.
      while (redemption_.waiting() < callers.size() - 1) std::this_thread::yield();
      return absl::OkStatus();
    };
    EXPECT_TRUE(store_.Transact(begin_all).ok());
    for (std::thread& thread : threads) thread.join();
    return met;
  }

  // What holds in the end, whatever happened.
  void ExpectSpentAsJoined(const InviteName& name, size_t joined) {
    const std::vector<UserId> users = membership_.joined_by(name);
    EXPECT_EQ(users.size(), joined);
    EXPECT_EQ(std::set<UserId>(users.begin(), users.end()).size(), joined) << "one use a person at most";
    EXPECT_EQ(Stored(name).spent, static_cast<int>(joined));
    EXPECT_EQ(Stored(name).reserved, 0);
    EXPECT_EQ(OpenCount(), 0);
  }

  Made LinkForMembers(bool unlimited) {
    v1::CreateInviteRequest request;
    request.set_parent(ToName(workspace_));
    request.mutable_invite()->set_role(type::v1::ROLE_MEMBER);
    request.mutable_invite()->mutable_link()->set_max_uses(unlimited ? 0 : 3);
    request.mutable_invite()->mutable_link()->set_unlimited_uses(unlimited);
    return MadeBy(request);
  }

  static std::vector<rpc::Call> Users(int count, int times = 1) {
    std::vector<rpc::Call> users;
    for (int i = 0; i < count; ++i) {
      const rpc::Call user = NewUser();
      users.insert(users.end(), times, user);
    }
    return users;
  }

  Resend resend_{store_, membership_, no_mail_, options_};
};

TEST_F(RedemptionLinksTest, WhoIsLeftAsAnAdminOfTheOrganizationJoinsAnewByALinkThatWasResent) {
  for (const bool unlimited : {true, false}) {
    const rpc::Call admin = NewUser();
    const Made link = LinkForMembers(unlimited);
    ASSERT_EQ(Redeem(admin, link.secret)->role(), type::v1::ROLE_MEMBER);
    membership_.Remove(UserOf(admin));
    membership_.Add(UserOf(admin), kThroughTheOrganization);
    EXPECT_EQ(ReasonOf(Redeem(admin, link.secret).status()), "INVITE_NO_LONGER_VALID") << "made before that";
    v1::ResendInviteRequest request;
    request.set_name(link.name.ToString());
    const auto resent = resend_.ResendInvite(admin_, request);
    ASSERT_TRUE(resent.ok()) << resent.status();
    const auto redeemed = Redeem(admin, resent->secret());
    ASSERT_TRUE(redeemed.ok()) << redeemed.status();
    EXPECT_FALSE(redeemed->already_member());
    EXPECT_EQ(redeemed->role(), type::v1::ROLE_MEMBER);
    EXPECT_EQ(membership_.joined_by(link.name).size(), 2u);
    EXPECT_EQ(Stored(link.name).spent, 1) << "one use a person";
  }
}

TEST_F(RedemptionLinksTest, WhileItIsDecidedAnAdminOfTheOrganizationIsNoMemberYet) {
  for (const bool unlimited : {true, false}) {
    const rpc::Call admin = NewUser();
    membership_.Add(UserOf(admin), kThroughTheOrganization);
    const Made link = LinkForMembers(unlimited);
    bool is_first = true;
    membership_.on_join = [&] {
      if (!std::exchange(is_first, false)) return;
      EXPECT_EQ(ReasonOf(Redeem(admin, link.secret).status()), "CONFLICT");
    };
    const auto redeemed = Redeem(admin, link.secret);
    ASSERT_TRUE(redeemed.ok()) << redeemed.status();
    EXPECT_FALSE(redeemed->already_member());
    EXPECT_TRUE(Redeem(admin, link.secret)->already_member());
    membership_.on_join = nullptr;
  }
}

TEST_F(RedemptionLinksTest, TwoHundredWhoRaceForTenUsesBecomeTenMembers) {
  for (const bool loses_answer : {false, true}) {
    const Made link = Linked(10);
    membership_.loses_answer = loses_answer;
    EXPECT_EQ(Race(Users(200), link.secret), 10);
    ExpectSpentAsJoined(link.name, 10);
    EXPECT_EQ(Stored(link.name).state, State::kRedeemed);
  }
}

TEST_F(RedemptionLinksTest, FiveWhoRaceForTenUsesFortyTimesEachTakeFive) {
  const Made link = Linked(10);
  EXPECT_EQ(Race(Users(5, 40), link.secret), 200);
  ExpectSpentAsJoined(link.name, 5);
  EXPECT_EQ(Stored(link.name).state, State::kPending);
}

TEST_F(RedemptionLinksTest, WhoIsHeldUpAtOneInviteHoldsUpNobodyAtAnother) {
  const Made held = Linked(5), free = Linked(5);
  EXPECT_EQ(RedeemTogether(Users(4), Linked(0)), std::vector<std::string>(4, "OK")) << "a crowd elsewhere";
  absl::Notification holds, may_end;
  std::thread holder([&] {
    EXPECT_TRUE(store_
                    .Transact([&](InviteTx& tx) -> absl::Status {
                      EXPECT_TRUE(tx.Lock(held.name).ok());
                      holds.Notify();
                      may_end.WaitForNotification();
                      return absl::OkStatus();
                    })
                    .ok());
  });
  holds.WaitForNotification();
  std::vector<std::thread> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.emplace_back([&] { EXPECT_TRUE(RedeemPatiently(NewUser(), held.secret).ok()); });
    EXPECT_TRUE(Redeem(NewUser(), free.secret).ok());
  }
  may_end.Notify();
  holder.join();
  for (std::thread& thread : waiting) thread.join();
  EXPECT_EQ(membership_.joined_by(held.name).size(), 5u);
}

TEST_F(RedemptionLinksTest, ThoseWhoReservedTogetherJoinInOneCall) {
  const Made link = Linked(0);
  EXPECT_EQ(RedeemTogether(Users(11), link), std::vector<std::string>(11, "OK"));
  EXPECT_EQ(membership_.crowds(), (std::vector<size_t>{1, 10}));
  ExpectSpentAsJoined(link.name, 11);
}

TEST_F(RedemptionLinksTest, ARefusalOfOneOfACrowdIsItsOwn) {
  const Made link = Linked(0);
  std::vector<rpc::Call> users = Users(4);
  membership_.Remove(UserOf(users[2]));
  EXPECT_EQ(RedeemTogether(users, link),
            (std::vector<std::string>{"OK", "OK", "INVITE_NO_LONGER_VALID", "OK"}));
  ExpectSpentAsJoined(link.name, 3);
}

TEST_F(RedemptionLinksTest, OthersReserveWhileOneJoins) {
  const Made link = Linked(0);
  absl::Notification joins, may_go_on;
  std::atomic<bool> is_first = true;
  membership_.on_join = [&] {
    if (!is_first.exchange(false)) return;
    joins.Notify();
    may_go_on.WaitForNotification();
  };
  std::thread first([&] { EXPECT_TRUE(Redeem(NewUser(), link.secret).ok()); });
  joins.WaitForNotification();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Redeem(NewUser(), link.secret).ok());
  may_go_on.Notify();
  first.join();
  ExpectSpentAsJoined(link.name, 4);
}

TEST_F(RedemptionLinksTest, ALinkWithoutALimitLetsEverybodyInAndCountsThem) {
  settler_.Start();
  const Made link = Linked(0);
  EXPECT_EQ(Race(Users(100), link.secret), 100);
  settler_.Stop();
  ExpectSpentAsJoined(link.name, 100);
  EXPECT_EQ(Stored(link.name).state, State::kPending);
}

TEST_F(RedemptionLinksTest, RepeatingIsASuccessEvenBeforeTheFirstWasSettled) {
  settler_.Start();
  const Made link = Linked(0);
  for (int i = 0; i < 20; ++i) {
    const rpc::Call user = NewUser();
    ASSERT_TRUE(Redeem(user, link.secret).ok());
    const auto again = Redeem(user, link.secret);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE(again->already_member());
  }
  settler_.Stop();
  ExpectSpentAsJoined(link.name, 20);
}

TEST_F(RedemptionLinksTest, WhoIsAMemberSpendsNoUseOfALink) {
  const rpc::Call member = NewUser();
  membership_.Add(UserOf(member), {.role = rights::Role::kViewer});
  for (const int uses : {1, 0}) {
    const Made link = Linked(uses);
    const auto redeemed = Redeem(member, link.secret);
    ASSERT_TRUE(redeemed.ok()) << redeemed.status();
    EXPECT_TRUE(redeemed->already_member());
    EXPECT_EQ(redeemed->role(), type::v1::ROLE_VIEWER);
    ExpectSpentAsJoined(link.name, 0);
    ASSERT_TRUE(Redeem(NewUser(), link.secret).ok()) << "its use is free";
    ExpectSpentAsJoined(link.name, 1);
  }
}

TEST_F(RedemptionLinksTest, NorIfTheAnswerThatSaidSoWasLost) {
  const rpc::Call member = NewUser();
  membership_.Add(UserOf(member), {});
  membership_.loses_answer = true;
  const Made link = Linked(1);
  const auto redeemed = Redeem(member, link.secret);
  ASSERT_TRUE(redeemed.ok()) << redeemed.status();
  EXPECT_TRUE(redeemed->already_member());
  ExpectSpentAsJoined(link.name, 0);
}

TEST_F(RedemptionLinksTest, ALinkSaysWhetherItNeedsAVerifiedAddress) {
  const rpc::Call unverified = NewUser("");
  EXPECT_EQ(ReasonOf(Redeem(unverified, Linked(1).secret).status()), "EMAIL_NOT_VERIFIED");
  EXPECT_TRUE(Redeem(unverified, Linked(1, true).secret).ok());
}

TEST_F(RedemptionLinksTest, AnEndedGuestComesBackByALaterMailAndByNoLink) {
  const Made before = MadeBy(GuestRequest());
  const Made link = Linked(1);
  membership_.End(UserOf(ann_));
  const Made later_link = Linked(1);
  EXPECT_EQ(ReasonOf(Redeem(ann_, link.secret).status()), "GUEST_ENDED");
  EXPECT_EQ(ReasonOf(Redeem(ann_, later_link.secret).status()), "GUEST_ENDED");
  EXPECT_EQ(ReasonOf(Redeem(ann_, before.secret).status()), "GUEST_ENDED") << "it was made before the end";
  ExpectSpentAsJoined(later_link.name, 0);
  ASSERT_TRUE(Revoke(before.name).ok());
  const Made later = MadeBy(GuestRequest());
  const auto back = Redeem(ann_, later.secret);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_FALSE(back->already_member());
  ExpectSpentAsJoined(later.name, 1);
}

TEST_F(RedemptionLinksTest, WhoWasRemovedGetsBackByNoInviteItEverHad) {
  const Made used_mail = MadeBy(GuestRequest());
  ASSERT_TRUE(Redeem(ann_, used_mail.secret).ok());
  std::vector<Made> had = {used_mail, MadeBy(GuestRequest()), Linked(2), Linked(0), Linked(1)};
  membership_.Remove(UserOf(ann_));
  const Made used_link = Linked(2), used_unlimited = Linked(0);
  ASSERT_TRUE(Redeem(ann_, used_link.secret).ok());
  ASSERT_TRUE(Redeem(ann_, used_unlimited.secret).ok());
  had.insert(had.end(), {used_link, used_unlimited});
  membership_.Remove(UserOf(ann_));
  for (const Made& made : had) {
    EXPECT_EQ(ReasonOf(Redeem(ann_, made.secret).status()), "INVITE_NO_LONGER_VALID");
  }
  EXPECT_EQ(membership_.member_count(), 0u);
  EXPECT_EQ(OpenCount(), 0);
  EXPECT_TRUE(Redeem(ann_, Linked(1).secret).ok()) << "a later one does";
}

TEST_F(RedemptionLinksTest, WhoHasSpentAUseAndMayComeBackTakesNoOther) {
  const Made link = Linked(2);
  ASSERT_TRUE(Redeem(ann_, link.secret).ok());
  membership_.Remove(UserOf(ann_));
  EXPECT_EQ(ReasonOf(Redeem(ann_, link.secret).status()), "INVITE_NO_LONGER_VALID");
  Sql("UPDATE invites SET rights_n = 1000 RETURNING id");  // as resending it does
  const auto back = Redeem(ann_, link.secret);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_FALSE(back->already_member());
  EXPECT_EQ(Stored(link.name).spent, 1);
  EXPECT_EQ(Stored(link.name).reserved, 0);
  EXPECT_TRUE(Redeem(bob_, link.secret).ok());
  EXPECT_EQ(Stored(link.name).state, State::kRedeemed);
  membership_.Remove(UserOf(ann_));
  Sql("UPDATE invites SET rights_n = 2000 RETURNING id");
  EXPECT_EQ(ReasonOf(Redeem(ann_, link.secret).status()), "INVITE_NO_LONGER_VALID") << "it has ended";
}

TEST_F(RedemptionLinksTest, WhileOnlyReservationsStandInTheWayItIsNotExhausted) {
  const Made link = Linked(1);
  membership_.loses_request = membership_.unreachable = true;
  EXPECT_EQ(ReasonOf(Redeem(ann_, link.secret).status()), "SERVICE_UNAVAILABLE");
  membership_.loses_request = membership_.unreachable = false;
  const absl::Status waits = Redeem(bob_, link.secret).status();
  EXPECT_EQ(ReasonOf(waits), "CONFLICT");
  EXPECT_GT(DetailsOf(waits)->retry_after, absl::ZeroDuration());
  Age();
  ASSERT_TRUE(Redeem(bob_, link.secret).ok()) << "the abandoned one is settled first";
  ExpectSpentAsJoined(link.name, 1);
  EXPECT_EQ(ReasonOf(Redeem(ann_, link.secret).status()), "INVITE_EXHAUSTED");
}

TEST_F(RedemptionLinksTest, AMailsSecretBeforeWorksUntilItsOwnExpiry) {
  for (const bool still : {true, false}) {
    const std::string address = still ? "ann@example.com" : "bob@example.com";
    const Made made = MadeBy(GuestRequest(address));
    Sql(std::string("UPDATE invites SET previous_secret_hash = secret_hash, secret_hash = sha256('new") +
        (still ? "1" : "2") + "'), previous_expire_us = " + (still ? "expire_us" : "create_us") +
        " WHERE id = '" + made.name.invite.ToString() + "' RETURNING id");
    EXPECT_EQ(ReasonOf(Redeem(NewUser(address), made.secret).status()), still ? "OK" : "INVITE_EXPIRED");
    EXPECT_EQ(ReasonOf(Redeem(NewUser(address), still ? "new1" : "new2").status()),
              still ? "INVITE_EXHAUSTED" : "OK");
  }
}

}  // namespace
}  // namespace guestpass::invite
