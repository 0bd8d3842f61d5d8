// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/unary.h"

#include <algorithm>
#include <memory>
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

// No token has blanks: which of two is meant is for nobody to guess, least of all behind a proxy that adds
// one.
constexpr char kTwice[] = "given more than once";

std::optional<std::string> Header(const grpc::ServerContextBase& context, const char* name) {
  const auto [first, last] = context.client_metadata().equal_range(name);
  if (first == last) return std::nullopt;
  if (std::next(first) != last) return kTwice;
  return std::string(first->second.data(), first->second.size());
}

// What is given, where it may be one; else a new one.
std::string RequestIdOf(const std::optional<std::string>& given) {
  const auto fits = [](char c) { return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-'; };
  if (given.has_value() && !given->empty() && given->size() <= 64 &&
      std::all_of(given->begin(), given->end(), fits)) {
    return *given;
  }
  return auth::NewId<Id<struct RequestKind>>().ToString();
}

void Finish(grpc::ServerUnaryReactor& reactor, absl::string_view method, const Call& call,
            const absl::Status& status) {
  if (absl::IsCancelled(status)) {
    reactor.Finish(grpc::Status(grpc::StatusCode::CANCELLED, std::string(status.message())));
    return;
  }
  LogOutcome(method, call, status);
  reactor.Finish(ToGrpc(status, call.request_id));
}

}  // namespace

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

Credentials CredentialsOf(const grpc::CallbackServerContext& context) {
  return {.authorization = Header(context, "authorization"),
          .forwarded = Header(context, "guestpass-user-authorization"),
          .request_id = RequestIdOf(Header(context, "x-request-id")),
          .deadline = absl::FromChrono(context.deadline())};
}

absl::StatusOr<Call> Runner::Authenticate(const Credentials& credentials) const {
  Call call{.request_id = credentials.request_id, .deadline = credentials.deadline};
  ASSIGN_OR_RETURN(call.caller, auth::Authenticate(verifier_, credentials.authorization,
                                                   credentials.forwarded, clock_.Now()));
  return call;
}

CallPart Runner::AuthenticateFor(const Call& call, const std::string& forwarded,
                                 const std::string& request_id) const {
  CallPart part{.call = {.request_id = RequestIdOf(request_id), .deadline = call.deadline}};
  auto caller = auth::AuthenticateFor(verifier_, call.caller.service, forwarded, clock_.Now());
  part.admission = caller.status();
  part.call.caller = caller.ok() ? *std::move(caller) : auth::Caller{.service = call.caller.service};
  return part;
}

absl::Status Runner::Admit(const grpc::CallbackServerContext& context, const Credentials& credentials,
                           const Access& access, Call& call) const {
  if (context.IsCancelled() || credentials.deadline <= clock_.Now()) {
    return absl::CancelledError("given up by the caller");
  }
  ASSIGN_OR_RETURN(call, Authenticate(credentials));
  return Authorize(access, call.caller);
}

// The context stays until Finish.
grpc::ServerUnaryReactor* Runner::Start(grpc::CallbackServerContext* context, absl::string_view method,
                                        const Access& access, std::function<absl::Status(const Call&)> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Credentials credentials = CredentialsOf(*context);
  auto run = [this, context, reactor, method = std::string(method), access, credentials,
              work = std::move(work)] {
    Call call{.request_id = credentials.request_id};
    absl::Status status = Admit(*context, credentials, access, call);
    if (status.ok()) status = work(call);
    Finish(*reactor, method, call, status);
  };
  if (!executor_.Submit(std::move(run))) {
    const absl::Status refused =
        Error("This service has as much work waiting as it accepts. Try again.",
              {.reason = Reason::kOverloaded, .retry_after = absl::Milliseconds(200)});
    reactor->Finish(ToGrpc(refused, credentials.request_id));
  }
  return reactor;
}

grpc::ServerUnaryReactor* Runner::StartLater(grpc::CallbackServerContext* context, absl::string_view method,
                                             const Access& access,
                                             absl::FunctionRef<void(const Call&, Answer)> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const Credentials credentials = CredentialsOf(*context);
  const auto call = std::make_shared<Call>(Call{.request_id = credentials.request_id});
  if (const absl::Status status = Admit(*context, credentials, access, *call); !status.ok()) {
    Finish(*reactor, method, *call, status);
    return reactor;
  }
  work(*call, [reactor, method = std::string(method), call](const absl::Status& status) {
    Finish(*reactor, method, *call, status);
  });
  return reactor;
}

}  // namespace guestpass::rpc
