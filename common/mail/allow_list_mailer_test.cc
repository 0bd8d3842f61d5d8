// SPDX-License-Identifier: Apache-2.0
#include "common/mail/allow_list_mailer.h"

#include "gtest/gtest.h"

namespace guestpass::mail {
namespace {

// What a mailer behind the list was given.
class RecordingMailer : public Mailer {
 public:
  explicit RecordingMailer(std::vector<std::string>& sent) : sent_(sent) {}

  absl::StatusOr<Handover> Send(const Message& message) override {
    sent_.push_back(message.to);
    return Handover::kUnknown;
  }

 private:
  std::vector<std::string>& sent_;
};

TEST(AllowListMailer, WritesToNobodyOutsideOfTheList) {
  std::vector<std::string> sent;
  const auto mailer = AllowListMailer::Create(std::make_unique<RecordingMailer>(sent),
                                              {"Ann@Example.com", " @B\u00fccher.example"});
  ASSERT_TRUE(mailer.ok()) << mailer.status();
  for (const char* to : {"ann@example.com", "ANN@EXAMPLE.COM", "Bob@xn--bcher-kva.example"}) {
    EXPECT_EQ(*(*mailer)->Send({.to = to}), Handover::kUnknown) << to;
  }
  EXPECT_EQ(sent.size(), 3u);
  for (const char* to : {"bob@example.com", "ann@example.com.evil.example", "ann@x.xn--bcher-kva.example",
                         "joann@example.com", "ann@b\u00fccher.example@example.com", "@example.com", ""}) {
    EXPECT_EQ(*(*mailer)->Send({.to = to}), Handover::kDevRestricted) << to;
  }
  EXPECT_EQ(sent.size(), 3u);
}

TEST(AllowListMailer, ABadEntryIsNamed) {
  for (const char* bad : {"", "@", "ann", "ann@", "example.com", "ann@a@b", "@a b"}) {
    const auto mailer = AllowListMailer::Create(std::make_unique<NoMailer>(), {"ann@example.com", bad});
    ASSERT_EQ(mailer.status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_NE(std::string(mailer.status().message()).find("\"" + std::string(bad) + "\""), std::string::npos);
  }
  EXPECT_FALSE(AllowListMailer::Create(std::make_unique<NoMailer>(), {}).ok());
}

}  // namespace
}  // namespace guestpass::mail
