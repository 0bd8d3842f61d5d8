// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

using rights::v1::BatchJoinMembersRequest;
using rights::v1::BatchJoinMembersResponse;

class BatchJoinsTest : public testing::Test {
 protected:
  // By an invite of `inviter`'s, with the user's name as key.
  BatchJoinMembersRequest::Joining& Add(const std::string& user, const std::string& inviter = "owner") {
    auto& joining = *request_.add_joinings();
    joining.set_user_authorization("Bearer " + here_.TokenOf(user));
    joining.set_request_id("request-of-" + user);
    *joining.mutable_request() = here_.InviteBy(inviter, user);
    return joining;
  }

  absl::StatusOr<BatchJoinMembersResponse> Join() {
    return here_.rights.BatchJoinMembers(Installation::AsService("invite"), request_);
  }

  // "JOINED", "ALREADY_MEMBER" or why not, of each.
  std::vector<std::string> Outcomes() {
    const auto response = Join();
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<std::string> outcomes;
    for (const auto& outcome : response->outcomes()) {
      if (outcome.has_joined()) {
        outcomes.push_back(outcome.joined().already_member() ? "ALREADY_MEMBER" : "JOINED");
      } else {
        outcomes.push_back(std::string(ReasonName(DetailsOf(rpc::FromWire(outcome.error()))->reason)));
      }
    }
    return outcomes;
  }

  std::string KeyOf(const std::string& key) {
    const auto read =
        here_.NewSession()->Run("SELECT coalesce(min(outcome), 'none') FROM join_keys WHERE join_key = $1",
                                postgres::Params::Of(key));
    return std::string(read->Text(0, 0));
  }

  Installation here_;
  BatchJoinMembersRequest request_;
};

TEST_F(BatchJoinsTest, ACrowdJoinsInOneTransactionEachByItsOwnToken) {
  for (const char* user : {"ann", "ben", "cat"}) Add(user);
  const size_t before = here_.recorder.commits().size();
  EXPECT_EQ(Outcomes(), (std::vector<std::string>{"JOINED", "JOINED", "JOINED"}));
  const auto commits = here_.recorder.commits();
  ASSERT_EQ(commits.size(), before + 1);
  EXPECT_EQ(commits.back().entries.size(), 3u);
  for (const std::string user : {"ann", "ben", "cat"}) {
    EXPECT_EQ(here_.StateOf(user).role, rights::Role::kGuest);
    EXPECT_EQ(here_.Count(absl::StrCat("SELECT count(*) FROM audit_entries WHERE request_id = 'request-of-",
                                       user, "' AND actor = '", Installation::IdOf(user).ToString(), "'")),
              1);
  }
}

TEST_F(BatchJoinsTest, WhatBecomesOfOneIsNothingToTheOthers) {
  Add("ann");
  Add("ben", "nobody");
  Add("cat").set_user_authorization("Bearer no.token");
  Add("dan").set_user_authorization(absl::StrCat("Bearer ", here_.TokenOf("dan"), "x"));
  Add("eve").mutable_request()->clear_join_key();
  Add("fay").mutable_request()->set_workspace("");
  Add("gus");
  EXPECT_EQ(Outcomes(),
            (std::vector<std::string>{"JOINED", "INVITE_NO_LONGER_VALID", "TOKEN_MALFORMED",
                                      "TOKEN_SIGNATURE", "FIELD_INVALID", "FIELD_INVALID", "JOINED"}));
  EXPECT_EQ(KeyOf("ann"), "JOINED");
  EXPECT_EQ(KeyOf("ben"), "CANCELLED") << "a refusal is written down";
  EXPECT_EQ(KeyOf("cat"), "none") << "whose key it is nobody has shown";
  EXPECT_EQ(KeyOf("dan"), "none");
  EXPECT_EQ(KeyOf("fay"), "CANCELLED");
  EXPECT_EQ(KeyOf("gus"), "JOINED");
  EXPECT_EQ(here_.StateOf("dan").role, std::nullopt);
}

TEST_F(BatchJoinsTest, AServicesTokenIsNoUsers) {
  const absl::Time now = SystemClock().Now();
  Add("ann").set_user_authorization("Bearer " + here_.issuer.Mint({.subject = "invite",
                                                                   .service = "invite",
                                                                   .issue_time = now,
                                                                   .expire_time = now + absl::Hours(1)}));
  EXPECT_EQ(Outcomes(), (std::vector<std::string>{"CALLER_NOT_ALLOWED"}));
  EXPECT_EQ(KeyOf("ann"), "none");
}

TEST_F(BatchJoinsTest, WhatIsNoRequestIdIsReplaced) {
  Add("ann").set_request_id("with blanks");
  Add("ben").set_request_id(std::string(65, 'a'));
  Add("cat").set_request_id(std::string(1, '\0'));
  EXPECT_EQ(Outcomes(), (std::vector<std::string>(3, "JOINED")));
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.joined' AND request_id ~ "
                        "'^[a-z0-9]{26}$'"),
            3);
}

TEST_F(BatchJoinsTest, WhoseTimeIsOverWhenItsTurnComesDoesNotBegin) {
  here_.NewSession()->Script("UPDATE workspaces SET guest_cap = 2").IgnoreError();
  Add("ann");
  Add("ben");
  rpc::Call late = Installation::AsService("invite");
  late.deadline = SystemClock().Now() - absl::Seconds(1);
  const auto response = here_.rights.BatchJoinMembers(late, request_);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(HasReason(rpc::FromWire(response->outcomes(1).error()), Reason::kOverloaded));
  EXPECT_EQ(KeyOf("ben"), "none");
}

TEST_F(BatchJoinsTest, OneUserTwiceIsAMemberTheSecondTime) {
  Add("ann");
  Add("ann").mutable_request()->set_join_key("another");
  EXPECT_EQ(Outcomes(), (std::vector<std::string>{"JOINED", "ALREADY_MEMBER"}));
  Add("ben").mutable_request()->set_join_key("ann");
  EXPECT_EQ(Outcomes(), (std::vector<std::string>{"JOINED", "ALREADY_MEMBER", "CONFLICT"}))
      << "the first is answered as it was, and nobody else has its key";
}

TEST_F(BatchJoinsTest, WhereGuestsAreCountedTheyAreOneByOne) {
  here_.NewSession()->Script("UPDATE workspaces SET guest_cap = 2").IgnoreError();
  for (const char* user : {"ann", "ben", "cat"}) Add(user);
  EXPECT_EQ(Outcomes(), (std::vector<std::string>{"JOINED", "JOINED", "GUEST_LIMIT_REACHED"}));
}

TEST_F(BatchJoinsTest, NoneAndTooManyAreRefused) {
  EXPECT_TRUE(HasReason(Join().status(), Reason::kFieldInvalid));
  for (int i = 0; i < 65; ++i) Add("ann");
  EXPECT_TRUE(HasReason(Join().status(), Reason::kFieldInvalid));
  EXPECT_EQ(here_.StateOf("ann").role, std::nullopt);
}

}  // namespace
}  // namespace guestpass::membership
