// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "common/config/settings.h"
#include "common/nats/connection.h"

namespace guestpass::nats {

// The settings that every service on the bus has; `name` is the service's.
ConnectionOptions ReadConnectionOptions(config::Settings& settings, std::string name);

}  // namespace guestpass::nats
