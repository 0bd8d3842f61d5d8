// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/harness/eventually.h"
#include "tests/harness/servers/places.h"
#include "tests/harness/servers/private_postgres.h"
#include "tests/harness/stack/stack.h"

namespace guestpass::faults {
namespace {

using harness::ServiceProcess;
using harness::Stack;
using Settings = std::map<std::string, std::string>;

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr char kNobodyListens[] = "127.0.0.1:1";

// A program's end.
struct Ending {
  std::optional<int> status;  // nothing if it still runs
  std::string said;
};

class BadSettings : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = Stack::Start();
    ASSERT_TRUE(started.ok()) << started.status();
    stack_ = *std::move(started);
  }
  static void TearDownTestSuite() { stack_.reset(); }

  void SetUp() override { ASSERT_NE(stack_, nullptr); }

  // A second process of a service, with its settings but for `changes`; "" takes one away.
  Ending Run(absl::string_view service, const Settings& changes, std::vector<std::string> words = {}) {
    const ServiceProcess& model = stack_->service(service);
    Settings env = model.settings();
    env["GUESTPASS_LISTEN"] = "127.0.0.1:0";
    for (const auto& [name, value] : changes) env[name] = value;
    words.insert(words.begin(), model.program());
    const std::string log = NewLog(service);
    auto process = harness::Process::Start({.args = std::move(words), .env = std::move(env), .output = log});
    EXPECT_TRUE(process.ok()) << process.status();
    if (!process.ok()) return {};
    const std::optional<int> status = process->Wait(kPatience);
    return {status, harness::Tail(log, 100)};
  }

  // That a service with these changes ends at once, saying `what` in one sentence for people.
  void ExpectRefused(absl::string_view service, const Settings& changes, absl::string_view what) {
    const Ending end = Run(service, changes);
    const std::string context = absl::StrCat(service, " said: ", end.said);
    ASSERT_TRUE(end.status.has_value()) << "it runs on; " << context;
    EXPECT_GT(*end.status, 0) << context;
    EXPECT_LT(*end.status, 128) << context;
    EXPECT_TRUE(absl::StrContains(end.said, what)) << "expected " << what << "; " << context;
    EXPECT_FALSE(absl::StrContains(end.said, "INTERNAL")) << context;
  }

  std::string NewLog(absl::string_view service) {
    return absl::StrCat(stack_->log_dir(), "/", service, "-bad-", ++logs_, ".log");
  }

  std::string NewFile(absl::string_view text) {
    const std::string path = absl::StrCat(stack_->directory(), "/file-", ++logs_);
    EXPECT_TRUE(harness::WriteFile(path, text).ok());
    return path;
  }

  static std::unique_ptr<Stack> stack_;
  static int logs_;
};

std::unique_ptr<Stack> BadSettings::stack_;
int BadSettings::logs_ = 0;

TEST_F(BadSettings, AMissingSettingStopsTheServiceAndIsNamed) {
  const std::vector<std::string> required = {
      "GUESTPASS_LISTEN",     "GUESTPASS_KEY_SET_FILE",     "GUESTPASS_TOKEN_ISSUER",
      "GUESTPASS_DATABASE",   "GUESTPASS_NATS_URL",         "GUESTPASS_SERVICE_TOKEN_FILE",
      "GUESTPASS_MEMBERSHIP", "GUESTPASS_RIGHTS_KEYS_FILE", "GUESTPASS_PAGE_KEYS_FILE"};
  for (const auto& service : stack_->services()) {
    for (const std::string& name : required) {
      if (service->settings().contains(name)) ExpectRefused(service->name(), {{name, ""}}, name);
    }
  }
}

TEST_F(BadSettings, AMalformedSettingStopsTheServiceAndIsNamed) {
  struct Malformed {
    const char* setting;
    std::string value;
    const char* named;
  };
  const std::string junk = NewFile("junk\n");
  const std::vector<Malformed> all = {
      {"GUESTPASS_LISTEN", "nowhere", "nowhere"},
      {"GUESTPASS_DATABASE", "no such thing as this", "GUESTPASS_DATABASE is not"},
      {"GUESTPASS_NATS_URL", "::no url::", "NATS URL"},
      {"GUESTPASS_RIGHTS_KEYS_FILE", junk, "key"},
      {"GUESTPASS_PAGE_KEYS_FILE", junk, "key"},
      {"GUESTPASS_KEY_SET_FILE", junk, "key set"},
      {"GUESTPASS_SERVICE_TOKEN_FILE", "/nowhere/token", "/nowhere/token"},
      {"GUESTPASS_MAIL_DIRECTORY", "/nowhere/mail", "/nowhere/mail"},
      {"GUESTPASS_PUBLIC_URL", "ftp://example.com", "https"},
  };
  for (const auto& service : stack_->services()) {
    for (const Malformed& bad : all) {
      if (!service->settings().contains(bad.setting)) continue;
      SCOPED_TRACE(bad.setting);
      ExpectRefused(service->name(), {{bad.setting, bad.value}}, bad.named);
    }
  }
  ExpectRefused("messaging-gateway", {{"GUESTPASS_GUEST_POSTS_PER_MINUTE", "many"}},
                "GUESTPASS_GUEST_POSTS_PER_MINUTE");
}

TEST_F(BadSettings, AnUnreachableDatabaseStopsTheServiceAndNothingInternalIsInTheSentence) {
  for (const char* service : {"membership", "invite", "messaging-gateway"}) {
    ExpectRefused(service, {{"GUESTPASS_DATABASE", "host=/nowhere dbname=x user=x"}}, "database");
  }
}

TEST_F(BadSettings, AnUnreachableNatsStopsNobodyAndIsLogged) {
  for (const char* name : {"membership", "guest-expiry", "messaging-gateway"}) {
    const ServiceProcess& model = stack_->service(name);
    Settings env = model.settings();
    env["GUESTPASS_NATS_URL"] = absl::StrCat("nats://", kNobodyListens);
    const auto service = ServiceProcess::Create(
        {.name = name, .program = model.program(), .env = std::move(env), .log = NewLog(name)});
    ASSERT_TRUE(service.ok()) << service.status();
    const absl::Status serving = (*service)->Restart();
    EXPECT_TRUE(serving.ok()) << serving;
    EXPECT_TRUE(harness::Eventually(kPatience, [&] {
      return absl::StrContains(harness::Tail((*service)->log(), 1000), "NATS");
    })) << name;
    EXPECT_EQ((*service)->Stop(), 0);
  }
}

TEST_F(BadSettings, WithoutMembershipTheGatewayDoesNotServeAndSaysWhy) {
  const ServiceProcess& model = stack_->service("messaging-gateway");
  Settings env = model.settings();
  env["GUESTPASS_MEMBERSHIP"] = kNobodyListens;
  const auto service = ServiceProcess::Create({.name = "messaging-gateway",
                                               .program = model.program(),
                                               .env = std::move(env),
                                               .log = NewLog("messaging-gateway")});
  ASSERT_TRUE(service.ok()) << service.status();
  ASSERT_TRUE((*service)->Launch().ok());
  EXPECT_TRUE(harness::Eventually(kPatience, [&] {
    return absl::StrContains(harness::Tail((*service)->log(), 1000), "not serving yet");
  }));
  EXPECT_FALSE((*service)->AwaitServing(absl::Milliseconds(300)).ok());
  EXPECT_TRUE((*service)->Running());
  EXPECT_EQ((*service)->Stop(), 0);
}

TEST_F(BadSettings, AnUnmigratedOrTooNewSchemaStopsTheService) {
  for (const char* service : {"membership", "invite", "messaging-gateway"}) {
    const std::string database = absl::StrCat("fresh_", ++logs_);
    ASSERT_TRUE(stack_->postgres().CreateDatabase(database).ok());
    const Settings settings = {{"GUESTPASS_DATABASE", stack_->postgres().conninfo(database)}};
    ExpectRefused(service, settings, "migrate up");
    const Ending migrated = Run(service, settings, {"migrate", "up"});
    ASSERT_EQ(migrated.status, 0) << migrated.said;
    const Ending again = Run(service, settings, {"migrate", "up"});
    EXPECT_EQ(again.status, 0) << again.said;
    const absl::Status newer = stack_->postgres().Execute(
        database,
        "INSERT INTO schema_migrations SELECT max(number) + 1, 'newer', '', 0 FROM schema_migrations");
    ASSERT_TRUE(newer.ok()) << newer;
    ExpectRefused(service, settings, "older than the database's schema");
  }
}

TEST_F(BadSettings, ADatabaseThatForgetsIsRefused) {
  const auto forgetful = harness::PrivatePostgres::Start({.durable = false});
  ASSERT_TRUE(forgetful.ok()) << forgetful.status();
  const Settings settings = {{"GUESTPASS_DATABASE", (*forgetful)->conninfo()}};
  const Ending migrated = Run("membership", settings, {"migrate", "up"});
  ASSERT_EQ(migrated.status, 0) << migrated.said;
  ExpectRefused("membership", settings, "fsync");
}

}  // namespace
}  // namespace guestpass::faults
