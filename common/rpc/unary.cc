// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/unary.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/auth/authenticate.h"
#include "common/auth/random.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"

namespace guestpass::rpc {
namespace {

std::optional<std::string> Header(const grpc::ServerContextBase& context, const char* name) {
  const auto found = context.client_metadata().find(name);
  if (found == context.client_metadata().end()) return std::nullopt;
  return std::string(found->second.data(), found->second.size());
}

void LogOutcome(absl::string_view method, const Call& call, const absl::Status& status) {
  using telemetry::Severity;
  const auto details = DetailsOf(status);
  const bool fault = !status.ok() && (!details.has_value() || details->reason == Reason::kInternal);
  const Severity severity = status.ok() ? Severity::kDebug : fault ? Severity::kError : Severity::kInfo;
  const absl::string_view reason = details.has_value() ? ReasonName(details->reason) : "";
  telemetry::Log(severity,
                 status.ok() ? "call"
                 : fault     ? "call failed"
                             : "call refused",
                 {{"method", std::string(method)},
                  {"request_id", call.request_id},
                  {"user", call.caller.user.has_value() ? call.caller.user->user.ToString() : ""},
                  {"caller_service", call.caller.service},
                  {"reason", std::string(reason)},
                  {"error", fault ? std::string(status.message()) : ""}});
}

}  // namespace

std::string RequestIdOf(const grpc::ServerContextBase& context) {
  const std::optional<std::string> given = Header(context, "x-request-id");
  const auto fits = [](char c) { return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-'; };
  if (given.has_value() && !given->empty() && given->size() <= 64 &&
      std::all_of(given->begin(), given->end(), fits)) {
    return *given;
  }
  return auth::NewId<Id<struct RequestKind>>().ToString();
}

absl::StatusOr<Call> Runner::Authenticate(const grpc::CallbackServerContext& context) const {
  Call call{.request_id = RequestIdOf(context), .deadline = absl::FromChrono(context.deadline())};
  ASSIGN_OR_RETURN(call.caller,
                   auth::Authenticate(verifier_, Header(context, "authorization"),
                                      Header(context, "guestpass-user-authorization"), clock_.Now()));
  return call;
}

absl::Status Runner::Run(grpc::CallbackServerContext& context, Call& call, const Access& access,
                         const std::function<absl::Status(const Call&)>& work) const {
  if (context.IsCancelled() || absl::FromChrono(context.deadline()) <= clock_.Now()) {
    return absl::CancelledError("given up by the caller");
  }
  const std::string request_id = call.request_id;
  auto authenticated = Authenticate(context);
  if (!authenticated.ok()) return authenticated.status();
  call = *std::move(authenticated);
  call.request_id = request_id;
  RETURN_IF_ERROR(CheckAccess(access, call.caller));
  return work(call);
}

grpc::ServerUnaryReactor* Runner::Start(grpc::CallbackServerContext* context, absl::string_view method,
                                        const Access& access, std::function<absl::Status(const Call&)> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const std::string request_id = RequestIdOf(*context);
  auto run = [this, context, reactor, method = std::string(method), access, request_id,
              work = std::move(work)] {
    Call call{.request_id = request_id};
    const absl::Status status = Run(*context, call, access, work);
    if (absl::IsCancelled(status)) {
      reactor->Finish(grpc::Status(grpc::StatusCode::CANCELLED, std::string(status.message())));
      return;
    }
    LogOutcome(method, call, status);
    reactor->Finish(ToGrpc(status, request_id));
  };
  if (!executor_.Submit(std::move(run))) {
    const absl::Status refused =
        Error("This service has as much work waiting as it accepts. Try again.",
              {.reason = Reason::kOverloaded, .retry_after = absl::Milliseconds(200)});
    reactor->Finish(ToGrpc(refused, request_id));
  }
  return reactor;
}

}  // namespace guestpass::rpc
