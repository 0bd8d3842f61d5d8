// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/rights_record.h"

#include <optional>
#include <utility>

#include "common/status/macros.h"
#include "services/membership/storage/postgres/columns.h"
#include "services/membership/storage/postgres/object_json.h"

namespace guestpass::membership {
namespace {

// A crowd that waits for one head waits in line here: at the row, each of them would wake at every commit,
// and look at it anew.
constexpr char kLineUp[] = "SELECT pg_advisory_xact_lock(1751475556, $1)::text";

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
    SELECT $1, head.audit_n + a.i, a.actor, a.service, a.platform, a.request, a.organization, a.workspace, a.action,
           a.target, a.before, a.after, head.record_us, coalesce(a.effective_us, head.record_us)
    FROM head, unnest($8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
                      $15::jsonb[], $16::jsonb[], $17::bigint[], $18::boolean[])
      WITH ORDINALITY AS a (actor, service, request, organization, workspace, action, target, before, after,
                            effective_us, platform, i)
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
    SELECT a.caller, a.method, a.id, a.hash, a.answer, rights_epoch(), $1, head.n + a.entry, head.record_us,
           head.record_us + $29::bigint
    FROM head, unnest($23::text[], $24::text[], $25::text[], $26::text[], $27::bytea[], $28::bigint[])
      AS a (caller, method, id, hash, answer, entry)
  ))sql";

constexpr char kWritten[] = " SELECT n, record_us, rights_epoch() FROM head";

using Texts = std::vector<std::string>;
using OptionalTexts = std::vector<std::optional<std::string>>;
using OptionalMicros = std::vector<std::optional<int64_t>>;

std::optional<int64_t> MicrosOrNull(absl::Time effective_time) {
  if (effective_time == absl::InfinitePast()) return std::nullopt;
  return absl::ToUnixMicros(effective_time);
}

std::optional<std::string> JsonOrNull(const std::optional<rights::Object>& object, const Metadata& notes) {
  if (!object.has_value()) return std::nullopt;
  return StateJson(*object, notes);
}

}  // namespace

// What several records tell, one behind the other, as the statement takes it.
class RightsRecord::Parameters {
 public:
  explicit Parameters(const std::vector<Part>& parts) {
    for (const Part& part : parts) Add(*part.record);
  }

  postgres::Params Of(uint32_t shard) const {
    return postgres::Params::Of(shard, kinds_.size(), actions_.size(), kinds_, keys_, states_, effective_,
                                actors_, services_, requests_, organizations_, workspaces_, actions_,
                                targets_, before_, after_, audit_effective_, platform_);
  }
  bool has_removals() const { return !places_.empty(); }
  bool has_answers() const { return !callers_.empty(); }
  void AddRemovals(postgres::Params& params) const {
    params.Add(places_).Add(users_).Add(addresses_).Add(removal_entries_);
  }
  void AddAnswers(postgres::Params& params) const {
    params.Add(callers_).Add(methods_).Add(ids_).Add(hashes_).AddBytesArray(answers_);
    params.Add(answer_entries_).Add(kKeepAnswers);
  }

 private:
  void Add(const RightsRecord& record) {
    const auto before = static_cast<int64_t>(kinds_.size());
    for (const rights::Entry& entry : record.entries_) AddEntry(entry);
    for (const AuditEntry& entry : record.audit_) AddAudit(entry, record.actor_);
    for (const Removal& removal : record.removals_) {
      places_.push_back(removal.place);
      users_.push_back(removal.user.ToString());
      addresses_.push_back(removal.address);
      removal_entries_.push_back(before + removal.entry);
    }
    if (record.answer_.has_value()) AddAnswer(record.answer_->first, record.answer_->second);
  }

  void AddEntry(const rights::Entry& entry) {
    kinds_.push_back(rights::KindOf(entry.object));
    keys_.push_back(rights::KeyOf(entry.object));
    states_.push_back(StateJson(entry.object));
    effective_.push_back(MicrosOrNull(entry.effective_time));
  }

  void AddAudit(const AuditEntry& entry, const Actor& actor) {
    actors_.push_back(TextOrNull(actor.user));
    services_.push_back(actor.service.empty() ? std::nullopt : std::optional(actor.service));
    requests_.push_back(actor.request_id);
    organizations_.push_back(entry.organization.ToString());
    workspaces_.push_back(TextOrNull(entry.workspace));
    actions_.push_back(entry.action);
    targets_.push_back(entry.target);
    before_.push_back(JsonOrNull(entry.before, entry.notes_before));
    after_.push_back(JsonOrNull(entry.after, entry.notes));
    audit_effective_.push_back(MicrosOrNull(entry.effective_time));
    platform_.push_back(entry.platform);
  }

  void AddAnswer(const RequestKey& key, const std::string& answer) {
    callers_.push_back(key.caller);
    methods_.push_back(key.method);
    ids_.push_back(key.id);
    hashes_.push_back(key.hash);
    answers_.push_back(answer);
    answer_entries_.push_back(static_cast<int64_t>(kinds_.size()));
  }

  Texts kinds_, keys_, states_;
  OptionalMicros effective_;
  OptionalTexts actors_, services_, workspaces_, before_, after_;
  Texts requests_, organizations_, actions_, targets_;
  OptionalMicros audit_effective_;
  std::vector<bool> platform_;
  Texts places_, users_, addresses_;
  std::vector<int64_t> removal_entries_;
  Texts callers_, methods_, ids_, hashes_, answers_;
  std::vector<int64_t> answer_entries_;
};

void RightsRecord::Add(rights::Object object, absl::Time effective_time) {
  entries_.push_back({.effective_time = effective_time, .object = std::move(object)});
}

void RightsRecord::AddRemoval(std::string place, const UserId& user, std::string address) {
  removals_.push_back({std::move(place), user, std::move(address), static_cast<int64_t>(entries_.size())});
}

void RightsRecord::Write(postgres::Pipeline& pipeline, uint32_t shard, const std::vector<Part>& parts,
                         CommittedEntries& committed) {
  const Parameters parameters(parts);
  postgres::Params params = parameters.Of(shard);
  std::string write = kHeadAndLogs;
  if (parameters.has_removals() || parameters.has_answers()) {
    parameters.AddRemovals(params);
    write += kRemoved;
  }
  if (parameters.has_answers()) {
    parameters.AddAnswers(params);
    write += kAnswered;
  }
  write += kWritten;
  committed = {.shard = shard};
  std::vector<std::pair<Written*, size_t>> ends;  // behind each part's last entry
  for (const Part& part : parts) {
    const auto& entries = part.record->entries_;
    committed.entries.insert(committed.entries.end(), entries.begin(), entries.end());
    ends.emplace_back(part.written, committed.entries.size());
  }
  pipeline.Add(kLineUp, postgres::Params::Of(shard));
  pipeline.AddSeen(write, std::move(params), [shard, &committed, ends](const postgres::Result& result) {
    const auto n = static_cast<uint64_t>(result.Int64(0, 0));
    const absl::Time record_time = result.Time(0, 1);
    committed.epoch = std::string(result.Text(0, 2));
    for (size_t i = 0; i < committed.entries.size(); ++i) {
      rights::Entry& entry = committed.entries[i];
      entry.n = n + i + 1;
      entry.record_time = record_time;
      if (entry.effective_time == absl::InfinitePast()) entry.effective_time = record_time;
    }
    for (const auto& [written, end] : ends) *written = {record_time, {committed.epoch, shard, n + end}};
  });
}

}  // namespace guestpass::membership
