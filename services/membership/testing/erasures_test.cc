// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "common/rights/names.h"
#include "services/membership/testing/organization_cast.h"

namespace guestpass::membership {
namespace {

// Workspaces of the organization $0, $1 of them, in each of which the user $2 is, and from each of which it
// was removed before.
constexpr char kWorkspaces[] = R"sql(
  CREATE TEMP TABLE made AS
    SELECT rpad('w' || translate(i::text, '0189', 'abef'), 26, 'x') AS id, shard
    FROM generate_series(1, $1) i, organizations WHERE organizations.id = '$0';
  INSERT INTO workspaces (id, organization, shard, display_name, grace_us, create_us)
    SELECT id, '$0', shard, 'workspace', 0, 0 FROM made;
  INSERT INTO members (workspace, user_id, shard, role, address, recorded_state, grants, create_us)
    SELECT id, '$2', shard, 'MEMBER', 'ann@example.com', 'ACTIVE', '{}', 0 FROM made;
  INSERT INTO removed_members SELECT id, '$2', address_hash('ann@example.com'), 1 FROM made;
)sql";

class ErasuresTest : public OrganizationCast {
 protected:
  static v1::EraseUserRequest Request(const std::string& user) {
    v1::EraseUserRequest request;
    request.set_user(user.empty() ? "malformed" : IdOf(user).ToString());
    return request;
  }
  absl::StatusOr<v1::EraseUserResponse> EraseAs(rpc::Call call, const v1::EraseUserRequest& request,
                                                absl::Time deadline = absl::InfiniteFuture()) {
    call.deadline = deadline;
    return here_.user_removals.EraseUser(call, request);
  }
  v1::EraseUserResponse Erase(const std::string& user, absl::Time deadline = absl::InfiniteFuture()) {
    const auto response = EraseAs(As("operator"), Request(user), deadline);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::EraseUserResponse());
  }

  void AddWorkspaces(int count) {
    const absl::Status status = here_.NewSession()->Script(
        absl::Substitute(kWorkspaces, here_.organization.text(), count, IdOf("ann").text()));
    ASSERT_TRUE(status.ok()) << status;
  }
  int64_t Records(const std::string& user) {
    return here_.Count(
        absl::StrCat("SELECT count(*) FROM members WHERE user_id = '", IdOf(user).text(), "'"));
  }
  int64_t Addresses() {
    return here_.Count(
        "SELECT (SELECT count(*) FROM members WHERE address = 'ann@example.com') + (SELECT count(*) FROM "
        "removed_members WHERE address_hash = address_hash('ann@example.com'))");
  }
  int64_t Erased() {
    return here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.erased'");
  }
};

TEST_F(ErasuresTest, OperatorsAloneEraseAndThatIsCheckedBeforeTheRequestIs) {
  Answers expected;
  for (const std::string& name : Everybody()) expected[name] = "CALLER_NOT_ALLOWED";
  expected.erase("operator");
  const auto erase = [&](const rpc::Call& call) { return EraseAs(call, Request("ann")).status(); };
  EXPECT_EQ(TellEverybody(erase), expected);
  EXPECT_EQ(EraseAs(As("owner"), Request("")).status(), EraseAs(As("owner"), Request("ann")).status());
  EXPECT_EQ(FieldsOf(EraseAs(As("operator"), Request("")).status()), std::vector<std::string>{"user"});
  EXPECT_TRUE(Erase("nobody").done());
}

TEST_F(ErasuresTest, AnAddressGoesFromEverywhereAndTheIdsStay) {
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  ASSERT_EQ(Told(here_.Remove("owner", "ann")), "OK");
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  AddWorkspaces(3);
  ASSERT_TRUE(
      here_.NewSession()
          ->Script(
              "UPDATE workspaces SET deleted = true WHERE id LIKE 'wb%'; INSERT INTO organizations "
              "VALUES (repeat('o', 26), 3, 'other', 0); UPDATE workspaces SET organization = repeat('o', "
              "26), shard = 3 WHERE id LIKE 'w2%'")
          .ok());
  ASSERT_EQ(Addresses(), 8);
  const int64_t others = here_.Count("SELECT count(address) FROM members WHERE address NOT LIKE 'ann@%'");
  const size_t commits = here_.recorder.commits().size();
  const v1::EraseUserResponse response = Erase("ann");
  EXPECT_EQ(response.cleared(), 8);
  EXPECT_EQ(response.remaining(), 0);
  EXPECT_TRUE(response.done());
  EXPECT_EQ(Addresses(), 0);
  EXPECT_EQ(Records("ann"), 4);
  EXPECT_EQ(here_.Count("SELECT count(address) FROM members"), others);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM removed_members WHERE removed_n > 0"), 4);
  EXPECT_EQ(here_.recorder.commits().size(), commits) << "no decision reads an address";
}

TEST_F(ErasuresTest, EachMembersErasureIsAuditedInItsWorkspaceWithoutTheAddress) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  const Written written = WrittenBy([&] { Erase("ann"); });
  EXPECT_TRUE(written.entries.empty());
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_EQ(written.audit[0].action, "member.erased");
  EXPECT_EQ(written.audit[0].target, here_.MemberName("ann"));
  EXPECT_EQ(written.audit[0].actor, IdOf("operator"));
  EXPECT_TRUE(written.audit[0].platform);
  EXPECT_EQ(written.audit[0].before + written.audit[0].after, "");
  EXPECT_EQ(here_.Count(absl::StrCat("SELECT count(*) FROM audit_entries WHERE action = 'member.erased' AND "
                                     "workspace = '",
                                     here_.workspace.text(), "'")),
            1);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries a WHERE a::text LIKE '%@%'"), 0);
  EXPECT_TRUE(WrittenBy([&] { EXPECT_EQ(Erase("ann").cleared(), 0); }).nothing()) << "it is erased already";
}

// In which the user shows an address again between the clearing of members' records and of the rest.
class LateAddress : public PgUpkeep {
 public:
  LateAddress(postgres::Pool& pool, std::function<void()> show) : PgUpkeep(pool), show_(std::move(show)) {}
  absl::StatusOr<int64_t> EraseAddresses(const UserId& user, int limit) override {
    show_();
    return PgUpkeep::EraseAddresses(user, limit);
  }

 private:
  const std::function<void()> show_;
};

TEST_F(ErasuresTest, AnAddressThatIsShownMeanwhileStaysAndIsCountedAndNeverGoesUnaudited) {
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  LateAddress upkeep(here_.pool, [&] {
    rights::v1::SetMemberEmailRequest request;
    request.set_workspace(here_.workspace.ToString());
    EXPECT_TRUE(here_.rights.SetMemberEmail(Installation::AsService("invite", "ann"), request).ok());
  });
  const auto response = UserRemovals(here_.store, upkeep).EraseUser(As("operator"), Request("ann"));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->cleared(), 1);
  EXPECT_EQ(response->remaining(), 1);
  EXPECT_FALSE(response->done());
  EXPECT_EQ(Erased(), 1);
  EXPECT_TRUE(Erase("ann").done());
  EXPECT_EQ(Erased(), 2);
}

TEST_F(ErasuresTest, ADryRunCountsAndChangesNothing) {
  AddWorkspaces(3);
  v1::EraseUserRequest request = Request("ann");
  request.set_validate_only(true);
  const auto response = EraseAs(As("operator"), request);
  EXPECT_EQ(response->cleared(), 6);
  EXPECT_EQ(response->remaining(), 6);
  EXPECT_FALSE(response->done());
  EXPECT_EQ(Addresses(), 6);
  EXPECT_EQ(Erased(), 0);
}

TEST_F(ErasuresTest, WhoIsErasedStaysRemoved) {
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  auto invite = here_.InviteBy("owner", "before");
  ASSERT_EQ(Told(here_.Remove("owner", "ann")), "OK");
  EXPECT_EQ(Erase("ann").cleared(), 1);
  EXPECT_EQ(Told(here_.rights.JoinMember(Installation::AsService("invite", "ann"), invite).status()),
            "INVITE_NO_LONGER_VALID");
}

TEST_F(ErasuresTest, ThousandsGoOneATransactionAndACallGoesOnWhereAnotherStopped) {
  constexpr int kMany = 10'000;
  AddWorkspaces(kMany);
  EXPECT_EQ(Erase("ann", absl::Now()).remaining(), 2 * kMany);
  v1::EraseUserResponse response = Erase("ann", absl::Now() + absl::Seconds(1));
  EXPECT_FALSE(response.done());
  EXPECT_GT(response.cleared(), 0);
  int64_t cleared = response.cleared();
  while (!response.done()) {
    EXPECT_EQ(response.remaining(), 2 * kMany - cleared);
    const absl::Time began = absl::Now();
    response = Erase("ann");
    EXPECT_LT(absl::Now() - began, absl::Seconds(12));
    ASSERT_GT(response.cleared(), 0);
    cleared += response.cleared();
  }
  EXPECT_EQ(cleared, 2 * kMany);
  EXPECT_EQ(Addresses(), 0);
  EXPECT_EQ(Erased(), kMany);
  EXPECT_EQ(here_.Count(
                absl::StrCat("SELECT max(rows) FROM (SELECT count(*) AS rows FROM members WHERE user_id = '",
                             IdOf("ann").text(), "' GROUP BY xmin::text) t")),
            1);
}

TEST_F(ErasuresTest, ManyErasuresAtOnceTellOfEachAddressOnce) {
  constexpr int kWorkspaces = 40, kRivals = 50;
  AddWorkspaces(kWorkspaces);
  std::atomic<int64_t> cleared = 0;
  Race(kRivals, [&](int) { cleared += Erase("ann").cleared(); });
  EXPECT_EQ(cleared, 2 * kWorkspaces);
  EXPECT_EQ(Erased(), kWorkspaces);
  EXPECT_EQ(Addresses(), 0);
}

}  // namespace
}  // namespace guestpass::membership
