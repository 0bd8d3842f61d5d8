// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/invite_reads.h"

#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "common/postgres/transact.h"
#include "services/membership/storage/postgres/columns.h"
#include "services/membership/storage/postgres/read_rights.h"
#include "services/membership/storage/postgres/rows.h"

namespace guestpass::membership {
namespace {

using postgres::Pipeline;
using postgres::Result;

constexpr char kForInvites[] = "SELECT q.i, " GUESTPASS_WORKSPACE_COLUMNS(w) R"sql(,
         EXISTS (SELECT FROM members m
                 WHERE m.workspace = w.id AND m.address = q.address
                   AND (m.role <> 'GUEST' OR )sql" GUESTPASS_NOT_ENDED(m, now) R"sql()),
         (SELECT coalesce(max(r.removed_n), 0) FROM removed_members r
          WHERE r.place IN (w.id, w.organization) AND r.address_hash <> ''
            AND r.address_hash = address_hash(q.address)),
         g.of_workspace, g.of_sponsor
  FROM now_us() AS now
  CROSS JOIN unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS q (i, workspace, address, sponsor)
  CROSS JOIN LATERAL (SELECT * FROM workspaces WHERE id = q.workspace LIMIT 1) w
  CROSS JOIN LATERAL
    (SELECT count(*) AS of_workspace, count(*) FILTER (WHERE m.sponsor = q.sponsor) AS of_sponsor FROM members m
     WHERE q.sponsor IS NOT NULL AND w.guest_cap + w.sponsor_guest_cap > 0 AND m.workspace = w.id AND m.role = 'GUEST'
       AND )sql" GUESTPASS_NOT_ENDED(m, now) R"sql() g
)sql";

InviteRead ReadIn(const Result& result, int row) {
  return {.workspace = WorkspaceIn(result, row, 1),
          .guests = {.workspace = result.Int64(row, 15), .sponsor = result.Int64(row, 16)},
          .member_exists = result.Bool(row, 13),
          .removed_n = static_cast<uint64_t>(result.Int64(row, 14))};
}

void QueueInvites(Pipeline& pipeline, const std::vector<const InviteQuery*>& queries,
                  std::vector<InviteRead>& reads) {
  Columns asked;
  for (size_t i = 0; i < queries.size(); ++i) {
    const InviteQuery& query = *queries[i];
    const auto address = query.address.empty() ? std::nullopt : std::optional(query.address);
    const auto sponsor = query.counts_guests ? TextOrNull(query.inviter.user) : std::nullopt;
    asked.Add(i, {TextOrNull(query.inviter.workspace), address, sponsor});
  }
  pipeline.AddSeen(kForInvites, asked.ToParams(), [&reads](const Result& result) {
    for (int row = 0; row < result.rows(); ++row) {
      reads[static_cast<size_t>(result.Int64(row, 0))] = ReadIn(result, row);
    }
  });
}

}  // namespace

std::vector<absl::StatusOr<InviteRead>> InviteReads::Read(const std::vector<InviteQuery>& queries) {
  std::deque<Question> questions;
  Batch batch;
  for (const InviteQuery& query : queries) batch.push_back(&questions.emplace_back(Question{query}));
  lanes_.DoAll(batch);
  std::vector<absl::StatusOr<InviteRead>> answers;
  for (Question& question : questions) answers.push_back(std::move(question.answer));
  return answers;
}

void InviteReads::ReadAll(const Batch& batch) {
  std::vector<const InviteQuery*> queries;
  std::vector<RightsQuery> inviters;
  for (const Question* question : batch) {
    queries.push_back(&question->query);
    inviters.push_back(question->query.inviter);
  }
  RightsRead rights;
  std::vector<InviteRead> reads;
  const absl::Status status = postgres::ReadPipelined(pool_, [&](Pipeline& pipeline) {
    rights = {};
    reads.assign(batch.size(), {});
    QueueRights(pipeline, inviters, rights);
    QueueInvites(pipeline, queries, reads);
  });
  for (size_t i = 0; i < batch.size(); ++i) {
    if (!status.ok()) {
      batch[i]->answer = status;
      continue;
    }
    reads[i].epoch = rights.epoch;
    reads[i].now = rights.now;
    reads[i].inviter = std::move(rights.members[i]);
    batch[i]->answer = std::move(reads[i]);
  }
}

}  // namespace guestpass::membership
