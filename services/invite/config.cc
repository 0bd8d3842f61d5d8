// SPDX-License-Identifier: Apache-2.0
#include "services/invite/config.h"

#include "common/postgres/service_database.h"
#include "common/status/macros.h"
#include "services/invite/domain/draft.h"

namespace guestpass::invite {
namespace {

constexpr int kMany = 1'000'000'000;

void ReadLimits(config::Settings& settings, InviteServiceOptions& options) {
  SendLimits& limits = options.creation.limits;
  limits.per_inviter_and_hour = settings.IntOr("invites-per-hour", limits.per_inviter_and_hour, 1, kMany,
                                               "what one inviter may create and resend in a workspace");
  limits.mails_per_address_and_day =
      settings.IntOr("mails-per-address-and-day", limits.mails_per_address_and_day, 1, kMany,
                     "what one address may get, over all workspaces");
  options.redeems_per_minute = settings.IntOr("redeems-per-minute", options.redeems_per_minute, 1, kMany,
                                              "what one user may redeem and decline");
  options.previews_per_minute = settings.IntOr("previews-per-minute", options.previews_per_minute, 1, kMany,
                                               "what one user may look at");
}

}  // namespace

Config ReadConfig(config::Settings& settings) {
  Config config{.host = rpc::ReadHostOptions(settings), .mail = mail::ReadMailOptions(settings)};
  config.database = postgres::ReadConninfo(settings);
  config.membership = settings.Text("membership", "membership's host and port");
  config.service_token_file = settings.Text("service-token-file", "the file with this service's own token");
  config.page_keys = settings.Secret("page-keys", "the keys of page tokens, id:secret[,id:secret]");
  config.public_url = settings.TextOr("public-url", "", "what invites link to; needed for mail");
  CreationOptions& creation = config.service.creation;
  creation.mail_timeout = config.mail.smtp.timeout;
  creation.default_lifetime = settings.DurationOr("default-invite-lifetime", creation.default_lifetime,
                                                  absl::Seconds(1), kMaxLifetime, "how long invites hold");
  ReadLimits(settings, config.service);
  return config;
}

absl::StatusOr<std::optional<PublicUrl>> PublicUrlOf(const Config& config) {
  if (config.public_url.empty() && !config.mail.configured()) return std::optional<PublicUrl>();
  ASSIGN_OR_RETURN(PublicUrl url, PublicUrl::Parse(config.public_url));
  return std::optional<PublicUrl>(std::move(url));
}

}  // namespace guestpass::invite
