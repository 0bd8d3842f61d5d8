// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/pg_membership_tx.h"

#include <algorithm>

#include "common/postgres/errors.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/storage/postgres/rows.h"
#include "services/membership/storage/postgres/take_locks.h"

// What a transaction asks, and what it keeps beside the rights themselves.
namespace guestpass::membership {
namespace {

using postgres::Params;
using postgres::Result;

constexpr char kCountOtherOwners[] =
    "SELECT count(*) FROM organization_members WHERE organization = $1 AND role = 'OWNER' AND user_id <> $2";

constexpr char kCountOtherAdmins[] =
    "SELECT count(*) FROM members WHERE workspace = $1 AND role = 'ADMIN' AND user_id <> $2";

constexpr char kCountGuests[] =
    "SELECT count(*), count(*) FILTER (WHERE m.sponsor = $2) FROM members m "
    "WHERE m.workspace = $1 AND m.role = 'GUEST' AND m.user_id <> $3 AND " GUESTPASS_NOT_ENDED(m, $4);

constexpr char kInsertJoinKeys[] = R"sql(
  INSERT INTO join_keys (join_key, outcome, workspace, user_id, already_member, decided_us, keep_until_us)
  SELECT key, 'JOINED', workspace, user_id, already, now, now + keep
  FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::bigint[])
    AS q (key, workspace, user_id, already, keep), now_us() AS now
)sql";

constexpr char kAnswerTo[] = R"sql(
  SELECT request_hash, answer, epoch, shard, n, record_us FROM request_answers
  WHERE caller = $1 AND method = $2 AND request_id = $3 AND keep_until_us > now_us()
)sql";

// One whose time is over makes room.
constexpr char kForgetAnswer[] = R"sql(
  DELETE FROM request_answers WHERE caller = $1 AND method = $2 AND request_id = $3 AND keep_until_us <= now_us()
)sql";

constexpr absl::string_view kMadeOnce[] = {"members_pkey", "participants_pkey", "channels_direct",
                                           "request_answers_pkey"};
constexpr absl::string_view kDecidedOnce = "join_keys_pkey";

}  // namespace

PgMembershipTx::PgMembershipTx(postgres::Pipeline& pipeline, postgres::Statements& changes,
                               const Locked& locked, RightsRecord& record)
    : pipeline_(pipeline), changes_(changes), locked_(locked), record_(record) {
  if (locked.organization.has_value()) shard_ = locked.organization->shard;
}

absl::StatusOr<Result> PgMembershipTx::Ask(absl::string_view sql, Params params) {
  pipeline_.Add(sql, std::move(params));
  ASSIGN_OR_RETURN(std::vector<Result> results, pipeline_.Run());
  return std::move(results.back());
}

absl::StatusOr<int64_t> PgMembershipTx::CountOtherOwners(const OrganizationId& organization,
                                                         const UserId& user) {
  ASSIGN_OR_RETURN(const Result result, Ask(kCountOtherOwners, Params::Of(organization, user)));
  return result.Int64(0, 0);
}

absl::StatusOr<int64_t> PgMembershipTx::CountOtherAdmins(const WorkspaceId& workspace, const UserId& user) {
  ASSIGN_OR_RETURN(const Result result, Ask(kCountOtherAdmins, Params::Of(workspace, user)));
  return result.Int64(0, 0);
}

absl::StatusOr<GuestCounts> PgMembershipTx::CountGuests(const WorkspaceId& workspace, const UserId& sponsor,
                                                        const UserId& user, absl::Time now) {
  ASSIGN_OR_RETURN(const Result result, Ask(kCountGuests, Params::Of(workspace, sponsor, user, now)));
  return GuestCounts{.workspace = result.Int64(0, 0), .sponsor = result.Int64(0, 1)};
}

void PgMembershipTx::InsertJoinKey(const JoinKey& key) {
  changes_.AddRow(kInsertJoinKeys,
                  Params::Of(key.key, key.workspace, key.user, key.already_member, kKeepJoinKeys));
  join_key_ = key.key;
}

absl::StatusOr<std::optional<KeptAnswer>> PgMembershipTx::AnswerTo(const RequestKey& key) {
  ASSIGN_OR_RETURN(const Result result, Ask(kAnswerTo, Params::Of(key.caller, key.method, key.id)));
  if (result.rows() == 0) return std::nullopt;
  if (result.Text(0, 0) != key.hash) return RequestIdReused(key.id);
  return KeptAnswer{.answer = result.Bytes(0, 1),
                    .record_time = result.Time(0, 5),
                    .revision = {std::string(result.Text(0, 2)), static_cast<uint32_t>(result.Int64(0, 3)),
                                 static_cast<uint64_t>(result.Int64(0, 4))}};
}

void PgMembershipTx::KeepAnswer(const RequestKey& key, std::string answer) {
  changes_.Add(kForgetAnswer, Params::Of(key.caller, key.method, key.id));
  record_.KeepAnswer(key, std::move(answer));
}

absl::Status Explained(const absl::Status& status, const std::string& join_key) {
  return postgres::IsUniqueViolation(status, kDecidedOnce) ? JoinCancelled(join_key) : status;
}

bool MetARival(const absl::Status& status) {
  return std::any_of(std::begin(kMadeOnce), std::end(kMadeOnce), [&](absl::string_view constraint) {
    return postgres::IsUniqueViolation(status, constraint);
  });
}

}  // namespace guestpass::membership
