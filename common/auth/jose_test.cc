// SPDX-License-Identifier: Apache-2.0
#include "common/auth/jose.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace guestpass::auth {
namespace {

using Json = nlohmann::json;

constexpr Algorithm kAlgorithms[] = {Algorithm::kEs256, Algorithm::kRs256, Algorithm::kEdDsa};
constexpr char kText[] = "what is signed";

Key PublicHalf(const Key& key) { return *Key::Parse(key.ToJwk(Half::kPublic), Half::kPublic); }

std::string Decoded(const std::string& text) { return DecodeBase64Url(text).value(); }

// `jwk` with the bytes of a member changed by `change`.
template <typename Change>
Json WithBytes(Json jwk, const char* name, Change change) {
  jwk[name] = absl::WebSafeBase64Escape(change(Decoded(jwk[name])));
  return jwk;
}

Json With(Json jwk, const char* name, const Json& value) {
  jwk[name] = value;
  return jwk;
}

bool IsPublicKey(const Json& jwk) { return Key::Parse(jwk, Half::kPublic).has_value(); }

Json NewPublicJwk(Algorithm algorithm) { return Key::Create(algorithm).ToJwk(Half::kPublic); }

// The public half of an RSA key of that size.
Json RsaOf(int bits) {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t(bits));
  BIGNUM* n = nullptr;
  EVP_PKEY_get_bn_param(key, "n", &n);
  std::string bytes(BN_num_bytes(n), '\0');
  BN_bn2bin(n, reinterpret_cast<unsigned char*>(bytes.data()));
  BN_free(n);
  EVP_PKEY_free(key);
  return {{"kty", "RSA"}, {"e", "AQAB"}, {"n", absl::WebSafeBase64Escape(bytes)}};
}

TEST(Key, VerifiesWhatOthersSigned) {
  // RFC 7515 A.3 and A.2, RFC 8037 A.4.
  const std::string claims =
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  const auto ec = Key::Parse({{"kty", "EC"},
                              {"crv", "P-256"},
                              {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                              {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}},
                             Half::kPublic);
  ASSERT_TRUE(ec.has_value());
  EXPECT_TRUE(
      ec->Verifies("eyJhbGciOiJFUzI1NiJ9" + claims,
                   "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"));
  const auto rsa = Key::Parse(
      {{"kty", "RSA"},
       {"e", "AQAB"},
       {"n",
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yR"
        "T-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXB"
        "dQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9ia"
        "GNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}},
      Half::kPublic);
  ASSERT_TRUE(rsa.has_value());
  EXPECT_TRUE(rsa->Verifies(
      "eyJhbGciOiJSUzI1NiJ9" + claims,
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJ"
      "dbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN"
      "9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXL"
      "IhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"));
  const Json pair = {{"kty", "OKP"},
                     {"crv", "Ed25519"},
                     {"d", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"},
                     {"x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}};
  const auto ed = Key::Parse(pair, Half::kPrivate);
  ASSERT_TRUE(ed.has_value());
  EXPECT_EQ(ed->Sign("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

TEST(Key, IsTheSameAfterAJsonWebKey) {
  for (const Algorithm algorithm : kAlgorithms) {
    const Key key = Key::Create(algorithm);
    EXPECT_FALSE(key.ToJwk(Half::kPublic).contains("d"));
    const auto again = Key::Parse(key.ToJwk(Half::kPrivate), Half::kPrivate);
    ASSERT_TRUE(again.has_value()) << NameOf(algorithm);
    const std::string signature = again->Sign(kText);
    EXPECT_TRUE(PublicHalf(key).Verifies(kText, signature));
    EXPECT_FALSE(PublicHalf(key).Verifies("what is not", signature));
    EXPECT_FALSE(Key::Create(algorithm).Verifies(kText, signature));
  }
}

TEST(Key, ItsPublicHalfDoesNotSignAndIsNoPrivateKey) {
  for (const Algorithm algorithm : kAlgorithms) {
    const Key key = PublicHalf(Key::Create(algorithm));
    EXPECT_EQ(key.Sign(kText), "");
    EXPECT_FALSE(Key::Parse(key.ToJwk(Half::kPublic), Half::kPrivate).has_value());
  }
}

TEST(Key, HalvesOfTwoKeysAreNoKey) {
  for (const Algorithm algorithm : kAlgorithms) {
    const Json other = Key::Create(algorithm).ToJwk(Half::kPrivate);
    const Json mixed = With(Key::Create(algorithm).ToJwk(Half::kPrivate), "d", other["d"]);
    EXPECT_FALSE(Key::Parse(mixed, Half::kPrivate).has_value()) << NameOf(algorithm);
  }
}

TEST(Key, AKeyOfAnotherTypeOrCurveIsRefused) {
  const Json ec = NewPublicJwk(Algorithm::kEs256);
  const Json rsa = NewPublicJwk(Algorithm::kRs256);
  const Json ed = NewPublicJwk(Algorithm::kEdDsa);
  for (const Json& bad :
       {With(ec, "crv", "P-384"), With(ec, "crv", nullptr), With(ec, "kty", "RSA"), With(ec, "kty", "oct"),
        With(rsa, "kty", "EC"), With(With(rsa, "kty", "EC"), "crv", "P-256"), With(ed, "crv", "Ed448"),
        With(ed, "crv", "X25519"), With(ed, "kty", "EC"), With(With(ed, "kty", "EC"), "crv", "P-256"),
        // The generators of secp256k1 and of P-384.
        With(With(ec, "x", "eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g"), "y",
             "SDradyajxGVdpPv8DhEIqP0XtEimhVQZxHEQj_sQ1Lg"),
        With(With(ec, "x", "qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3"), "y",
             "NhfeSpYmLG9dnpi_kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f")}) {
    EXPECT_FALSE(IsPublicKey(bad)) << bad;
  }
  EXPECT_TRUE(IsPublicKey(With(rsa, "crv", 7))) << "RSA has no curve to look at";
}

TEST(Key, DoesNotVerifyWhatAKeyOfAnotherTypeSigned) {
  std::vector<Key> keys;
  for (const Algorithm algorithm : kAlgorithms) keys.push_back(Key::Create(algorithm));
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = 0; j < keys.size(); ++j) {
      EXPECT_EQ(keys[i].Verifies(kText, keys[j].Sign(kText)), i == j) << i << j;
    }
  }
}

TEST(Key, MembersThatAreMissingOrNotTheOneBase64UrlAreRefused) {
  for (const auto& [algorithm, names] : std::vector<std::pair<Algorithm, std::vector<const char*>>>{
           {Algorithm::kEs256, {"x", "y"}}, {Algorithm::kRs256, {"n", "e"}}, {Algorithm::kEdDsa, {"x"}}}) {
    const Json good = NewPublicJwk(algorithm);
    for (const char* name : names) {
      const std::string text = good[name];
      for (const Json& bad : std::vector<Json>{nullptr, 7, "", text + "=", text + " ", "\n" + text,
                                               "!" + text.substr(1), text + "AAAAA"}) {
        EXPECT_FALSE(IsPublicKey(With(good, name, bad))) << NameOf(algorithm) << name << bad;
      }
      Json without = good;
      without.erase(name);
      EXPECT_FALSE(IsPublicKey(without)) << NameOf(algorithm) << name;
    }
  }
}

TEST(Key, ACoordinateMayBeZeroAndMustBeThere) {
  const Json jwk = {
      {"kty", "EC"}, {"crv", "P-256"}, {"x", "AA"}, {"y", "ZkhceA4vg9ckM71dhKBrtlQcKvMdrocXKL-FahdPk_Q"}};
  EXPECT_TRUE(IsPublicKey(jwk));
  EXPECT_FALSE(IsPublicKey(With(jwk, "x", "")));
  EXPECT_FALSE(IsPublicKey(With(jwk, "x", nullptr)));
}

TEST(Key, ZerosInFrontOfANumberDoNotMatter) {
  const auto with_zero = [](const std::string& bytes) { return std::string(1, '\0') + bytes; };
  const auto without_zero = [](const std::string& bytes) { return bytes.substr(1); };
  Key key = Key::Create(Algorithm::kEs256);
  while (Decoded(key.ToJwk(Half::kPublic)["y"])[0] != 0) key = Key::Create(Algorithm::kEs256);
  const Json whole = key.ToJwk(Half::kPublic);
  for (const Json& jwk : {WithBytes(whole, "y", without_zero), WithBytes(whole, "y", with_zero)}) {
    const auto same = Key::Parse(jwk, Half::kPublic);
    ASSERT_TRUE(same.has_value()) << jwk;
    EXPECT_TRUE(same->Verifies(kText, key.Sign(kText)));
    EXPECT_EQ(same->ToJwk(Half::kPublic), whole);
  }
  EXPECT_TRUE(IsPublicKey(WithBytes(NewPublicJwk(Algorithm::kRs256), "n", with_zero)));
  EXPECT_FALSE(IsPublicKey(WithBytes(NewPublicJwk(Algorithm::kEdDsa), "x", with_zero)));
}

TEST(Key, RsaHasAtLeast2048BitsAndAnExponentThatHides) {
  EXPECT_FALSE(IsPublicKey(RsaOf(1024)));
  EXPECT_FALSE(IsPublicKey(RsaOf(2047)));
  const Json good = RsaOf(2048);
  EXPECT_TRUE(IsPublicKey(good));
  EXPECT_TRUE(IsPublicKey(With(good, "e", "Aw")));   // 3
  EXPECT_FALSE(IsPublicKey(With(good, "e", "AQ")));  // 1: anybody could sign
  EXPECT_FALSE(IsPublicKey(With(good, "e", "AA")));
}

TEST(Key, ASignatureOfAnotherLengthIsRefused) {
  for (const Algorithm algorithm : kAlgorithms) {
    const Key key = Key::Create(algorithm);
    const std::string good = Decoded(key.Sign(kText));
    ASSERT_TRUE(key.Verifies(kText, absl::WebSafeBase64Escape(good)));
    for (const std::string& bad : {std::string(), good.substr(1), good.substr(0, good.size() - 1),
                                   good + '\0', '\0' + good, good + good, good.substr(0, good.size() / 2)}) {
      EXPECT_FALSE(key.Verifies(kText, absl::WebSafeBase64Escape(bad))) << NameOf(algorithm) << bad.size();
    }
  }
}

TEST(Key, AnEs256SignatureIsTwoNumbersFromOneToTheOrderAndNotDer) {
  const Key key = Key::Create(Algorithm::kEs256);
  std::string good = Decoded(key.Sign(kText));
  while (good[0] >= 0 || good[32] >= 0)
    good = Decoded(key.Sign(kText));  // so that each takes 33 bytes in DER
  const std::string r = good.substr(0, 32), s = good.substr(32), zero(32, '\0'), most(32, '\xff');
  const std::string order =
      absl::HexStringToBytes("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  for (const std::string& bad : {zero, order, most}) {
    for (const std::string& signature : {bad + s, r + bad, bad + bad}) {
      EXPECT_FALSE(key.Verifies(kText, absl::WebSafeBase64Escape(signature)));
    }
  }
  EXPECT_FALSE(key.Verifies(kText, absl::WebSafeBase64Escape(s + r)));
  EXPECT_FALSE(key.Verifies(kText, absl::WebSafeBase64Escape(r + '\0' + s))) << "65 bytes";
  const std::string der =
      absl::StrCat("\x30\x46", absl::string_view("\x02\x21\0", 3), r, absl::string_view("\x02\x21\0", 3), s);
  EXPECT_FALSE(key.Verifies(kText, absl::WebSafeBase64Escape(der)));
}

TEST(Key, EsSignaturesWithSmallNumbersKeepTheirLength) {
  const Key key = Key::Create(Algorithm::kEs256);
  bool seen = false;
  for (int i = 0; i < 5'000 && !seen; ++i) {
    const std::string signature = key.Sign(kText), bytes = Decoded(signature);
    ASSERT_EQ(bytes.size(), 64u);
    ASSERT_TRUE(key.Verifies(kText, signature));
    seen = bytes[0] == 0;
  }
  EXPECT_TRUE(seen);
}

TEST(Key, ASignatureIsWrittenInOneWayOnly) {
  const Key key = Key::Create(Algorithm::kEs256);
  const std::string good = key.Sign(kText);
  for (const char* last : {"AA", "AB", "AP", "A_"}) {
    const std::string other = good.substr(0, good.size() - 1) + last[1];
    EXPECT_EQ(key.Verifies(kText, other), other == good) << other;
  }
  for (const std::string& bad : {good + "=", good + "==", good + "\n", " " + good}) {
    EXPECT_FALSE(key.Verifies(kText, bad)) << bad;
  }
}

TEST(Key, WhatFailedLeavesNoErrorForOthersOnTheThread) {
  const Key key = Key::Create(Algorithm::kRs256);
  EXPECT_FALSE(key.Verifies(kText, "AAAA"));
  EXPECT_EQ(PublicHalf(key).Sign(kText), "");
  EXPECT_FALSE(IsPublicKey({{"kty", "OKP"}, {"crv", "Ed25519"}, {"x", "AAAA"}}));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(DecodeBase64Url, TakesTheOneFormOnly) {
  EXPECT_EQ(DecodeBase64Url(""), "");
  EXPECT_EQ(DecodeBase64Url("YQ"), "a");
  EXPECT_EQ(DecodeBase64Url("YWI"), "ab");
  EXPECT_EQ(DecodeBase64Url("-_-_"), "\xfb\xff\xbf");
  for (const char* bad : {"Y", "YR", "YWJ", "YQ=", "YQ==", "YW I", "YWI\n", "+/+/", "YQ.", "YWJjY", "="}) {
    EXPECT_EQ(DecodeBase64Url(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace guestpass::auth
