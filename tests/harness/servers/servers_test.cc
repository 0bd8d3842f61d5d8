// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/postgres/session.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/servers/places.h"
#include "tests/harness/servers/private_nats.h"
#include "tests/harness/servers/private_postgres.h"
#include "tests/harness/servers/process.h"

namespace guestpass::harness {
namespace {

using ::testing::HasSubstr;

bool Eventually(const std::function<bool()>& holds) {
  for (const absl::Time deadline = absl::Now() + absl::Seconds(30); absl::Now() < deadline;) {
    if (holds()) return true;
    absl::SleepFor(absl::Milliseconds(5));
  }
  return holds();
}

std::string TempFile(const char* name) { return absl::StrCat(testing::TempDir(), "/", name); }

TEST(Process, GivesTheExitStatusAndTheOutput) {
  const std::string output = TempFile("output");
  absl::StatusOr<Process> process = Process::Start(
      {.args = {"sh", "-c", "echo $GREETING; exit 7"}, .env = {{"GREETING", "hello"}}, .output = output});
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_EQ(process->Wait(absl::Seconds(30)), 7);
  EXPECT_EQ(process->Wait(absl::Seconds(30)), 7);
  EXPECT_EQ(Tail(output), "hello");
}

TEST(Process, WaitsNoLongerThanItWasTold) {
  Process process = *Process::Start({.args = {"sleep", "600"}});
  EXPECT_EQ(process.Wait(absl::Milliseconds(20)), std::nullopt);
  EXPECT_TRUE(process.Running());
  EXPECT_EQ(process.Stop(), 128 + SIGTERM);
  EXPECT_FALSE(process.Running());
}

TEST(Process, KillsWhatIgnoresItsSignal) {
  const std::string output = TempFile("ready");
  Process process = *Process::Start(
      {.args = {"sh", "-c", "trap '' TERM; echo ready; sleep 600 & wait; wait"}, .output = output});
  ASSERT_TRUE(Eventually([&] { return Tail(output) == "ready"; }));
  EXPECT_EQ(process.Stop(SIGTERM, absl::Milliseconds(100)), 128 + SIGKILL);
}

TEST(Process, SaysWhatCannotBeStarted) {
  EXPECT_THAT(std::string(Process::Start({.args = {"no-such-program"}}).status().message()),
              HasSubstr("no-such-program is not installed"));
  EXPECT_THAT(std::string(Process::Start({.args = {"/etc/passwd"}}).status().message()),
              HasSubstr("/etc/passwd: Permission denied"));
}

TEST(Process, DiesWithWhoStartedIt) {
  const std::string output = TempFile("pid");
  const pid_t parent = fork();
  if (parent == 0) {
    absl::StatusOr<Process> child = Process::Start(
        {.args = {"sh", "-c", "echo $$; exec sleep 600"}, .output = output, .unprivileged = true});
    while (child.ok()) pause();
    _exit(1);
  }
  int child = 0;
  ASSERT_TRUE(Eventually([&] { return absl::SimpleAtoi(Tail(output), &child); }));
  ASSERT_EQ(kill(child, 0), 0);
  kill(parent, SIGKILL);
  EXPECT_TRUE(Eventually([&] { return kill(child, 0) != 0; }));
}

TEST(PrivatePostgres, RunsUnprivilegedAndLeavesNothing) {
  std::string directory;
  pid_t pid = 0;
  {
    const auto server = PrivatePostgres::Start({.tcp = true});
    ASSERT_TRUE(server.ok()) << server.status();
    directory = (*server)->directory();
    pid = (*server)->pid();
    ASSERT_TRUE((*server)->Execute("postgres", "CREATE ROLE invite LOGIN").ok());
    ASSERT_TRUE((*server)->CreateDatabase("invite", "", "invite").ok());
    for (const std::string& conninfo :
         {(*server)->conninfo("invite", "invite"), (*server)->tcp_conninfo("invite", "invite")}) {
      const auto session = postgres::Session::Connect({.conninfo = conninfo});
      ASSERT_TRUE(session.ok()) << session.status();
      EXPECT_EQ((*session)->Run("SELECT current_user")->Text(0, 0), "invite");
    }
  }
  EXPECT_NE(kill(pid, 0), 0);
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(PrivatePostgres, KeepsItsDataInADirectoryThatItWasGiven) {
  const std::string directory = absl::StrCat(*MakeTempDirectory(), "/", std::string(90, 'x'));
  for (const char* sql : {"CREATE TABLE kept (id int)", "DROP TABLE kept"}) {
    const auto server = PrivatePostgres::Start({.directory = directory});
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_TRUE((*server)->Execute("postgres", sql).ok());
    (*server)->Kill();
    ASSERT_TRUE((*server)->Restart().ok());
  }
  std::filesystem::remove_all(std::filesystem::path(directory).parent_path());
}

TEST(PrivatePostgres, SaysWhyItDoesNotStart) {
  const auto server = PrivatePostgres::Start({.settings = {"shared_buffers=nonsense"}});
  EXPECT_THAT(std::string(server.status().message()), HasSubstr("shared_buffers"));
}

TEST(PrivateNats, ComesBackAtItsPort) {
  const auto server = PrivateNats::Start();
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string url = (*server)->url();
  const pid_t pid = (*server)->pid();
  (*server)->Stop();
  EXPECT_NE(kill(pid, 0), 0);
  ASSERT_TRUE((*server)->Restart().ok());
  EXPECT_EQ((*server)->url(), url);
  EXPECT_NE((*server)->pid(), pid);
}

}  // namespace
}  // namespace guestpass::harness
