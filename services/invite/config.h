// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/config/settings.h"
#include "common/mail/mail_settings.h"
#include "common/rpc/host.h"
#include "services/invite/server/invite_service.h"

namespace guestpass::invite {

// What the program is told. A value.
struct Config {
  rpc::HostOptions host;
  mail::MailOptions mail;
  InviteServiceOptions service;
  std::string database, membership, service_token_file, page_keys, public_url;
};

Config ReadConfig(config::Settings& settings);

// What invites link to: nothing where neither that nor mail is set. An error's message is a sentence for who
// starts the service.
absl::StatusOr<std::optional<PublicUrl>> PublicUrlOf(const Config& config);

}  // namespace guestpass::invite
