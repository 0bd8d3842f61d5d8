// SPDX-License-Identifier: Apache-2.0
#include "common/config/settings.h"

#include <stdlib.h>

#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace guestpass::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string FileWith(const std::string& name, const std::string& contents) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", name);
  std::ofstream(path, std::ios::binary) << contents;
  return path;
}

std::string Problems(const Settings& settings) {
  const absl::Status status = settings.Finish();
  EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(Settings, AFlagOutranksTheVariableAndTheVariableTheDefault) {
  const Environment environment = {{"GUESTPASS_NATS_URL", "from-variable"}};
  const auto read = [&](std::vector<std::string> args, const Environment& env) {
    Settings settings(std::move(args), env);
    const std::string value = settings.TextOr("nats-url", "default", "where NATS is");
    EXPECT_EQ(Problems(settings), "");
    return value;
  };
  EXPECT_EQ(read({"--nats-url=from-flag"}, environment), "from-flag");
  EXPECT_EQ(read({"--nats-url", "from-flag"}, environment), "from-flag");
  EXPECT_EQ(read({"--nats-url="}, environment), "");
  EXPECT_EQ(read({}, environment), "from-variable");
  EXPECT_EQ(read({}, {}), "default");
  EXPECT_EQ(read({}, {{"GUESTPASS_NATS_URL", ""}}), "default");
}

TEST(Settings, AMissingSettingIsToldInOneSentenceThatSaysWhatToDo) {
  Settings settings({}, {});
  settings.Text("database", "the connection string of membership's database");
  EXPECT_EQ(Problems(settings),
            "Set GUESTPASS_DATABASE or --database: the connection string of membership's database.");
}

TEST(Settings, EveryProblemIsToldAtOnce) {
  Settings settings(
      {"--port=65536", "--wait", "soon", "--twice=1", "--twice=2", "--nonsense=hunter2", "--bare"},
      {{"GUESTPASS_DEBUG", "yes"}});
  settings.Text("database", "the database");
  settings.Text("bare", "something");
  EXPECT_EQ(settings.IntOr("port", 1, 0, 65535, "the port for gRPC"), 1);
  settings.DurationOr("wait", absl::Seconds(1), absl::Seconds(1), absl::Hours(1), "how long to wait");
  settings.IntOr("twice", 1, 0, 5, "a number");
  settings.BoolOr("debug", false, "whether to log more");
  EXPECT_EQ(Problems(settings),
            "Set GUESTPASS_DATABASE or --database: the database.\n"
            "Give --bare a value: --bare=VALUE.\n"
            "--port is \"65536\": give a whole number from 0 to 65535, the port for gRPC.\n"
            "--wait is \"soon\": give a duration from 1s to 1h, such as 1s, how long to wait.\n"
            "Give --twice only once.\n"
            "GUESTPASS_DEBUG is \"yes\": give true or false, whether to log more.\n"
            "There is no flag --nonsense: --help lists those there are.");
}

TEST(Settings, NumbersAndDurationsAreTakenWithTheirBoundsIncluded) {
  const auto port = [](const std::string& text) {
    Settings settings({"--port", text}, {});
    const int value = settings.IntOr("port", 7, 0, 100, "the port");
    return Problems(settings).empty() ? value : -1;
  };
  EXPECT_EQ(port("0"), 0);
  EXPECT_EQ(port("100"), 100);
  for (const char* bad : {"101", "-1", "", "1.5", "0x10", "99999999999", "1 2"})
    EXPECT_EQ(port(bad), -1) << bad;
  const auto wait = [](const std::string& text) {
    Settings settings({absl::StrCat("--wait=", text)}, {});
    const absl::Duration value =
        settings.DurationOr("wait", absl::Seconds(7), absl::Seconds(1), absl::Hours(1), "the wait");
    return Problems(settings).empty() ? value : absl::ZeroDuration();
  };
  EXPECT_EQ(wait("1s"), absl::Seconds(1));
  EXPECT_EQ(wait("60m"), absl::Hours(1));
  EXPECT_EQ(wait("1m30s"), absl::Seconds(90));
  for (const char* bad : {"999ms", "1h1us", "5", "", "inf", "-1s"}) {
    EXPECT_EQ(wait(bad), absl::ZeroDuration()) << bad;
  }
}

TEST(Settings, ASwitchNeedsNoValueAndTakesNoPositionalForOne) {
  Settings settings({"migrate", "--dry-run", "up", "--quiet=false", "--loud", "true"},
                    {{"GUESTPASS_ENV", "true"}});
  EXPECT_TRUE(settings.BoolOr("dry-run", false, "only say it"));
  EXPECT_FALSE(settings.BoolOr("quiet", true, "say less"));
  EXPECT_TRUE(settings.BoolOr("loud", false, "say more"));
  EXPECT_TRUE(settings.BoolOr("env", false, "from the environment"));
  EXPECT_FALSE(settings.HelpAsked());
  EXPECT_THAT(settings.positional(), ElementsAre("migrate", "up"));
  EXPECT_EQ(Problems(settings), "");
}

TEST(Settings, AFlagsValueIsNoPositional) {
  Settings settings({"migrate", "--database", "dbname=x", "up"}, {});
  EXPECT_EQ(settings.Text("database", "the database"), "dbname=x");
  EXPECT_THAT(settings.positional(), ElementsAre("migrate", "up"));
}

TEST(Settings, ASecretComesFromAFileOrTheEnvironment) {
  const std::string path = FileWith("secret", "s3cret\n");
  const auto read = [](std::vector<std::string> args, const Environment& environment) {
    Settings settings(std::move(args), environment);
    const std::string value = settings.Secret("rights-key", "the key");
    EXPECT_EQ(Problems(settings), "");
    return value;
  };
  EXPECT_EQ(read({"--rights-key-file", path}, {}), "s3cret");
  EXPECT_EQ(read({}, {{"GUESTPASS_RIGHTS_KEY_FILE", path}}), "s3cret");
  EXPECT_EQ(read({}, {{"GUESTPASS_RIGHTS_KEY", "direct"}}), "direct");
  EXPECT_EQ(read({"--rights-key-file", FileWith("crlf", "a\n\r\n")}, {}), "a\n");
}

TEST(Settings, ASecretIsRefusedAsAFlagAndNeverPrinted) {
  for (std::vector<std::string> args : {std::vector<std::string>{"--rights-key=hunter2"},
                                        std::vector<std::string>{"--rights-key", "hunter2"}}) {
    Settings settings(args, {});
    EXPECT_EQ(settings.Secret("rights-key", "the key"), "");
    EXPECT_THAT(Problems(settings), HasSubstr("Do not give --rights-key"));
    EXPECT_THAT(Problems(settings), HasSubstr("GUESTPASS_RIGHTS_KEY_FILE"));
    EXPECT_THAT(Problems(settings), Not(HasSubstr("hunter2")));
    EXPECT_THAT(settings.positional(), IsEmpty());
  }
}

TEST(Settings, ASecretThatIsMissingEmptyUnreadableOrGivenTwiceIsAProblem) {
  const auto problems = [](const Environment& environment) {
    Settings settings({}, environment);
    EXPECT_EQ(settings.Secret("key", "the key"), "");
    return Problems(settings);
  };
  EXPECT_EQ(problems({}),
            "Set GUESTPASS_KEY_FILE or --key-file to the path of a file, or set GUESTPASS_KEY: the key.");
  EXPECT_THAT(problems({{"GUESTPASS_KEY_FILE", FileWith("empty", "\n")}}), HasSubstr("which is empty"));
  EXPECT_THAT(problems({{"GUESTPASS_KEY_FILE", "/nonexistent/key"}}), HasSubstr("No such file"));
  EXPECT_THAT(problems({{"GUESTPASS_KEY_FILE", testing::TempDir()}}), HasSubstr("cannot be read"));
  EXPECT_EQ(problems({{"GUESTPASS_KEY_FILE", FileWith("k", "x")}, {"GUESTPASS_KEY", "hunter2"}}),
            "Set only one of GUESTPASS_KEY_FILE and GUESTPASS_KEY: the key.");
}

TEST(Settings, HelpListsEachSettingWithItsVariableDefaultAndMeaning) {
  Settings settings({"--help"}, {});
  EXPECT_TRUE(settings.HelpAsked());
  settings.IntOr("grpc-port", 8080, 0, 65535, "the port for gRPC");
  settings.Text("database", "the database");
  settings.Secret("key", "the key");
  EXPECT_EQ(settings.Help(),
            "  --grpc-port, GUESTPASS_GRPC_PORT (default: 8080)\n      the port for gRPC\n"
            "  --database, GUESTPASS_DATABASE (required)\n      the database\n"
            "  --key-file, GUESTPASS_KEY_FILE or GUESTPASS_KEY (required)\n      the key\n");
}

TEST(ProcessEnvironment, HasWhatWasExported) {
  setenv("GUESTPASS_SOME_TEST", "a=b", 1);
  EXPECT_EQ(ProcessEnvironment().at("GUESTPASS_SOME_TEST"), "a=b");
}

}  // namespace
}  // namespace guestpass::config
