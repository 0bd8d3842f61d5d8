// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/audit_log.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/text.h"
#include "google/protobuf/util/json_util.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/look.h"
#include "services/membership/server/pages.h"

namespace guestpass::membership {
namespace {

constexpr size_t kMaxFilter = 200;

absl::StatusOr<Subject> SubjectOf(const std::string& parent) {
  Subject subject;
  if (absl::StartsWith(parent, "organizations/")) {
    ASSIGN_OR_RETURN(subject.organization, ParseOrganizationName("parent", parent));
  } else {
    ASSIGN_OR_RETURN(subject.workspace, ParseWorkspaceName("parent", parent));
  }
  return subject;
}

absl::StatusOr<AuditQuery> QueryOf(const v1::ListAuditEntriesRequest& request, const Subject& subject) {
  rpc::FieldReader reader;
  AuditQuery query{.whole_organization = subject.workspace.empty(),
                   .after_number = request.after_number(),
                   .action = request.action(),
                   .target = request.target()};
  if (request.after_number() < 0) reader.Add({{"after_number", "is negative"}});
  reader.Check(rpc::CheckText("action", request.action(), 0, kMaxFilter));
  reader.Check(rpc::CheckText("target", request.target(), 0, kMaxFilter));
  if (!request.actor().empty()) {
    query.actor = reader.Take(ParseUserId("actor", request.actor())).value_or(UserId());
  }
  RETURN_IF_ERROR(reader.Finish());
  return query;
}

// The database has nothing but JSON objects there.
void SetStruct(const std::string& json, const std::function<google::protobuf::Struct*()>& target) {
  if (json.empty()) return;
  google::protobuf::Struct parsed;
  if (google::protobuf::util::JsonStringToMessage(json, &parsed).ok()) *target() = std::move(parsed);
}

void Add(const AuditRecord& record, v1::ListAuditEntriesResponse& response) {
  v1::AuditEntry& proto = *response.add_entries();
  proto.set_number(record.number);
  proto.set_organization(ToName(record.entry.organization));
  if (!record.entry.workspace.empty()) proto.set_workspace(ToName(record.entry.workspace));
  proto.set_actor(record.actor.user.ToString());
  proto.set_service(record.actor.service);
  proto.set_platform(record.entry.platform);
  proto.set_action(record.entry.action);
  proto.set_target(record.entry.target);
  SetStruct(record.before, [&] { return proto.mutable_before(); });
  SetStruct(record.after, [&] { return proto.mutable_after(); });
  *proto.mutable_record_time() = rpc::ToProto(record.record_time);
  *proto.mutable_effective_time() = rpc::ToProto(record.entry.effective_time);
  proto.set_request_id(record.actor.request_id);
}

}  // namespace

absl::StatusOr<v1::ListAuditEntriesResponse> AuditLog::ListAuditEntries(
    const rpc::Call& call, const v1::ListAuditEntriesRequest& request) {
  ASSIGN_OR_RETURN(const Subject subject, SubjectOf(request.parent()));
  const auto list = [&](MembershipReads& reads, const View&,
                        v1::ListAuditEntriesResponse& response) -> absl::Status {
    ASSIGN_OR_RETURN(AuditQuery query, QueryOf(request, subject));
    ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(pages_, call, request));
    int64_t after = 0;
    if (absl::SimpleAtoi(page.after, &after)) query.after_number = after;
    ASSIGN_OR_RETURN(const auto found, reads.ListAudit(query, page.size + 1));
    AnswerPage(
        pages_, call, request, page, found.records, response,
        [&](const AuditRecord& record) { Add(record, response); },
        [](const AuditRecord& last) { return absl::StrCat(last.number); });
    if (found.read_to.has_value() && response.next_page_token().empty()) {
      response.set_next_page_token(rpc::NextPageToken(pages_, call, request, absl::StrCat(*found.read_to)));
    }
    return absl::OkStatus();
  };
  return Look<v1::ListAuditEntriesResponse>(store_, call, request, subject, list);
}

}  // namespace guestpass::membership
