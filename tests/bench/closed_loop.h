// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "tests/bench/row.h"

// Callers that share one thread: on two cores threads of theirs would take from the service what is measured.
namespace guestpass::bench {

// A call under way: what has to live until it is answered, and what it was answered.
class Call {
 public:
  virtual ~Call() = default;
  grpc::Status status;
};

// Begins the next call of the `caller`th caller, whose answer comes to the queue under the tag. Called from
// one thread, never before the caller's last call was answered.
using NextCall = std::function<std::unique_ptr<Call>(int caller, grpc::CompletionQueue& queue, void* tag)>;

// `callers` at once, each calling again as soon as it is answered, while `work` goes on, or for `time`.
// per_s, p50_ms, p99_ms, as the callers see them. The first error that a call was answered with.
absl::StatusOr<Figures> MeasureWhile(int callers, const NextCall& next, absl::FunctionRef<void()> work);
absl::StatusOr<Figures> MeasureLoop(int callers, const NextCall& next, absl::Duration time);

template <typename Response>
struct UnaryCall : Call {
  grpc::ClientContext context;
  Response response;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
};

// Begins a call of `method`, one of the stub's Async… methods, with that token.
template <typename Stub, typename Request, typename Response>
std::unique_ptr<Call> Begin(Stub& stub,
                            std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Stub::*method)(
                                grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
                            const std::string& token, const Request& request, grpc::CompletionQueue& queue,
                            void* tag) {
  auto call = std::make_unique<UnaryCall<Response>>();
  call->context.AddMetadata("authorization", "Bearer " + token);
  call->context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
  call->reader = (stub.*method)(&call->context, request, &queue);
  call->reader->Finish(&call->response, &call->status, tag);
  return call;
}

// As many channels to one address, each with a connection of its own.
std::vector<std::shared_ptr<grpc::Channel>> Connections(const std::string& address, int count);

}  // namespace guestpass::bench
