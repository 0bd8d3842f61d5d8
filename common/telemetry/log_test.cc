// SPDX-License-Identifier: Apache-2.0
#include "common/telemetry/log.h"

#include <stdio.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace guestpass::telemetry {
namespace {

class LogTest : public testing::Test {
 protected:
  LogTest() {
    SetLogService("membership");
    SetLogSink([this](absl::string_view line) { lines_.emplace_back(line); });
  }
  ~LogTest() override {
    SetLogSink(nullptr);
    SetLogLevel(Severity::kInfo);
  }

  nlohmann::json Only() {
    EXPECT_EQ(lines_.size(), 1u);
    if (lines_.size() != 1) return {};
    EXPECT_EQ(lines_[0].find('\n'), lines_[0].size() - 1);
    return nlohmann::json::parse(lines_[0], nullptr, false);
  }

  std::vector<std::string> lines_;
};

TEST_F(LogTest, ALineIsOneObjectWithTimeSeverityServiceMessageAndFields) {
  const absl::Time before = absl::Now();
  Log(Severity::kWarning, "Two\nlines", {{"request_id", "r1"}, {"channel", "c\"1"}});
  const nlohmann::json json = Only();
  EXPECT_EQ(json["severity"], "WARNING");
  EXPECT_EQ(json["service"], "membership");
  EXPECT_EQ(json["message"], "Two\nlines");
  EXPECT_EQ(json["request_id"], "r1");
  EXPECT_EQ(json["channel"], "c\"1");
  absl::Time time;
  std::string error;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, json["time"].get<std::string>(), &time, &error)) << error;
  EXPECT_EQ(json["time"].get<std::string>().size(), std::string("2027-01-15T08:00:00.000001Z").size());
  EXPECT_GE(time, before - absl::Microseconds(1));
  EXPECT_LE(time, absl::Now());
}

TEST_F(LogTest, BytesThatAreNotUtf8AreReplaced) {
  Log(Severity::kInfo, "a\xff", {{"k\xfe", "\xc3"}});
  const nlohmann::json json = Only();
  EXPECT_EQ(json["message"], "a\xef\xbf\xbd");
  EXPECT_EQ(json["k\xef\xbf\xbd"], "\xef\xbf\xbd");
}

TEST_F(LogTest, AFieldCannotTakeAnothersPlace) {
  Log(Severity::kInfo, "real", {{"message", "forged"}, {"severity", "DEBUG"}});
  EXPECT_EQ(Only()["message"], "real");
  EXPECT_EQ(Only()["severity"], "INFO");
}

TEST_F(LogTest, WhatIsBelowTheLevelIsNotWritten) {
  Log(Severity::kDebug, "no");
  EXPECT_TRUE(lines_.empty());
  SetLogLevel(Severity::kError);
  Log(Severity::kWarning, "no");
  EXPECT_TRUE(lines_.empty());
  Log(Severity::kError, "yes");
  EXPECT_EQ(Only()["severity"], "ERROR");
}

TEST(LogToStderr, LinesOfManyThreadsStayWholeOnAPipe) {
  constexpr int kThreads = 8;
  constexpr int kLines = 50;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const int saved = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  close(ends[1]);
  std::string read_back;
  std::thread reader([&] {
    char buffer[65536];
    for (ssize_t n; (n = read(ends[0], buffer, sizeof(buffer))) > 0;) read_back.append(buffer, n);
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < kLines; ++i) Log(Severity::kInfo, std::string(9000, 'a' + t));
    });
  }
  for (std::thread& thread : threads) thread.join();
  dup2(saved, STDERR_FILENO);
  close(saved);
  reader.join();
  close(ends[0]);

  const std::vector<std::string> lines = absl::StrSplit(read_back, '\n', absl::SkipEmpty());
  EXPECT_EQ(lines.size(), static_cast<size_t>(kThreads * kLines));
  for (const std::string& line : lines) {
    const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(json.is_object()) << line.substr(0, 100);
    const std::string message = json["message"];
    EXPECT_EQ(message, std::string(9000, message[0]));
  }
}

}  // namespace
}  // namespace guestpass::telemetry
