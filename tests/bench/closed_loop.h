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

// Callers without a thread each: on two cores their threads would take from the service what is measured.
namespace guestpass::bench {

using Done = std::function<void(const grpc::Status&)>;

// Begins the next call of the `caller`th caller and has `done` called with its answer. Called from any
// thread, never twice at once for one caller.
using NextCall = std::function<void(int caller, Done done)>;

// `callers` at once, each calling again as soon as it is answered, while `work` goes on, or for `time`.
// per_s, p50_ms, p99_ms, as the callers see them. The first error that a call was answered with.
absl::StatusOr<Figures> MeasureWhile(int callers, const NextCall& next, absl::FunctionRef<void()> work);
absl::StatusOr<Figures> MeasureLoop(int callers, const NextCall& next, absl::Duration time);

// A call under way: what has to live until it is answered.
template <typename Request, typename Response>
struct Exchange {
  Exchange(const std::string& token, Request what) : request(std::move(what)) {
    context.AddMetadata("authorization", "Bearer " + token);
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
  }

  grpc::ClientContext context;
  const Request request;
  Response response;
};

// As many channels to one address, each with a connection of its own.
std::vector<std::shared_ptr<grpc::Channel>> Connections(const std::string& address, int count);

}  // namespace guestpass::bench
