// SPDX-License-Identifier: Apache-2.0
#include "common/nats/settings.h"

#include <utility>

namespace guestpass::nats {

ConnectionOptions ReadConnectionOptions(config::Settings& settings, std::string name) {
  ConnectionOptions options{.name = std::move(name)};
  options.url = settings.Text("nats-url", "the NATS servers, nats://host:port[,nats://host:port]");
  options.user = settings.TextOr("nats-user", "", "this service's user at NATS; empty: none");
  if (!options.user.empty()) options.password = settings.Secret("nats-password", "that user's password");
  return options;
}

}  // namespace guestpass::nats
