// SPDX-License-Identifier: Apache-2.0
#include "common/mail/directory_mailer.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::mail {
namespace {

namespace fs = std::filesystem;

class DirectoryMailerTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = testing::TempDir() + "mailXXXXXX";
    ASSERT_NE(mkdtemp(directory_.data()), nullptr);
  }
  void TearDown() override { fs::remove_all(directory_); }

  size_t Files() const { return std::distance(fs::directory_iterator(directory_), fs::directory_iterator()); }

  Message message_{.from_name = "guestpass",
                   .from = "no-reply@localhost",
                   .to = "ann@example.com",
                   .message_id = "i1.1@localhost",
                   .subject = "x",
                   .text = "t",
                   .html = "h"};
  std::string directory_;
};

TEST_F(DirectoryMailerTest, AMailIsOneWholeFileThatOnlyThisUserReads) {
  auto mailer = DirectoryMailer::Open(directory_);
  ASSERT_TRUE(mailer.ok()) << mailer.status();
  EXPECT_EQ(*(*mailer)->Send(message_), Handover::kSent);
  const std::string path = directory_ + "/i1.1@localhost.eml";
  std::stringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  EXPECT_EQ(content.str(), *Compose(message_));
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(Files(), 1u);
}

TEST_F(DirectoryMailerTest, TheSameMailAgainIsOneFile) {
  auto mailer = DirectoryMailer::Open(directory_);
  ASSERT_TRUE((*mailer)->Send(message_).ok());
  ASSERT_TRUE((*mailer)->Send(message_).ok());
  EXPECT_EQ(Files(), 1u);
}

TEST_F(DirectoryMailerTest, AMessageIdNamesNoFileElsewhere) {
  auto mailer = DirectoryMailer::Open(directory_);
  message_.message_id = "../../x/y@localhost";
  ASSERT_TRUE((*mailer)->Send(message_).ok());
  EXPECT_EQ(Files(), 1u);
}

TEST_F(DirectoryMailerTest, WhatCannotBeWrittenFailedAndLeavesNothing) {
  auto mailer = DirectoryMailer::Open(directory_);
  fs::create_directory(directory_ + "/i1.1@localhost.eml");
  const absl::Status status = (*mailer)->Send(message_).status();
  EXPECT_TRUE(HasReason(status, Reason::kEmailDeliveryFailed)) << status;
  EXPECT_EQ(status.ToString().find(directory_), std::string::npos) << "paths are internal";
  EXPECT_EQ(Files(), 1u);
  fs::remove_all(directory_);
  EXPECT_TRUE(HasReason((*mailer)->Send(message_).status(), Reason::kEmailDeliveryFailed));
}

TEST_F(DirectoryMailerTest, OpensADirectoryOnly) {
  EXPECT_FALSE(DirectoryMailer::Open(directory_ + "/none").ok());
  std::ofstream(directory_ + "/file") << "x";
  EXPECT_FALSE(DirectoryMailer::Open(directory_ + "/file").ok());
}

}  // namespace
}  // namespace guestpass::mail
