// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/rights_record.h"

#include <optional>
#include <utility>

#include "common/status/macros.h"
#include "services/membership/storage/postgres/object_json.h"

namespace guestpass::membership {
namespace {

// The clock is read while the head is held, so that record times are in the order of the numbers.
constexpr char kHeadAndLogs[] = R"sql(
  WITH head AS (
    UPDATE rights_heads SET n = n + $2, audit_n = audit_n + $3 WHERE shard = $1
    RETURNING n - $2 AS n, audit_n - $3 AS audit_n, now_us() AS record_us
  ), log AS (
    INSERT INTO rights_log (shard, n, kind, key, state, record_us, effective_us)
    SELECT $1, head.n + e.i, e.kind, e.key, e.state, head.record_us, coalesce(e.effective_us, head.record_us)
    FROM head, unnest($4::text[], $5::text[], $6::jsonb[], $7::bigint[])
      WITH ORDINALITY AS e (kind, key, state, effective_us, i)
  ), audit AS (
    INSERT INTO audit_entries (shard, number, actor, actor_service, platform, request_id, organization, workspace,
                               action, target, before, after, record_us, effective_us)
    SELECT $1, head.audit_n + a.i, $8::text, $9::text, a.platform, $10::text, a.organization, a.workspace, a.action, a.target, a.before,
           a.after, head.record_us, coalesce(a.effective_us, head.record_us)
    FROM head, unnest($11::text[], $12::text[], $13::text[], $14::text[], $15::jsonb[], $16::jsonb[], $17::bigint[],
                      $18::boolean[])
      WITH ORDINALITY AS a (organization, workspace, action, target, before, after, effective_us, platform, i)
  ))sql";

// Whatever a statement could write has to be made ready each time: most changes need no more than that.
constexpr char kRemoved[] = R"sql(, removed AS (
    INSERT INTO removed_members (place, user_id, address_hash, removed_n)
    SELECT r.place, r.user_id, address_hash(r.address), head.n + r.entry
    FROM head, unnest($19::text[], $20::text[], $21::text[], $22::bigint[]) AS r (place, user_id, address, entry)
    ON CONFLICT (place, user_id, address_hash) DO UPDATE SET removed_n = excluded.removed_n
  ))sql";

constexpr char kAnswered[] = R"sql(, answered AS (
    INSERT INTO request_answers (caller, method, request_id, request_hash, answer, epoch, shard, n, record_us,
                                 keep_until_us)
    SELECT $23::text, $24::text, $25::text, $26::text, $27::bytea, rights_epoch(), $1, head.n + $2, head.record_us,
           head.record_us + $28::bigint
    FROM head
  ))sql";

constexpr char kWritten[] = " SELECT n, record_us, rights_epoch() FROM head";

using Texts = std::vector<std::string>;
using OptionalTexts = std::vector<std::optional<std::string>>;
using OptionalMicros = std::vector<std::optional<int64_t>>;

std::optional<int64_t> MicrosOrNull(absl::Time effective_time) {
  if (effective_time == absl::InfinitePast()) return std::nullopt;
  return absl::ToUnixMicros(effective_time);
}

template <typename IdType>
std::optional<std::string> IdOrNull(const IdType& id) {
  if (id.empty()) return std::nullopt;
  return id.ToString();
}

std::optional<std::string> JsonOrNull(const std::optional<rights::Object>& object, const Metadata& notes) {
  if (!object.has_value()) return std::nullopt;
  return StateJson(*object, notes);
}

}  // namespace

void RightsRecord::Add(rights::Object object, absl::Time effective_time) {
  entries_.push_back({.effective_time = effective_time, .object = std::move(object)});
}

void RightsRecord::AddRemoval(std::string place, const UserId& user, std::string address) {
  removals_.push_back({std::move(place), user, std::move(address), static_cast<int64_t>(entries_.size())});
}

void RightsRecord::Write(postgres::Pipeline& pipeline, uint32_t shard, Written& written) const {
  postgres::Params params;
  params.Add(shard).Add(entries_.size()).Add(audit_.size());
  AddEntries(params);
  AddAudit(params);
  std::string write = kHeadAndLogs;
  if (!removals_.empty() || answer_.has_value()) {
    AddRemovals(params);
    write += kRemoved;
  }
  if (answer_.has_value()) {
    AddAnswer(params);
    write += kAnswered;
  }
  write += kWritten;
  pipeline.AddSeen(write, std::move(params),
                   [shard, &written, entries = entries_](const postgres::Result& result) {
                     const std::string epoch(result.Text(0, 2));
                     uint64_t n = static_cast<uint64_t>(result.Int64(0, 0));
                     written = {.committed = {.epoch = epoch, .shard = shard, .entries = entries},
                                .record_time = result.Time(0, 1),
                                .revision = {epoch, shard, n + entries.size()}};
                     for (rights::Entry& entry : written.committed.entries) {
                       entry.n = ++n;
                       entry.record_time = written.record_time;
                       if (entry.effective_time == absl::InfinitePast())
                         entry.effective_time = written.record_time;
                     }
                   });
}

void RightsRecord::AddEntries(postgres::Params& params) const {
  Texts kinds, keys, states;
  OptionalMicros effective;
  for (const rights::Entry& entry : entries_) {
    kinds.push_back(rights::KindOf(entry.object));
    keys.push_back(rights::KeyOf(entry.object));
    states.push_back(StateJson(entry.object));
    effective.push_back(MicrosOrNull(entry.effective_time));
  }
  params.Add(kinds).Add(keys).Add(states).Add(effective);
}

void RightsRecord::AddAudit(postgres::Params& params) const {
  params.Add(actor_.user).Add(actor_.service.empty() ? std::nullopt : std::optional(actor_.service));
  params.Add(actor_.request_id);
  Texts organizations, actions, targets;
  OptionalTexts workspaces, before, after;
  OptionalMicros effective;
  std::vector<bool> platform;
  for (const AuditEntry& entry : audit_) {
    organizations.push_back(entry.organization.ToString());
    workspaces.push_back(IdOrNull(entry.workspace));
    actions.push_back(entry.action);
    targets.push_back(entry.target);
    before.push_back(JsonOrNull(entry.before, entry.notes_before));
    after.push_back(JsonOrNull(entry.after, entry.notes));
    effective.push_back(MicrosOrNull(entry.effective_time));
    platform.push_back(entry.platform);
  }
  params.Add(organizations)
      .Add(workspaces)
      .Add(actions)
      .Add(targets)
      .Add(before)
      .Add(after)
      .Add(effective)
      .Add(platform);
}

void RightsRecord::AddRemovals(postgres::Params& params) const {
  Texts places, users, addresses;
  std::vector<int64_t> entries;
  for (const Removal& removal : removals_) {
    places.push_back(removal.place);
    users.push_back(removal.user.ToString());
    addresses.push_back(removal.address);
    entries.push_back(removal.entry);
  }
  params.Add(places).Add(users).Add(addresses).Add(entries);
}

void RightsRecord::AddAnswer(postgres::Params& params) const {
  const auto& [key, answer] = *answer_;
  params.Add(key.caller).Add(key.method).Add(key.id).Add(key.hash).AddBytes(answer).Add(kKeepAnswers);
}

}  // namespace guestpass::membership
