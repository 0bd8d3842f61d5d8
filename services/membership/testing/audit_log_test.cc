// SPDX-License-Identifier: Apache-2.0
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

class AuditLogTest : public testing::Test {
 protected:
  v1::ListAuditEntriesRequest OfWorkspace() {
    v1::ListAuditEntriesRequest request;
    request.set_parent(ToName(here_.workspace));
    return request;
  }
  v1::ListAuditEntriesRequest OfOrganization() {
    v1::ListAuditEntriesRequest request;
    request.set_parent(ToName(here_.organization));
    return request;
  }
  auto List(const rpc::Call& call, const v1::ListAuditEntriesRequest& request) {
    return here_.audit_log.ListAuditEntries(call, request);
  }
  std::vector<std::string> ActionsOf(const v1::ListAuditEntriesRequest& request) {
    const auto page = List(Installation::As("owner"), request);
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<std::string> actions;
    for (const auto& entry : page->entries()) actions.push_back(entry.action());
    return actions;
  }

  Installation here_;
};

void ExpectReason(const absl::Status& status, Reason reason) {
  EXPECT_TRUE(HasReason(status, reason)) << status;
}

TEST_F(AuditLogTest, AdminAuthorityReadsAWorkspacesAndTheOrganizationsOwnAllOfIt) {
  here_.AddMember("admin", type::v1::ROLE_ADMIN);
  here_.AddMember("member", type::v1::ROLE_MEMBER);
  here_.AddMember("guest", type::v1::ROLE_GUEST);
  for (const char* name : {"owner", "orgadmin", "admin"}) {
    EXPECT_TRUE(List(Installation::As(name), OfWorkspace()).ok()) << name;
  }
  for (const char* name : {"member", "guest", "stranger"}) {
    ExpectReason(List(Installation::As(name), OfWorkspace()).status(), Reason::kRoleTooLow);
  }
  for (const char* name : {"owner", "orgadmin"}) {
    EXPECT_EQ(List(Installation::As(name), OfOrganization())->entries(0).action(), "organization.created");
  }
  for (const char* name : {"admin", "member", "stranger"}) {
    ExpectReason(List(Installation::As(name), OfOrganization()).status(), Reason::kRoleTooLow);
  }
  EXPECT_TRUE(List(Installation::AsOperator(), OfOrganization()).ok());
  auto unknown = OfOrganization();
  unknown.set_parent("organizations/" + std::string(26, 'x'));
  ExpectReason(List(Installation::AsOperator(), unknown).status(), Reason::kOrganizationNotFound);
  ExpectReason(List(Installation::As("owner"), unknown).status(), Reason::kRoleTooLow);
}

TEST_F(AuditLogTest, AnEntrySaysWhoWhatOnWhomBeforeAfterWhenAndByWhichCall) {
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  v1::UpdateMemberRequest update;
  update.mutable_member()->set_name(here_.MemberName("ann"));
  update.mutable_member()->set_role(type::v1::ROLE_VIEWER);
  rpc::Call call = Installation::AsService("edge", "owner");
  call.request_id = "the-call";
  ASSERT_TRUE(here_.members.UpdateMember(call, update).ok());
  auto request = OfWorkspace();
  request.set_target(here_.MemberName("ann"));
  request.set_action("member.role_changed");
  const auto page = List(Installation::As("owner"), request);
  ASSERT_EQ(page->entries_size(), 1);
  const v1::AuditEntry& entry = page->entries(0);
  EXPECT_EQ(entry.actor(), Installation::IdOf("owner").ToString());
  EXPECT_EQ(entry.service(), "edge");
  EXPECT_FALSE(entry.platform());
  EXPECT_EQ(entry.workspace(), ToName(here_.workspace));
  EXPECT_EQ(entry.organization(), ToName(here_.organization));
  EXPECT_EQ(entry.before().fields().at("role").string_value(), "MEMBER");
  EXPECT_EQ(entry.after().fields().at("role").string_value(), "VIEWER");
  EXPECT_EQ(entry.request_id(), "the-call");
  EXPECT_EQ(entry.record_time().seconds(), entry.effective_time().seconds());
}

TEST_F(AuditLogTest, PagesAreInTheOrderOfNumbersAndEndWhereTheLogDoes) {
  const auto all = ActionsOf(OfWorkspace());
  ASSERT_GE(all.size(), 4u);
  auto request = OfWorkspace();
  request.set_page_size(1);
  std::vector<std::string> walked;
  int64_t last = 0;
  do {
    const auto page = List(Installation::As("owner"), request);
    ASSERT_TRUE(page.ok()) << page.status();
    ASSERT_EQ(page->entries_size(), 1);
    EXPECT_GT(page->entries(0).number(), last);
    last = page->entries(0).number();
    walked.push_back(page->entries(0).action());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(walked, all);
}

TEST_F(AuditLogTest, WhoFollowsItByNumberSeesEveryEntryOnceWhileOthersWrite) {
  std::atomic<bool> writing{true};
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&, i] {
      for (int k = 0; k < 10; ++k) here_.AddMember(absl::StrCat("m", i, "x", k), type::v1::ROLE_VIEWER);
    });
  }
  std::thread ends([&] {
    for (std::thread& writer : writers) writer.join();
    writing = false;
  });
  std::vector<int64_t> numbers;
  auto request = OfWorkspace();
  request.set_action("member.joined");
  for (bool last = false; !last;) {
    last = !writing;
    const auto page = List(Installation::As("owner"), request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& entry : page->entries()) numbers.push_back(entry.number());
    if (!numbers.empty()) request.set_after_number(numbers.back());
  }
  ends.join();
  EXPECT_EQ(numbers.size(), 40u);
  EXPECT_EQ(std::set<int64_t>(numbers.begin(), numbers.end()).size(), 40u);
}

TEST_F(AuditLogTest, AWalkFindsWhatIsRareThoughPagesOfItAreEmpty) {
  ASSERT_TRUE(here_.NewSession()
                  ->Run("INSERT INTO audit_entries SELECT e.shard, 1000 + i, e.organization, $1, NULL, NULL, "
                        "false, CASE i % 12000 WHEN 0 THEN 'rare' ELSE 'usual' END, 'target', NULL, NULL, "
                        "1000, 900, 'request' FROM generate_series(1, 36000) i, (SELECT DISTINCT shard, "
                        "organization FROM audit_entries) e",
                        postgres::Params::Of(here_.workspace))
                  .ok());
  for (v1::ListAuditEntriesRequest request : {OfWorkspace(), OfOrganization()}) {
    request.set_action("rare");
    request.set_page_size(2);
    std::vector<int64_t> numbers;
    int pages = 0;
    do {
      const auto page = List(Installation::As("owner"), request);
      ASSERT_TRUE(page.ok()) << page.status();
      ++pages;
      for (const auto& entry : page->entries()) numbers.push_back(entry.number());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(numbers, (std::vector<int64_t>{13'000, 25'000, 37'000}));
    EXPECT_EQ(pages, 4) << "of ten thousand each";
  }
}

TEST_F(AuditLogTest, FiltersAreCombinedAndEachBadOneIsNamed) {
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  here_.AddMember("ben", type::v1::ROLE_MEMBER);
  auto request = OfWorkspace();
  request.set_action("member.joined");
  EXPECT_EQ(ActionsOf(request).size(), 2u);
  request.set_actor(Installation::IdOf("ann").ToString());
  EXPECT_EQ(ActionsOf(request).size(), 1u);
  request.set_target(here_.MemberName("ben"));
  EXPECT_EQ(ActionsOf(request).size(), 0u);
  request.set_actor("ann");
  request.set_after_number(-1);
  request.set_action(std::string(201, 'a'));
  const auto details = DetailsOf(List(Installation::As("owner"), request).status());
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->violations.size(), 3u);
}

}  // namespace
}  // namespace guestpass::membership
