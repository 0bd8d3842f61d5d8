// SPDX-License-Identifier: Apache-2.0
#include "common/telemetry/log.h"

#include <errno.h>
#include <unistd.h>

#include <atomic>

#include "absl/synchronization/mutex.h"
#include "common/status/error.h"
#include "common/time/clock.h"
#include "nlohmann/json.hpp"

namespace guestpass::telemetry {
namespace {

struct Destination {
  absl::Mutex mutex;
  std::string service ABSL_GUARDED_BY(mutex);
  std::function<void(absl::string_view)> sink ABSL_GUARDED_BY(mutex);
};

Destination& TheDestination() {
  static Destination& destination = *new Destination;
  return destination;
}

std::atomic<Severity> lowest = Severity::kInfo;

const char* NameOf(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "DEBUG";
    case Severity::kInfo:
      return "INFO";
    case Severity::kWarning:
      return "WARNING";
    case Severity::kError:
      return "ERROR";
  }
  return "ERROR";
}

void WriteToStderr(absl::string_view line) {
  while (!line.empty()) {
    const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    line.remove_prefix(written);
  }
}

}  // namespace

void Log(Severity severity, absl::string_view message, std::initializer_list<LogField> fields) {
  if (severity < lowest.load(std::memory_order_relaxed)) return;
  Destination& destination = TheDestination();
  absl::MutexLock lock(&destination.mutex);
  nlohmann::ordered_json json;
  json["time"] = Rfc3339(SystemClock().Now());
  json["severity"] = NameOf(severity);
  json["service"] = destination.service;
  json["message"] = std::string(message);
  for (const auto& [key, value] : fields) json.emplace(std::string(key), value);
  const std::string line = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (destination.sink) {
    destination.sink(line);
  } else {
    WriteToStderr(line);
  }
}

void SetLogService(std::string service) {
  Destination& destination = TheDestination();
  absl::MutexLock lock(&destination.mutex);
  destination.service = std::move(service);
}

void SetLogLevel(Severity level) { lowest.store(level, std::memory_order_relaxed); }

void SetLogSink(std::function<void(absl::string_view line)> sink) {
  Destination& destination = TheDestination();
  absl::MutexLock lock(&destination.mutex);
  destination.sink = std::move(sink);
}

}  // namespace guestpass::telemetry
