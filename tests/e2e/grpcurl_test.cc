// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/harness/servers/places.h"
#include "tests/harness/servers/process.h"
#include "tests/harness/stack/banner.h"
#include "tests/harness/stack/stack.h"

namespace guestpass::e2e {
namespace {

using harness::Stack;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr char kToken[] = "tests/harness/token/token";

// What a shell command printed, and its exit status.
struct Outcome {
  int status;
  std::string output;
};

class Grpcurl : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const char* path = std::getenv("GUESTPASS_GRPCURL");
    ASSERT_TRUE(path != nullptr && *path != '\0')
        << "Set GUESTPASS_GRPCURL to the path of grpcurl (bazel test --test_env=GUESTPASS_GRPCURL=…); "
           "./guestpass test does, and installs it.";
    grpcurl_ = path;
    ASSERT_FALSE(harness::FindProgram(grpcurl_).empty()) << "There is no program " << grpcurl_ << ".";
    auto started = Stack::Start();
    ASSERT_TRUE(started.ok()) << started.status();
    stack_ = *std::move(started);
  }
  static void TearDownTestSuite() { stack_.reset(); }

  void SetUp() override { ASSERT_NE(stack_, nullptr); }

  Outcome Shell(const std::string& script) {
    const std::string log = absl::StrCat(stack_->log_dir(), "/grpcurl-", ++scripts_, ".log");
    auto process =
        harness::Process::Start({.args = {"bash", "-euo", "pipefail", "-c", script}, .output = log});
    EXPECT_TRUE(process.ok()) << process.status();
    if (!process.ok()) return {-1, ""};
    const int status = process->Wait(kPatience).value_or(-1);
    return {status, harness::Tail(log, 10'000)};
  }

  std::string Call(absl::string_view rest) { return absl::StrCat(grpcurl_, " -plaintext ", rest); }

  static std::unique_ptr<Stack> stack_;
  static std::string grpcurl_;
  int scripts_ = 0;
};

std::unique_ptr<Stack> Grpcurl::stack_;
std::string Grpcurl::grpcurl_;

TEST_F(Grpcurl, ListsAndDescribesEveryService) {
  const harness::Addresses at = stack_->addresses();
  const std::vector<std::pair<std::string, std::string>> services = {
      {at.membership, "guestpass.membership.v1.MembershipService"},
      {at.membership, "guestpass.rights.v1.RightsService"},
      {at.invite, "guestpass.invite.v1.InviteService"},
      {at.guest_expiry, "guestpass.guestexpiry.v1.GuestExpiryService"},
      {at.gateways[0], "guestpass.messaging.v1.MessagingService"},
  };
  for (const auto& [address, service] : services) {
    const Outcome list = Shell(Call(absl::StrCat(address, " list")));
    EXPECT_EQ(list.status, 0) << list.output;
    EXPECT_TRUE(absl::StrContains(list.output, service)) << list.output;
    EXPECT_TRUE(absl::StrContains(list.output, "grpc.health.v1.Health")) << list.output;
    const Outcome described = Shell(Call(absl::StrCat(address, " describe ", service)));
    EXPECT_EQ(described.status, 0) << described.output;
    EXPECT_TRUE(absl::StrContains(described.output, " is a service:")) << described.output;
    for (const char* symbol : {"google.rpc.ErrorInfo", "grpc.health.v1.Health"}) {
      const Outcome known = Shell(Call(absl::StrCat(address, " describe ", symbol)));
      EXPECT_EQ(known.status, 0) << service << ": " << known.output;
    }
    const Outcome health = Shell(Call(absl::StrCat(address, " grpc.health.v1.Health/Check")));
    EXPECT_TRUE(absl::StrContains(health.output, "\"SERVING\"")) << health.output;
  }
}

// Organization, workspace, channel, invite, redemption, stream, history, expiration, check: each service's
// methods.
TEST_F(Grpcurl, TheLinesThatUpPrintsWorkAsPrinted) {
  const std::string token = absl::StrCat(kToken, " --data-dir ", stack_->directory());
  const Outcome all = Shell(harness::PasteLines(*stack_, grpcurl_, token));
  EXPECT_EQ(all.status, 0) << all.output;
  for (const char* expected : {"\"name\": \"organizations/", "CHANNEL_KIND_PRIVATE", "DELIVERY_SENT",
                               "/members/", "\"welcome\"", "\"write_result\"", "\"client_message_id\": \"1\"",
                               "GUEST_STATE_SOFT_LOCKED", "\"reason\": \"GUEST_SOFT_LOCKED\""}) {
    EXPECT_TRUE(absl::StrContains(all.output, expected)) << expected << " is not in\n" << all.output;
  }
}

TEST_F(Grpcurl, ShowsAnErrorsReason) {
  const std::string owner = absl::StrCat("'{\"organization\": {\"display_name\": \"A\"}, \"owner\": \"",
                                         stack_->UserId("olga"), "\"}'");
  const std::string method = " guestpass.membership.v1.MembershipService/CreateOrganization";
  const std::string address = stack_->addresses().membership;
  const Outcome nobody = Shell(Call(absl::StrCat("-d ", owner, " ", address, method)));
  EXPECT_NE(nobody.status, 0);
  EXPECT_TRUE(absl::StrContains(nobody.output, "Unauthenticated")) << nobody.output;
  EXPECT_TRUE(absl::StrContains(nobody.output, "CREDENTIALS_MISSING")) << nobody.output;
  const Outcome user =
      Shell(absl::StrCat("export TOKEN=", stack_->Token("olga"), "\n",
                         Call(absl::StrCat("-expand-headers -H 'authorization: Bearer ${TOKEN}' -d ", owner,
                                           " ", address, method))));
  EXPECT_NE(user.status, 0);
  EXPECT_TRUE(absl::StrContains(user.output, "PermissionDenied")) << user.output;
  EXPECT_TRUE(absl::StrContains(user.output, "google.rpc.ErrorInfo")) << user.output;
  EXPECT_TRUE(absl::StrContains(user.output, "guestpass.dev")) << user.output;
}

}  // namespace
}  // namespace guestpass::e2e
