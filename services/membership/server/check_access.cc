// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/check_access.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/rights/names.h"
#include "common/rights/revision.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/membership/server/callers.h"

namespace guestpass::membership {
namespace {

constexpr int kMaxRequests = 1000;

std::string FieldOf(int i) { return absl::StrCat("requests[", i, "]"); }

bool AsksAboutAnybody(const auth::Caller& caller) { return !caller.user.has_value() || caller.is_operator; }

AccessQuery QueryOf(const auth::Caller& caller, const MemberName& name,
                    const v1::CheckAccessRequest& request) {
  AccessQuery query{.workspace = name.workspace, .user = name.user};
  if (!AsksAboutAnybody(caller) && caller.user->user != name.user) query.asker = caller.user->user;
  if (const auto channel = ParseChannelName("channel", request.channel()); channel.ok()) {
    query.channel = channel->channel;
  }
  return query;
}

absl::Status RequireAsker(Need need, const rpc::Call& call, const MemberName& name,
                          const AccessRights& rights, absl::Time now) {
  if (!call.caller.user.has_value()) return absl::OkStatus();  // a service, for itself
  const bool by_itself = CallerOf(call) == name.user;
  const Position position{.now = now, .authority = by_itself ? rights.target.authority : rights.asker};
  return Authorize(need, call, position, {.user = name.user}).status();
}

// What a request says beside its name.
struct Question {
  rights::Action action = rights::Action::kRead;
  std::optional<rights::RightsRevision> seen;
};

// `prefix` is of the fields' paths: "requests[3]." or nothing.
Question ReadQuestion(const std::string& prefix, const MemberName& name,
                      const v1::CheckAccessRequest& request, rpc::FieldReader& fields) {
  Question question;
  const auto channel = fields.Take(ParseChannelName(prefix + "channel", request.channel()));
  if (channel.has_value() && channel->workspace != name.workspace) {
    fields.Check(FieldInvalid(prefix + "channel", "is of another workspace than the member"));
  }
  if (const auto action = rights_feed::FromProto(request.action())) {
    question.action = *action;
  } else {
    fields.Check(FieldInvalid(prefix + "action", "is none of those that there are"));
  }
  if (request.rights_revision().empty()) return question;
  question.seen = rights::RightsRevision::Parse(request.rights_revision());
  if (!question.seen.has_value()) {
    fields.Check(FieldInvalid(prefix + "rights_revision", "is none that an answer gave; leave it out"));
  }
  return question;
}

// A primary has all that it ever answered from, but for an epoch that is past, which compares with nothing.
absl::Status RequireNotOlder(const std::optional<rights::RightsRevision>& seen, const std::string& epoch,
                             const AccessRights& rights) {
  const bool older = seen.has_value() && rights.found && seen->epoch == epoch &&
                     seen->shard == rights.shard && seen->n > rights.n;
  if (!older) return absl::OkStatus();
  return Error(Reason::kRightsStale,
               "The database is behind the rights_revision of this request. Try again.");
}

void SetGuest(const rights::Authority& authority, absl::Time now, v1::CheckAccessResponse& response) {
  if (authority.role != rights::Role::kGuest) return;
  response.set_guest_state(rights_feed::ToProto(std::optional(rights::StateAt(authority, now))));
  if (authority.expire_time == absl::InfiniteFuture()) return;
  *response.mutable_expire_time() = rpc::ToProto(authority.expire_time);
  *response.mutable_access_end_time() = rpc::ToProto(authority.access_end_time);
}

v1::CheckAccessResponse Decided(const AccessRights& rights, rights::Action action, const std::string& channel,
                                const AccessRead& read) {
  const rights::Authority& authority = rights.target.authority;
  v1::CheckAccessResponse response;
  const auto refusal = rights::Decide(rights.target, action, read.now);
  response.set_allowed(!refusal.has_value());
  if (refusal.has_value()) {
    const ErrorDetails details = rights::TextOf(*refusal, authority, action, channel).details;
    response.set_reason(std::string(ReasonName(details.reason)));
    response.mutable_metadata()->insert(details.metadata.begin(), details.metadata.end());
  }
  response.set_role(rights_feed::ToProto(authority.role));
  SetGuest(authority, read.now, response);
  *response.mutable_decide_time() = rpc::ToProto(read.now);
  if (rights.found) {
    response.set_rights_revision(
        rights::RightsRevision{.epoch = read.epoch, .shard = rights.shard, .n = rights.n}.ToString());
  }
  return response;
}

absl::StatusOr<v1::CheckAccessResponse> Answer(const rpc::Call& call, const MemberName& name,
                                               const v1::CheckAccessRequest& request,
                                               const AccessRead& read) {
  const AccessRights& rights = read.rights.front();
  RETURN_IF_ERROR(RequireAsker(RuleFor(request).need, call, name, rights, read.now));
  rpc::FieldReader fields;
  const Question question = ReadQuestion("", name, request, fields);
  RETURN_IF_ERROR(fields.Finish());
  RETURN_IF_ERROR(RequireNotOlder(question.seen, read.epoch, rights));
  return Decided(rights, question.action, request.channel(), read);
}

// An error about one request of a batch that names no field of it.
absl::Status InRequest(int i, const absl::Status& status) {
  std::optional<ErrorDetails> details = DetailsOf(status);
  if (!details.has_value()) return status;
  details->metadata["request"] = FieldOf(i);
  return Error(absl::StrCat(FieldOf(i), ": ", status.message()), *details);
}

absl::StatusOr<std::vector<MemberName>> ReadNames(const v1::BatchCheckAccessRequest& request) {
  if (request.requests_size() > kMaxRequests) return FieldInvalid("requests", "has more than 1,000");
  std::vector<MemberName> names;
  rpc::FieldReader fields;
  for (int i = 0; i < request.requests_size(); ++i) {
    const auto name = fields.Take(ParseMemberName(FieldOf(i) + ".name", request.requests(i).name()));
    if (name.has_value()) names.push_back(*name);
  }
  RETURN_IF_ERROR(fields.Finish());
  return names;
}

absl::StatusOr<v1::BatchCheckAccessResponse> Answer(const rpc::Call& call,
                                                    const std::vector<MemberName>& names,
                                                    const v1::BatchCheckAccessRequest& request,
                                                    const AccessRead& read) {
  const auto count = static_cast<int>(names.size());
  const Need need = RuleFor(request).need;
  for (int i = 0; i < count; ++i) {
    const absl::Status asker = RequireAsker(need, call, names[i], read.rights[i], read.now);
    if (!asker.ok()) return InRequest(i, asker);
  }
  rpc::FieldReader fields;
  std::vector<Question> questions;
  for (int i = 0; i < count; ++i) {
    questions.push_back(ReadQuestion(FieldOf(i) + ".", names[i], request.requests(i), fields));
  }
  RETURN_IF_ERROR(fields.Finish());
  v1::BatchCheckAccessResponse response;
  for (int i = 0; i < count; ++i) {
    const absl::Status fresh = RequireNotOlder(questions[i].seen, read.epoch, read.rights[i]);
    if (!fresh.ok()) return InRequest(i, fresh);
    *response.add_responses() =
        Decided(read.rights[i], questions[i].action, request.requests(i).channel(), read);
  }
  return response;
}

// Calls `begin` with a callback, and waits for it.
template <typename Response, typename Begin>
absl::StatusOr<Response> Await(Begin begin) {
  absl::Notification answered;
  absl::StatusOr<Response> answer;
  begin([&](absl::StatusOr<Response> given) {
    answer = std::move(given);
    answered.Notify();
  });
  answered.WaitForNotification();
  return answer;
}

}  // namespace

void AccessChecks::CheckAccess(const rpc::Call& call, const v1::CheckAccessRequest& request,
                               Done<v1::CheckAccessResponse> done) {
  const absl::StatusOr<MemberName> name = ParseMemberName("name", request.name());
  if (!name.ok()) return done(name.status());
  lanes_.Submit({QueryOf(call.caller, *name, request)},
                [&call, &request, name = *name, done = std::move(done)](absl::StatusOr<AccessRead> read) {
                  if (!read.ok()) return done(read.status());
                  done(Answer(call, name, request, *read));
                });
}

void AccessChecks::BatchCheckAccess(const rpc::Call& call, const v1::BatchCheckAccessRequest& request,
                                    Done<v1::BatchCheckAccessResponse> done) {
  absl::StatusOr<std::vector<MemberName>> names = ReadNames(request);
  if (!names.ok()) return done(names.status());
  if (names->empty()) return done(v1::BatchCheckAccessResponse());
  std::vector<AccessQuery> queries;
  for (int i = 0; i < request.requests_size(); ++i) {
    queries.push_back(QueryOf(call.caller, (*names)[i], request.requests(i)));
  }
  lanes_.Submit(std::move(queries), [&call, &request, names = *std::move(names),
                                     done = std::move(done)](absl::StatusOr<AccessRead> read) {
    if (!read.ok()) return done(read.status());
    done(Answer(call, names, request, *read));
  });
}

absl::StatusOr<v1::CheckAccessResponse> AccessChecks::Check(const rpc::Call& call,
                                                            const v1::CheckAccessRequest& request) {
  return Await<v1::CheckAccessResponse>(
      [&](Done<v1::CheckAccessResponse> done) { CheckAccess(call, request, std::move(done)); });
}

absl::StatusOr<v1::BatchCheckAccessResponse> AccessChecks::BatchCheck(
    const rpc::Call& call, const v1::BatchCheckAccessRequest& request) {
  return Await<v1::BatchCheckAccessResponse>(
      [&](Done<v1::BatchCheckAccessResponse> done) { BatchCheckAccess(call, request, std::move(done)); });
}

}  // namespace guestpass::membership
