// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/config/settings.h"
#include "common/postgres/migrations.h"
#include "common/postgres/pool.h"

namespace guestpass::postgres {

// The setting that every service with a database has.
std::string ReadConninfo(config::Settings& settings);

// A service's commands, `migrate up | status | --dry-run`: prints what it did. INVALID_ARGUMENT for other
// words.
absl::Status RunCommand(const std::vector<std::string>& words, const std::string& conninfo,
                        const Migrations& migrations);

// OK if the service may serve from this database: it answers, its schema fits and its commits are durable.
// Else a sentence for who starts the service.
absl::Status CheckServable(const SessionOptions& options, const Migrations& migrations);

}  // namespace guestpass::postgres
