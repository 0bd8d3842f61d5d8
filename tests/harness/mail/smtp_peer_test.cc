// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/mail/smtp_peer.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/servers/places.h"

namespace guestpass::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Python's own client, so that the peer is known to be sound without ours.
constexpr char kClient[] = R"py(
import smtplib, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
client = smtplib.SMTP("localhost", port, local_hostname="here", timeout=30)
client.starttls(context=ssl.create_default_context(cafile=ca))
client.login("ann", "s3cret")
client.sendmail("from@example.com", ["to@example.com"], b"Subject: x\r\n\r\n.dot\r\n")
try:
    client.sendmail("from@example.com", ["nobody@example.com"], b"")
    sys.exit("taken")
except smtplib.SMTPRecipientsRefused as refused:
    print(refused.recipients["nobody@example.com"][0])
client.quit()
)py";

TEST(SmtpPeer, SpeaksWithAClientThatIsNotOurs) {
  const auto peer = SmtpPeer::Start({.tls = SmtpPeerOptions::Tls::kStartTls, .account = "ann:s3cret"});
  ASSERT_TRUE(peer.ok()) << peer.status();
  const std::string output = testing::TempDir() + "/client.log";
  const absl::Status ran =
      RunProgram({.args = {"python3", "-c", kClient, absl::StrCat((*peer)->port()), (*peer)->ca_file()},
                  .output = output},
                 absl::Minutes(1));
  ASSERT_TRUE(ran.ok()) << ran;
  EXPECT_EQ(Tail(output), "550");
  EXPECT_THAT((*peer)->Mails(), ElementsAre("Subject: x\r\n\r\n.dot\r\n"));
  EXPECT_THAT((*peer)->Commands(), ElementsAre("EHLO here", "EHLO here", HasSubstr("AUTH "),
                                               "MAIL from@example.com", "RCPT to@example.com", "DATA",
                                               "MAIL from@example.com", "RCPT nobody@example.com", "QUIT"));
}

TEST(SmtpPeer, LeavesNothing) {
  std::string directory;
  {
    const auto peer = SmtpPeer::Start();
    ASSERT_TRUE(peer.ok()) << peer.status();
    directory = std::filesystem::path((*peer)->ca_file()).parent_path();
    EXPECT_TRUE(std::filesystem::exists(directory));
  }
  EXPECT_FALSE(std::filesystem::exists(directory));
}

}  // namespace
}  // namespace guestpass::harness
