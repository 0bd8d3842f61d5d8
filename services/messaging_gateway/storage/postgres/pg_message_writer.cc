// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/storage/postgres/pg_message_writer.h"

#include <algorithm>
#include <utility>

#include "common/postgres/errors.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::messaging {
namespace {

// Rows that exist already are left alone, so that racing writers of a new channel agree on one.
constexpr char kCreateHeads[] = R"sql(
  INSERT INTO channel_heads (channel, number)
  SELECT DISTINCT channel, 0 FROM unnest($1::text[]) AS channel ORDER BY channel
  ON CONFLICT DO NOTHING
)sql";

constexpr char kLockHeads[] = R"sql(
  SELECT FROM channel_heads WHERE channel = ANY ($1::text[]) ORDER BY channel FOR UPDATE
)sql";

// Outcome by ordinal: 0 stored, 1 duplicate, 2 expired, 3 stale; then number and create_us, and the instant.
constexpr char kAppend[] = R"sql(
  WITH instant AS MATERIALIZED (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us
  ), input AS MATERIALIZED (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
                         $7::bigint[], $8::text[], $9::bigint[], $10::bigint[])
      WITH ORDINALITY AS t (workspace, channel, actor, client_message_id, body, expire_us, lease_us,
                            rights_epoch, rights_shard, rights_n, ordinal)
  ), known AS MATERIALIZED (
    SELECT i.ordinal, e.number, e.create_us
    FROM input i CROSS JOIN LATERAL (
      SELECT number, create_us FROM events
      WHERE channel = i.channel AND actor = i.actor AND client_message_id = i.client_message_id
      LIMIT 1
    ) e
  ), fresh AS MATERIALIZED (
    SELECT i.*, first_value(i.ordinal) OVER same AS original
    FROM input i WHERE NOT EXISTS (SELECT FROM known k WHERE k.ordinal = i.ordinal)
    WINDOW same AS (PARTITION BY i.channel, i.actor, i.client_message_id ORDER BY i.ordinal)
  ), numbered AS MATERIALIZED (
    SELECT f.*, instant.us,
           h.number + row_number() OVER (PARTITION BY f.channel ORDER BY f.ordinal) AS number
    FROM fresh f CROSS JOIN instant JOIN channel_heads h ON h.channel = f.channel
    WHERE f.ordinal = f.original AND (f.expire_us IS NULL OR instant.us < f.expire_us)
      AND instant.us < f.lease_us
  ), stored AS (
    INSERT INTO events (workspace, channel, number, kind, actor, client_message_id, body, create_us,
                        rights_epoch, rights_shard, rights_n)
    SELECT workspace, channel, number, 'POST', actor, client_message_id, body, us, rights_epoch,
           rights_shard, rights_n
    FROM numbered
  ), advanced AS (
    UPDATE channel_heads h SET number = n.number
    FROM (SELECT channel, max(number) AS number FROM numbered GROUP BY channel) n
    WHERE h.channel = n.channel
  )
  SELECT CASE WHEN k.ordinal IS NOT NULL THEN 1
              WHEN n.ordinal IS NULL THEN CASE WHEN instant.us >= i.expire_us THEN 2 ELSE 3 END
              WHEN n.ordinal <> i.ordinal THEN 1
              ELSE 0 END,
         coalesce(k.number, n.number, 0), coalesce(k.create_us, n.us, 0), instant.us
  FROM input i CROSS JOIN instant
  LEFT JOIN known k ON k.ordinal = i.ordinal
  LEFT JOIN fresh f ON f.ordinal = i.ordinal
  LEFT JOIN numbered n ON n.ordinal = f.original
  ORDER BY i.ordinal
)sql";

// Planning the statement anew for each batch would take longer than running it; and a plan made while the
// tables are small must be as good when they are large: LIMIT above, and indexes here, keep it from scanning.
constexpr char kOnePlan[] = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off";

constexpr char kClock[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
constexpr size_t kMostHeadsRemembered = 100'000;

template <typename T, typename Get>
std::vector<T> Column(const std::vector<NewMessage>& batch, Get get) {
  std::vector<T> values;
  values.reserve(batch.size());
  for (const NewMessage& message : batch) values.push_back(get(message));
  return values;
}

postgres::Params Rows(const std::vector<NewMessage>& batch, const AnchoredClock& anchor) {
  postgres::Params params;
  params.Add(Column<WorkspaceId>(batch, [](const auto& m) { return m.workspace; }));
  params.Add(Column<ChannelId>(batch, [](const auto& m) { return m.channel; }));
  params.Add(Column<UserId>(batch, [](const auto& m) { return m.author; }));
  params.Add(Column<std::string>(batch, [](const auto& m) { return m.client_message_id; }));
  params.Add(Column<std::string>(batch, [](const auto& m) { return m.text; }));
  params.Add(Column<absl::Time>(batch, [](const auto& m) { return m.expire_time; }));
  params.Add(Column<absl::Time>(batch, [&](const auto& m) { return *anchor.Earliest(m.lease_end); }));
  params.Add(Column<std::string>(batch, [](const auto& m) { return m.revision.epoch; }));
  params.Add(Column<int64_t>(batch, [](const auto& m) { return m.revision.shard; }));
  params.Add(Column<int64_t>(batch, [](const auto& m) { return static_cast<int64_t>(m.revision.n); }));
  return params;
}

bool Send(PGconn* connection, const std::string& statement, const postgres::Params& params) {
  const std::vector<const char*> values = params.Values();
  const std::vector<int> lengths = params.Lengths();
  return PQsendQueryPrepared(connection, statement.c_str(), params.size(), values.data(), lengths.data(),
                             params.formats().data(), 0) == 1;
}

}  // namespace

std::vector<std::unique_ptr<MessageWriter>> PgMessageWriter::Make(int count,
                                                                  const postgres::SessionOptions& options,
                                                                  const Clock& clock) {
  const auto anchor = std::make_shared<AnchoredClock>();
  std::vector<std::unique_ptr<MessageWriter>> writers;
  for (int i = 0; i < count; ++i)
    writers.push_back(std::make_unique<PgMessageWriter>(options, anchor, clock));
  return writers;
}

absl::StatusOr<std::vector<Appended>> PgMessageWriter::Append(const std::vector<NewMessage>& batch) {
  RETURN_IF_ERROR(EnsureSession());
  RETURN_IF_ERROR(EnsureHeads(batch));
  const auto channels =
      postgres::Params::Of(Column<ChannelId>(batch, [](const auto& m) { return m.channel; }));
  const absl::Duration sent = clock_.Boot();
  ASSIGN_OR_RETURN(const postgres::Result result, Pipeline(channels, Rows(batch, *anchor_)));
  std::vector<Appended> outcomes;
  for (int row = 0; row < result.rows(); ++row) {
    outcomes.push_back({.outcome = static_cast<Appended::Outcome>(result.Int64(row, 0)),
                        .number = static_cast<uint64_t>(result.Int64(row, 1)),
                        .create_time = result.Time(row, 2)});
  }
  if (result.rows() > 0) anchor_->Sample(sent, clock_.Boot(), result.Time(0, 3));
  return outcomes;
}

absl::Status PgMessageWriter::EnsureSession() {
  if (session_ != nullptr && !session_->broken()) return absl::OkStatus();
  session_.reset();
  with_head_.clear();
  ASSIGN_OR_RETURN(session_, postgres::Session::Connect(options_));
  absl::Status status = session_->Script(kOnePlan);
  // It may be another server than before, with another clock.
  if (status.ok()) status = SampleClock();
  if (!status.ok()) session_.reset();
  return status;
}

absl::Status PgMessageWriter::SampleClock() {
  for (int attempt = 0; attempt < 3; ++attempt) {
    const absl::Duration sent = clock_.Boot();
    ASSIGN_OR_RETURN(const postgres::Result result, session_->Run(kClock));
    if (anchor_->Sample(sent, clock_.Boot(), result.Time(0, 0))) return absl::OkStatus();
  }
  return postgres::DatabaseUnavailable();
}

absl::Status PgMessageWriter::EnsureHeads(const std::vector<NewMessage>& batch) {
  if (with_head_.size() > kMostHeadsRemembered) with_head_.clear();
  std::vector<ChannelId> missing;
  for (const NewMessage& message : batch) {
    if (!with_head_.contains(message.channel)) missing.push_back(message.channel);
  }
  if (missing.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(session_->Run(kCreateHeads, postgres::Params::Of(missing)).status());
  with_head_.insert(missing.begin(), missing.end());
  return absl::OkStatus();
}

// What stands between two syncs is one transaction: an error in either statement undoes both.
absl::StatusOr<postgres::Result> PgMessageWriter::Pipeline(const postgres::Params& channels,
                                                           const postgres::Params& rows) {
  if (channels.has_nul() || rows.has_nul()) return FieldInvalid("text", "holds the character U+0000");
  ASSIGN_OR_RETURN(const std::string lock, session_->Prepare(kLockHeads));
  ASSIGN_OR_RETURN(const std::string append, session_->Prepare(kAppend));
  PGconn* connection = session_->connection();
  const bool sent = PQenterPipelineMode(connection) == 1 && Send(connection, lock, channels) &&
                    Send(connection, append, rows) && PQpipelineSync(connection) == 1;
  if (!sent) {
    session_.reset();
    return postgres::DatabaseUnavailable();
  }
  auto result = ReadPipeline();
  if (session_ != nullptr && (session_->broken() || PQexitPipelineMode(connection) != 1)) session_.reset();
  return result;
}

absl::StatusOr<postgres::Result> PgMessageWriter::ReadPipeline() {
  const absl::Status unknown =
      Error(Reason::kOutcomeUnknown, "The database was lost around a commit. Send again with the same id.");
  std::optional<postgres::Result> rows;
  absl::Status failure;
  for (;;) {
    if (!session_->Await().ok()) return unknown;
    PGresult* raw = PQgetResult(session_->connection());
    if (raw == nullptr && session_->broken()) return unknown;
    if (raw == nullptr) continue;  // stands between two statements' results
    postgres::Result result(raw);
    const ExecStatusType status = PQresultStatus(raw);
    if (status == PGRES_PIPELINE_SYNC) break;
    if (status == PGRES_FATAL_ERROR && failure.ok()) failure = session_->ErrorOf(raw);
    if (status == PGRES_TUPLES_OK) rows = std::move(result);  // the second statement's come last
  }
  RETURN_IF_ERROR(failure);
  if (!rows.has_value()) return absl::InternalError("the pipeline ended without rows");
  return *std::move(rows);
}

}  // namespace guestpass::messaging
