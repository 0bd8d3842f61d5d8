// SPDX-License-Identifier: Apache-2.0
#include "services/invite/domain/public_url.h"

#include "gtest/gtest.h"

namespace guestpass::invite {
namespace {

TEST(PublicUrl, TakesHttpsAndHttpOnLoopbackOnly) {
  for (const char* text : {"https://chat.example.com", "https://chat.example.com/",
                           "https://x.example:8443/a/b", "http://localhost:8080", "http://127.0.0.1:8080",
                           "http://[::1]:8080", "http://[::1]", "https://192.0.2.1"}) {
    EXPECT_TRUE(PublicUrl::Parse(text).ok()) << text;
  }
  for (const char* text :
       {"", "chat.example.com", "http://chat.example.com", "http://127.0.0.1.example.com",
        "http://localhost.example.com", "https://", "https:///x", "https://a@b.example",
        "https://b.example?x", "https://b.example/#x", "https://b.example:0", "https://b.example:x",
        "https://b.exa mple", "ftp://b.example", "https://b.example/\"><", "https://b.example\r\nX: y",
        "https://[::1", "http://[::2]"}) {
    EXPECT_FALSE(PublicUrl::Parse(text).ok()) << text;
  }
}

TEST(PublicUrl, TheSecretIsInTheFragment) {
  EXPECT_EQ(PublicUrl::Parse("https://chat.example.com/")->AcceptUrl("s3"),
            "https://chat.example.com/join#s3");
  EXPECT_EQ(PublicUrl::Parse("http://127.0.0.1:80/a")->AcceptUrl("s3"), "http://127.0.0.1:80/a/join#s3");
}

TEST(PublicUrl, MailComesFromTheHost) {
  EXPECT_EQ(PublicUrl::Parse("https://Chat.example.com:8443/a")->mail_domain(), "chat.example.com");
  EXPECT_EQ(PublicUrl::Parse("http://127.0.0.1:80")->mail_domain(), "localhost");
  EXPECT_EQ(PublicUrl::Parse("http://[::1]:80")->mail_domain(), "localhost");
}

}  // namespace
}  // namespace guestpass::invite
