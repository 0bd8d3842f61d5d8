// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/signed_payload.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace guestpass::rights_feed {
namespace {

const std::string kSecret(32, '\x01');
const std::string kOtherSecret(32, '\x02');
const std::string kSubject = RightsSubject(3);

TEST(Signer, OpensWhatItSealed) {
  const Signer signer(Keys{{"a", kSecret}});
  const std::string body("\0body", 5);
  const auto opened = signer.Open(kSubject, signer.Seal(kSubject, body));
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(*opened, body);
}

TEST(Signer, AnotherSubjectKeyOrBodyIsRefused) {
  const Signer signer(Keys{{"a", kSecret}});
  const std::string sealed = signer.Seal(kSubject, "body");
  EXPECT_EQ(signer.Open(RightsSubject(30), sealed).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_FALSE(Signer(Keys{{"a", kOtherSecret}}).Open(kSubject, sealed).ok());
  EXPECT_FALSE(Signer(Keys{{"b", kSecret}}).Open(kSubject, sealed).ok());
  EXPECT_FALSE(signer.Open(kSubject, "").ok());
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] ^= 0x10;
    EXPECT_FALSE(signer.Open(kSubject, altered).ok()) << i;
    EXPECT_FALSE(signer.Open(kSubject, sealed.substr(0, i)).ok()) << i;
  }
}

TEST(Signer, TheSubjectEndsWhereItEnds) {
  const Signer signer(Keys{{"a", kSecret}});
  rights::v1::SignedPayload payload;
  ASSERT_TRUE(payload.ParseFromString(signer.Seal("guestpass.rights.1", "2body")));
  payload.set_body("body");
  EXPECT_FALSE(signer.Open("guestpass.rights.12", payload.SerializeAsString()).ok());
}

TEST(Signer, KeysRotateWithoutALoss) {
  const Key first{"a", kSecret}, second{"b", kOtherSecret};
  const Signer before(Keys{first}), added(Keys{first, second}), swapped(Keys{second, first}),
      after(Keys{second});
  const Signer* const steps[] = {&before, &added, &swapped, &after};
  for (int i = 0; i + 1 < 4; ++i) {
    EXPECT_TRUE(steps[i]->Open(kSubject, steps[i + 1]->Seal(kSubject, "x")).ok()) << i;
    EXPECT_TRUE(steps[i + 1]->Open(kSubject, steps[i]->Seal(kSubject, "x")).ok()) << i;
  }
  EXPECT_FALSE(before.Open(kSubject, after.Seal(kSubject, "x")).ok());
}

TEST(Signer, EntriesOfAnotherShardThanTheSubjectsAreRefused) {
  const Signer signer(Keys{{"a", kSecret}});
  const Entries entries{.epoch = "e", .shard = 3};
  ASSERT_TRUE(signer.OpenEntries(kSubject, signer.SealEntries(entries)).ok());
  const std::string moved = signer.Seal(RightsSubject(4), ToProto(entries).SerializeAsString());
  EXPECT_EQ(signer.OpenEntries(RightsSubject(4), moved).status().code(), absl::StatusCode::kInternal);
}

TEST(ParseKeys, ReadsHexAndBase64) {
  const auto keys = ParseKeys(absl::StrCat(" new-1:", absl::Base64Escape(kSecret),
                                           ", old:", absl::BytesToHexString(kOtherSecret), "\n"));
  ASSERT_TRUE(keys.ok()) << keys.status();
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ((*keys)[0].id, "new-1");
  EXPECT_EQ((*keys)[0].secret, kSecret);
  EXPECT_EQ((*keys)[1].secret, kOtherSecret);
}

TEST(ParseKeys, SaysWhatIsWrongAndNeverTheSecret) {
  const std::string good = absl::BytesToHexString(kSecret);
  const std::string bad[] = {"",
                             "secret",
                             ":" + good,
                             "a:",
                             "a:" + good.substr(2),
                             "a:!!" + good,
                             "a b:" + good,
                             "a:" + good + ",a:" + good,
                             "a:" + good + ","};
  for (const std::string& text : bad) {
    const auto keys = ParseKeys(text);
    EXPECT_EQ(keys.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_TRUE(absl::StrContains(keys.status().message(), "id:secret")) << keys.status();
    EXPECT_FALSE(absl::StrContains(keys.status().message(), good.substr(2))) << keys.status();
  }
}

}  // namespace
}  // namespace guestpass::rights_feed
