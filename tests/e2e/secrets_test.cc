// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "gtest/gtest.h"
#include "tests/harness/servers/process.h"
#include "tests/harness/workplace.h"

namespace guestpass::e2e {
namespace {

using harness::Client;
using harness::Stack;
using invite::v1::CreateInviteRequest;
using invite::v1::InviteService;
using Stub = InviteService::Stub;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Everything that the services wrote down: their logs, and their databases as pg_dump prints them.
std::string EverythingKept(const Stack& stack) {
  std::string kept;
  for (const auto& entry : std::filesystem::directory_iterator(stack.log_dir())) {
    kept += Contents(entry.path().string());
  }
  for (const char* service : {"membership", "invite", "messaging"}) {
    const std::string dump = absl::StrCat(stack.directory(), "/", service, ".sql");
    const absl::Status dumped =
        harness::RunProgram({.args = {"pg_dump", "--inserts", "-d",
                                      stack.postgres().conninfo(absl::StrCat("guestpass_", service))},
                             .output = dump},
                            absl::Seconds(30));
    EXPECT_TRUE(dumped.ok()) << dumped;
    kept += Contents(dump);
  }
  return kept;
}

class Secrets : public testing::Test {
 protected:
  CreateInviteRequest Asking(const std::string& email) const {
    CreateInviteRequest request;
    request.set_parent(place_.workspace);
    if (email.empty()) {
      request.mutable_invite()->mutable_link()->set_unlimited_uses(true);
    } else {
      request.mutable_invite()->set_email(email);
    }
    request.mutable_invite()->set_role(type::v1::ROLE_GUEST);
    request.mutable_invite()->add_channels(place_.closed_channel);
    request.set_request_id(absl::StrCat("request-", email));
    return request;
  }
  // Creates, with a repetition of the request, and resends; gives both secrets.
  std::vector<std::string> Issue(const std::string& email) {
    const Client olga = stack_->User("olga");
    const auto created = olga.Call(&Stub::CreateInvite, Asking(email));
    EXPECT_TRUE(created.ok()) << created.status();
    std::vector<std::string> secrets = {Given(created, email)};
    const auto again = olga.Call(&Stub::CreateInvite, Asking(email));
    EXPECT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->secret(), "");
    EXPECT_EQ(again->secret_omitted(), email.empty());
    EXPECT_EQ(again->invite().name(), created->invite().name());
    if (!email.empty()) return secrets;  // one mail a minute
    invite::v1::ResendInviteRequest resend;
    resend.set_name(created->invite().name());
    secrets.push_back(Given(olga.Call(&Stub::ResendInvite, resend), email));
    return secrets;
  }
  template <typename Answer>
  std::string Given(const absl::StatusOr<Answer>& answer, const std::string& email) {
    EXPECT_TRUE(answer.ok()) << answer.status();
    if (!answer.ok()) return "";
    names_.push_back(answer->invite().name());
    if (email.empty()) return answer->secret();
    return harness::MailedSecret(stack_->mail_dir(), email).value_or("");
  }
  // Everything that one can do with a secret.
  void Use(const std::string& name, const std::string& secret) {
    const Client user = stack_->User(name);
    invite::v1::PreviewInviteRequest preview;
    preview.set_secret(secret);
    user.Call(&Stub::PreviewInvite, preview).status().IgnoreError();
    invite::v1::DeclineInviteRequest decline;
    decline.set_secret(secret);
    if (name != "ann") user.Call(&Stub::DeclineInvite, decline).status().IgnoreError();
    invite::v1::RedeemInviteRequest redeem;
    redeem.set_secret(secret);
    user.Call(&Stub::RedeemInvite, redeem).status().IgnoreError();
  }

  std::unique_ptr<Stack> stack_;
  harness::Workplace place_;
  std::vector<std::string> names_;
};

TEST_F(Secrets, AreNowhereInWhatTheServicesWriteDown) {
  const std::map<std::string, std::string> verbose = {{"GUESTPASS_LOG_LEVEL", "debug"}};
  auto started = Stack::Start({.env = {{"invite", verbose}, {"membership", verbose}}});
  ASSERT_TRUE(started.ok()) << started.status();
  stack_ = *std::move(started);
  auto place = harness::MakeWorkplace(*stack_);
  ASSERT_TRUE(place.ok()) << place.status();
  place_ = *std::move(place);
  std::vector<std::string> secrets = Issue("");
  for (const std::string& secret : Issue("ann@example.com")) secrets.push_back(secret);
  for (const std::string& secret : secrets) {
    ASSERT_EQ(secret.size(), 52u);
    for (const std::string user : {"bob", "ann"}) Use(user, secret);
    Use("ann", secret + "x");
  }
  const std::string kept = EverythingKept(*stack_);
  for (const std::string& name : names_) {
    EXPECT_NE(kept.find(name.substr(name.rfind('/') + 1)), std::string::npos)
        << "the search finds what is there";
  }
  EXPECT_NE(kept.find("RedeemInvite"), std::string::npos);
  for (const std::string& secret : secrets) {
    EXPECT_EQ(kept.find(secret), std::string::npos);
    EXPECT_EQ(kept.find(absl::BytesToHexString(secret)), std::string::npos);
    EXPECT_EQ(kept.find(absl::Base64Escape(secret).substr(0, 60)), std::string::npos);
  }
}

}  // namespace
}  // namespace guestpass::e2e
