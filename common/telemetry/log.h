// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

// Logs for machines that people read too: one JSON object a line on stderr, with `time` (RFC 3339, UTC,
// microseconds), `severity`, `service`, `message`, and then the fields. All of it may be called from any
// thread. Secrets, tokens, addresses and message texts are never logged: pass ids.
namespace guestpass::telemetry {

// In order: a level lets through itself and what is above.
enum class Severity { kDebug, kInfo, kWarning, kError };

// A key ("request_id") and its value. A key that the line has already is left out.
using LogField = std::pair<absl::string_view, std::string>;

// Writes one line, with one write(2). Bytes that are not UTF-8 become U+FFFD. Waits if stderr is full.
void Log(Severity severity, absl::string_view message, std::initializer_list<LogField> fields = {});

// Who logs; until it is set, lines have an empty `service`.
void SetLogService(std::string service);

// The lowest severity that is written; kInfo until it is set.
void SetLogLevel(Severity level);

// Takes each line, its newline included, in place of stderr; an empty sink gives stderr back. For tests. The
// sink is called under the log's lock and must not log.
void SetLogSink(std::function<void(absl::string_view line)> sink);

}  // namespace guestpass::telemetry
