// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "common/postgres/params.h"
#include "common/postgres/result.h"
#include "common/postgres/session.h"
#include "common/rights/ids.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

class Types : public testing::Test {
 protected:
  Types() { session_ = *Session::Connect({.conninfo = database_.conninfo()}); }

  Result Row(absl::string_view sql, const Params& params) {
    absl::StatusOr<Result> result = session_->Run(sql, params);
    EXPECT_TRUE(result.ok()) << result.status();
    return *std::move(result);
  }

  harness::TestDatabase database_;
  std::unique_ptr<Session> session_;
};

TEST_F(Types, ValuesComeBackAsTheyWent) {
  const absl::Time time = absl::FromUnixMicros(1'800'000'000'123'457);
  const Result row =
      Row("SELECT $1::text, $2::bigint, $3::bigint, $4::boolean, $5::boolean, $6::bigint, $7::bigint",
          Params::Of("Grüße, 世界 \"quoted\" \\ 'single'", std::numeric_limits<int64_t>::min(), 7, true,
                     false, time, absl::Milliseconds(3)));
  EXPECT_EQ(row.Text(0, 0), "Grüße, 世界 \"quoted\" \\ 'single'");
  EXPECT_EQ(row.Int64(0, 1), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(row.Int64(0, 2), 7);
  EXPECT_TRUE(row.Bool(0, 3));
  EXPECT_FALSE(row.Bool(0, 4));
  EXPECT_EQ(row.Time(0, 5), time);
  EXPECT_EQ(row.Int64(0, 6), 3000);
}

TEST_F(Types, NullIsNotTheEmptyString) {
  const Result row = Row("SELECT $1::text, $2::text, $3::text",
                         Params::Of("", std::optional<std::string>(), std::optional<std::string>("there")));
  EXPECT_FALSE(row.IsNull(0, 0));
  EXPECT_EQ(row.Text(0, 0), "");
  EXPECT_TRUE(row.IsNull(0, 1));
  EXPECT_EQ(row.Text(0, 1), "");
  EXPECT_EQ(row.Text(0, 2), "there");
}

TEST_F(Types, NoTimeIsNullAndTheInfiniteFuture) {
  const Result row =
      Row("SELECT $1::bigint, $2::bigint", Params::Of(absl::InfiniteFuture(), absl::UnixEpoch()));
  EXPECT_TRUE(row.IsNull(0, 0));
  EXPECT_EQ(row.Time(0, 0), absl::InfiniteFuture());
  EXPECT_EQ(row.Time(0, 1), absl::UnixEpoch());
}

TEST_F(Types, AnIdIsItsTextAndNoIdIsNull) {
  const UserId user = *UserId::Parse("abcdefghijklmnopqrstuvwxyz");
  const Result row = Row("SELECT $1::text, $2::text, $3::text[]",
                         Params::Of(user, UserId(), std::vector<UserId>{user, user}));
  EXPECT_EQ(row.As<UserId>(0, 0), user);
  EXPECT_TRUE(row.IsNull(0, 1));
  EXPECT_TRUE(row.As<UserId>(0, 1).empty());
  EXPECT_THAT(row.TextArray(0, 2), ElementsAre(user.text(), user.text()));
}

TEST_F(Types, ArraysKeepWhateverTheirTextsHold) {
  const std::vector<std::string> texts = {"",     "plain", "a,b",  "{curly}", "say \"hi\"", "back\\slash",
                                          "\\\"", "NULL",  "null", " sp ",    "new\nline",  "世界",
                                          "'",    "$1"};
  const Result row = Row("SELECT $1::text[], cardinality($1::text[]), $2::text[], ($1::text[])[7]",
                         Params::Of(texts, std::vector<std::string>()));
  EXPECT_THAT(row.TextArray(0, 0), ElementsAreArray(texts));
  EXPECT_EQ(row.Int64(0, 1), static_cast<int64_t>(texts.size()));
  EXPECT_THAT(row.TextArray(0, 2), IsEmpty());
  EXPECT_EQ(row.Text(0, 3), "\\\"");
}

TEST_F(Types, ArraysOfNumbersTimesAndFlagsUnnest) {
  const Result rows =
      Row("SELECT n, t, f FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]) AS u(n, t, f)",
          Params::Of(std::vector<int64_t>{-1, 1LL << 40},
                     std::vector<absl::Time>{absl::InfiniteFuture(), absl::FromUnixMicros(5)},
                     std::vector<bool>{true, false}));
  ASSERT_EQ(rows.rows(), 2);
  EXPECT_EQ(rows.affected(), 2);
  EXPECT_EQ(rows.Int64(0, 0), -1);
  EXPECT_EQ(rows.Int64(1, 0), 1LL << 40);
  EXPECT_EQ(rows.Time(0, 1), absl::InfiniteFuture());
  EXPECT_EQ(rows.Time(1, 1), absl::FromUnixMicros(5));
  EXPECT_TRUE(rows.Bool(0, 2));
  EXPECT_FALSE(rows.Bool(1, 2));
  EXPECT_THAT(Row("SELECT ARRAY[3, NULL, -4]::bigint[]", {}).Int64Array(0, 0), ElementsAre(3, 0, -4));
}

TEST_F(Types, ColumnsOfRowsKeepWhateverTheyHold) {
  const std::string text = "\"b\\\", {c} NULL", bytes("\0\\\"", 3);
  const std::vector<Params> rows = {
      Params::Of(1, text, std::vector<std::string>{"x, y", "\""}).AddBytes(bytes),
      Params::Of(2, std::optional<std::string>(), std::vector<std::string>{}).AddBytes("")};
  const Result result =
      Row("SELECT n, t, l::text[] = ARRAY['x, y', '\"'], b, cardinality(l::text[]) "
          "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[]) AS q (n, t, l, b) ORDER BY n",
          Params::ColumnsOf(rows));
  ASSERT_EQ(result.rows(), 2);
  EXPECT_EQ(result.Int64(1, 0), 2);
  EXPECT_EQ(result.Text(0, 1), text);
  EXPECT_TRUE(result.IsNull(1, 1));
  EXPECT_TRUE(result.Bool(0, 2));
  EXPECT_EQ(result.Int64(1, 4), 0);
  EXPECT_EQ(result.Bytes(0, 3), bytes);
  EXPECT_EQ(result.Bytes(1, 3), "");
}

TEST_F(Types, BytesMayHoldAnything) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  Params params;
  params.AddBytes(bytes).AddBytesArray({bytes, ""}).AddNull();
  const Result row = Row("SELECT $1::bytea, ($2::bytea[])[1], ($2::bytea[])[2], $3::bytea", params);
  EXPECT_EQ(row.Bytes(0, 0), bytes);
  EXPECT_EQ(row.Bytes(0, 1), bytes);
  EXPECT_EQ(row.Bytes(0, 2), "");
  EXPECT_FALSE(row.IsNull(0, 2));
  EXPECT_TRUE(row.IsNull(0, 3));
}

TEST_F(Types, ANulCharacterIsRefusedAndNothingIsStored) {
  ASSERT_TRUE(session_->Script("CREATE TABLE notes (note text)").ok());
  const std::string with_nul("cut\0here", 8);
  EXPECT_TRUE(HasReason(session_->Run("INSERT INTO notes VALUES ($1)", Params::Of(with_nul)).status(),
                        Reason::kFieldInvalid));
  EXPECT_TRUE(HasReason(session_
                            ->Run("INSERT INTO notes SELECT unnest($1::text[])",
                                  Params::Of(std::vector<std::string>{"fine", with_nul}))
                            .status(),
                        Reason::kFieldInvalid));
  EXPECT_EQ(Row("SELECT count(*) FROM notes", {}).Int64(0, 0), 0);
  EXPECT_FALSE(session_->broken());
}

}  // namespace
}  // namespace guestpass::postgres
