// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/insertions.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <thread>

#include "common/auth/random.h"
#include "common/status/macros.h"
#include "services/invite/server/faulty_store.h"
#include "services/invite/server/service_fixture.h"
#include "tests/harness/eventually.h"

// New invites that come together, and share a transaction.
namespace guestpass::invite {
namespace {

constexpr size_t kLanes = 2;
constexpr size_t kConnections = kLanes + 1;

// Counts transactions, and loses the answer of one.
class CountedStore : public FaultyStore {
 public:
  using FaultyStore::FaultyStore;

  std::atomic<size_t> begun = 0;
  size_t lost = 0;  // which one, the first being 1

  absl::Status Transact(absl::FunctionRef<absl::Status(InviteTx&)> body) override {
    const size_t number = ++begun;
    const absl::Status status = FaultyStore::Transact(body);
    return number == lost ? Error(Reason::kOutcomeUnknown, "It may have been done.") : status;
  }
};

class InsertionsTest : public ServiceTest {
 protected:
  Insertion& Add(const std::string& email, const UserId& inviter = auth::NewId<UserId>()) {
    Insertion& added = insertions_.emplace_back();
    added.issued.invite = {.name = {workspace_, auth::NewId<InviteId>()},
                           .address = *mail::ParseAddress(email),
                           .role = rights::Role::kMember,
                           .inviter = inviter,
                           .rights_n = 5,
                           .delivery = Delivery::kNotConfigured};
    added.issued.secret = auth::NewSecret();
    added.issued.key = RequestKey{.caller = "c", .method = "m", .id = email, .hash = "h"};
    added.lease = absl::Minutes(1);
    return added;
  }

  // Stores all of them at once, the first two holding the lanes until the others wait.
  std::vector<std::string> InsertTogether() {
    std::vector<std::string> reasons(insertions_.size());
    std::vector<postgres::Lease> held;
    for (size_t i = 0; i < kConnections; ++i) held.push_back(*few_.Acquire());
    counted_.begun = 0;
    std::vector<std::thread> callers;
    for (size_t i = 0; i < insertions_.size(); ++i) {
      callers.emplace_back([&, i] { reasons[i] = ReasonOf(tested_.Insert(insertions_[i])); });
      const auto waiting = [&] { return i < kLanes ? 0 : tested_.waiting(); };
      while (counted_.begun + waiting() < i + 1) std::this_thread::yield();
    }
    held.clear();
    for (std::thread& caller : callers) caller.join();
    return reasons;
  }

  void AddToHoldTheLanes() {
    for (size_t i = 0; i < kLanes; ++i) Add(absl::StrCat("first", i, "@example.com"));
  }

  // Stores an invite; and, behind those that hold the lanes, one by which it no longer stands.
  void AddInPlaceOfAnOlderOne(const std::string& email) {
    Add(email);
    ASSERT_EQ(InsertTogether()[0], "OK");
    insertions_.clear();
    AddToHoldTheLanes();
    Add(email).issued.key.reset();
    insertions_.back().removed_n = 6;
  }

  // As InsertTogether, where somebody else holds what one of them needs: `begin` takes it in a transaction of
  // its own. The others are stored meanwhile.
  void InsertTogetherBeside(const std::string& begin) {
    const auto stored = [&] { return std::stoul(Sql("SELECT count(*)::text FROM invites")); };
    const size_t before = stored(), all = insertions_.size();
    const auto holder = pool_.Acquire();
    ASSERT_TRUE((*holder)->Script(begin).ok());
    std::thread patient([&] { EXPECT_EQ(InsertTogether(), std::vector<std::string>(all, "OK")); });
    EXPECT_TRUE(harness::Eventually(absl::Seconds(20), [&] { return stored() == before + all - 1; }));
    EXPECT_TRUE((*holder)->Script("ROLLBACK").ok());
    patient.join();
    EXPECT_EQ(stored(), before + all);
  }

  std::string Sends() { return Sql("SELECT count(*)::text FROM sends"); }

  std::deque<Insertion> insertions_;
  postgres::PoolOptions PoolOptions() const {
    postgres::PoolOptions options = database_.options(kConnections);
    options.lease_timeout = absl::Seconds(30);
    return options;
  }

  postgres::Pool few_{PoolOptions()};
  PgInviteStore few_store_{few_};
  CountedStore counted_{few_store_};
  Insertions tested_{counted_, {.per_inviter_and_hour = 1}, absl::Hours(1)};
};

TEST_F(InsertionsTest, EachOfACrowdIsStoredAsItself) {
  for (int i = 0; i < 10; ++i) Add(absl::StrCat("a", i, "@example.com"));
  insertions_[7].expire_time = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()) + 18'000);
  EXPECT_EQ(InsertTogether(), std::vector<std::string>(10, "OK"));
  for (const Insertion& insertion : insertions_) {
    const Invite& invite = insertion.issued.invite;
    Presented found;
    ASSERT_TRUE(store_
                    .Transact([&](InviteTx& tx) -> absl::Status {
                      ASSIGN_OR_RETURN(found, tx.GetBySecret(auth::Sha256(insertion.issued.secret), {}));
                      ASSIGN_OR_RETURN(const auto kept, tx.AnswerTo(*insertion.issued.key));
                      EXPECT_EQ(kept, KeptAnswerOf<v1::CreateInviteResponse>(insertion.issued));
                      return absl::OkStatus();
                    })
                    .ok());
    EXPECT_EQ(found.invite.name, invite.name);
    EXPECT_EQ(found.invite.address.folded, invite.address.folded);
    EXPECT_EQ(found.invite.inviter, invite.inviter);
    EXPECT_EQ(found.invite.create_time, invite.create_time);
    EXPECT_EQ(found.invite.expire_time, insertion.expire_time.value_or(invite.create_time + absl::Hours(1)));
  }
  EXPECT_EQ(Sends(), "10");
  EXPECT_LE(std::stoi(Sql("SELECT count(DISTINCT at_us)::text FROM sends")), 3)
      << "they share no transaction";
}

TEST_F(InsertionsTest, WhoIsRefusedHoldsUpNobodyAndCountsForNothing) {
  const UserId eager = auth::NewId<UserId>();
  Add("pending@example.com");
  Add("eager@example.com", eager);
  ASSERT_EQ(InsertTogether(), std::vector<std::string>(2, "OK"));
  insertions_.clear();
  AddToHoldTheLanes();
  Add("ann@example.com");
  Add("pending@example.com").issued.key.reset();
  Add("more@example.com", eager);
  Add("ben@example.com");
  EXPECT_EQ(InsertTogether(), (std::vector<std::string>{"OK", "OK", "OK", "INVITE_PENDING_FOR_EMAIL",
                                                        "INVITE_RATE_LIMITED", "OK"}));
  EXPECT_EQ(Sends(), "6");
  EXPECT_EQ(Sql("SELECT count(*)::text FROM request_answers"), "6");
}

TEST_F(InsertionsTest, WhatStandsInTheWayIsEndedWhereItNoLongerStands) {
  AddInPlaceOfAnOlderOne("ann@example.com");
  Add("ben@example.com");
  EXPECT_EQ(InsertTogether(), std::vector<std::string>(4, "OK"));
  EXPECT_EQ(
      Sql("SELECT string_agg(state, ' ' ORDER BY create_us) FROM invites WHERE email = 'ann@example.com'"),
      "REVOKED PENDING");
}

TEST_F(InsertionsTest, WhoseTimeHasComeMeanwhileIsNotStored) {
  Add("ann@example.com").expire_time = absl::Now() - absl::Seconds(1);
  EXPECT_EQ(InsertTogether()[0], "FIELD_INVALID");
  EXPECT_EQ(Sends(), "0");
}

TEST_F(InsertionsTest, NoTwoOfOneInviterOrToOneAddressGoTogether) {
  const UserId eager = auth::NewId<UserId>();
  AddToHoldTheLanes();
  for (int i = 0; i < 3; ++i) Add(absl::StrCat("eager", i, "@example.com"), eager);
  for (int i = 0; i < 3; ++i) Add("ann@example.com").issued.key.reset();
  std::vector<std::string> reasons = InsertTogether();
  std::sort(reasons.begin(), reasons.end());
  EXPECT_EQ(reasons,
            (std::vector<std::string>{"INVITE_PENDING_FOR_EMAIL", "INVITE_PENDING_FOR_EMAIL",
                                      "INVITE_RATE_LIMITED", "INVITE_RATE_LIMITED", "OK", "OK", "OK", "OK"}));
}

TEST_F(InsertionsTest, WhoseLockSomebodyElseHasHoldsUpNobody) {
  AddToHoldTheLanes();
  const Insertion& slow = Add("slow@example.com");
  Add("ann@example.com");
  InsertTogetherBeside(absl::StrCat("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('s/",
                                    workspace_.text(), "/", slow.issued.invite.inviter.text(), "', 7))"));
}

TEST_F(InsertionsTest, ARowThatSomebodyHoldsHoldsUpOnlyWhoWantsIt) {
  AddInPlaceOfAnOlderOne("slow@example.com");
  Add("ann@example.com");
  InsertTogetherBeside("BEGIN; SELECT FROM invites WHERE email = 'slow@example.com' FOR UPDATE");
}

TEST_F(InsertionsTest, ARivalUnderTheSameKeyCostsTheOthersNothing) {
  AddToHoldTheLanes();
  for (int i = 0; i < 3; ++i) Add(absl::StrCat("a", i, "@example.com"));
  insertions_[4].issued.key = insertions_[3].issued.key;
  std::vector<std::string> reasons = InsertTogether();
  std::sort(reasons.begin(), reasons.end());
  EXPECT_EQ(reasons, (std::vector<std::string>{"CONFLICT", "OK", "OK", "OK", "OK"}));
  EXPECT_EQ(Sends(), "4");
}

TEST_F(InsertionsTest, WhereNobodyHeardOfTheCommitThoseHearItThatHaveAPartInIt) {
  Add("pending@example.com");
  ASSERT_EQ(InsertTogether()[0], "OK");
  insertions_.clear();
  AddToHoldTheLanes();
  Add("ann@example.com");
  Add("pending@example.com").issued.key.reset();
  Add("ben@example.com");
  counted_.lost = kLanes + 1;
  EXPECT_EQ(InsertTogether(), (std::vector<std::string>{"OK", "OK", "OUTCOME_UNKNOWN",
                                                        "INVITE_PENDING_FOR_EMAIL", "OUTCOME_UNKNOWN"}));
  EXPECT_EQ(Sends(), "5") << "stored, and stored once";
}

}  // namespace
}  // namespace guestpass::invite
