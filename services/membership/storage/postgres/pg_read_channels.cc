// SPDX-License-Identifier: Apache-2.0
#include "common/status/macros.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/pg_membership_reads.h"
#include "services/membership/storage/postgres/rows.h"

// Channels, by who may read them (C2, P11), and who is named in one.
namespace guestpass::membership {
namespace {

using postgres::Params;
using postgres::Result;

// What is asked of a channel, whoever looks.
#define GUESTPASS_ASKED                                                                     \
  "(c.workspace, c.id) BETWEEN ($1, $2) AND ($1, $3) AND ($5::text IS NULL OR c.kind = $5)" \
  " AND ($6 OR NOT c.archived)"

constexpr char kForEverything[] = "SELECT " GUESTPASS_CHANNEL_COLUMNS(c) R"sql(
  FROM channels c WHERE )sql" GUESTPASS_ASKED R"sql( ORDER BY c.workspace, c.id LIMIT $4
)sql";

// PUBLIC ones, and those in which the viewer takes part.
constexpr char kForMember[] = "SELECT " GUESTPASS_CHANNEL_COLUMNS(c) R"sql(
  FROM ((SELECT c.* FROM channels c WHERE c.kind = 'PUBLIC' AND )sql" GUESTPASS_ASKED R"sql(
         ORDER BY c.workspace, c.id LIMIT $4)
        UNION ALL
        (SELECT c.* FROM participants p
         CROSS JOIN LATERAL (SELECT c.* FROM channels c
                             WHERE c.id = p.channel AND c.kind <> 'PUBLIC' AND )sql" GUESTPASS_ASKED R"sql(
                             OFFSET 0) c
         WHERE (p.user_id, p.workspace, p.channel) BETWEEN ($7, $1, $2) AND ($7, $1, $3)
         ORDER BY p.user_id, p.workspace, p.channel LIMIT $4)) c
  ORDER BY c.id LIMIT $4
)sql";

constexpr char kForGuest[] = "SELECT " GUESTPASS_CHANNEL_COLUMNS(c) R"sql(
  FROM unnest($7::text[]) AS g (id)
  CROSS JOIN LATERAL (SELECT c.* FROM channels c WHERE c.id = g.id AND )sql" GUESTPASS_ASKED
                                                                    R"sql( OFFSET 0) c
  ORDER BY c.id LIMIT $4
)sql";

#undef GUESTPASS_ASKED

constexpr char kGuestsChannels[] = "SELECT guests_channels($1, $2)";

// Who has a grant and takes part all the same, as an admin of the organization can, is named once.
constexpr char kNamed[] = R"sql(
  SELECT n.user_id, bool_and(n.granted)
  FROM ((SELECT p.user_id, false FROM participants p WHERE (p.channel, p.user_id) BETWEEN ($2, $3) AND ($2, $4)
         ORDER BY p.channel, p.user_id LIMIT $5)
        UNION ALL
        (SELECT m.user_id, true FROM members m
         WHERE m.role = 'GUEST' AND (m.workspace, m.user_id) BETWEEN ($1, $3) AND ($1, $4)
           AND $2 = ANY (m.grants)
         ORDER BY m.workspace, m.user_id LIMIT $5)) AS n (user_id, granted)
  GROUP BY n.user_id ORDER BY n.user_id LIMIT $5
)sql";

}  // namespace

absl::StatusOr<std::optional<Channel>> PgMembershipReads::FindChannel(const ChannelId& channel) {
  if (channel.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const std::vector<Channel> found,
                   ReadChannels(IdRange::Only(channel), {.with_archived = true}, 1));
  if (found.empty()) return std::nullopt;
  return found[0];
}

absl::StatusOr<std::vector<Channel>> PgMembershipReads::ListChannels(const ChannelQuery& query,
                                                                     const ChannelId& after, int limit) {
  return ReadChannels(IdRange::Behind(after), query, limit);
}

absl::StatusOr<std::vector<Channel>> PgMembershipReads::ReadChannels(const IdRange& range,
                                                                     const ChannelQuery& query, int limit) {
  std::vector<Channel> channels;
  if (sight_ == Sight::kNothing) return channels;
  std::optional<std::string> kind;
  if (query.kind.has_value()) kind = std::string(ToText(*query.kind));
  Params params = Params::Of(viewing_.workspace, range.first, range.last, limit, kind, query.with_archived);
  const char* sql = kForEverything;
  if (sight_ == Sight::kAsMember) {
    sql = kForMember;
    params.Add(viewing_.user);
  } else if (sight_ == Sight::kAsGuest) {
    sql = kForGuest;
    ASSIGN_OR_RETURN(const std::vector<std::string> mine, GuestsChannels());
    params.Add(mine);
  }
  ASSIGN_OR_RETURN(const Result result, session_.Run(sql, params));
  for (int row = 0; row < result.rows(); ++row) channels.push_back(ChannelIn(result, row, 0));
  return channels;
}

absl::StatusOr<std::vector<std::string>> PgMembershipReads::GuestsChannels() {
  if (!guests_channels_.has_value()) {
    ASSIGN_OR_RETURN(const Result result,
                     session_.Run(kGuestsChannels, Params::Of(viewing_.workspace, viewing_.user)));
    guests_channels_ = result.TextArray(0, 0);
  }
  return *guests_channels_;
}

// A guest that finds the channel shares it with everyone who is named in it, and so sees them all (M2).
absl::StatusOr<std::vector<NamedInChannel>> PgMembershipReads::ListNamed(const ChannelId& channel,
                                                                         const UserId& after, int limit) {
  std::vector<NamedInChannel> named;
  ASSIGN_OR_RETURN(const std::optional<Channel> found, FindChannel(channel));
  if (!found.has_value()) return named;
  const IdRange range = IdRange::Behind(after);
  ASSIGN_OR_RETURN(const Result result, session_.Run(kNamed, Params::Of(viewing_.workspace, channel,
                                                                        range.first, range.last, limit)));
  for (int row = 0; row < result.rows(); ++row) {
    named.push_back({.user = result.As<UserId>(row, 0), .granted = result.Bool(row, 1)});
  }
  return named;
}

}  // namespace guestpass::membership
