// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/postgres/result.h"
#include "services/membership/domain/model.h"

// Rows of the tables as the domain's values.
namespace guestpass::membership {

// What a statement selects of `members` for MemberIn, in this order.
#define GUESTPASS_MEMBER_COLUMNS(table)                                                              \
#table ".workspace, " #table ".user_id, " #table ".role, " #table ".expire_us, " #table            \
         ".access_end_us, " #table ".recorded_state, " #table ".grants, " #table ".address, " #table \
         ".sponsor, " #table ".create_us"

// The same of `workspaces` for WorkspaceIn, and of `channels` for ChannelIn.
#define GUESTPASS_WORKSPACE_COLUMNS(table)                                                              \
#table ".id, " #table ".organization, " #table ".shard, " #table ".display_name, " #table             \
         ".deleted, " #table ".create_us, " #table ".grace_us, " #table ".default_lifetime_us, " #table \
         ".maximum_lifetime_us, " #table ".guest_cap, " #table ".sponsor_guest_cap, " #table            \
         ".guest_domains"
#define GUESTPASS_CHANNEL_COLUMNS(table)                                                                     \
#table ".id, " #table ".workspace, " #table ".kind, " #table ".archived, " #table ".display_name, " #table \
         ".create_us"

// Whether a guest, a row of `members`, has not ended at `now`, a parameter.
#define GUESTPASS_NOT_ENDED(table, now)                                                    \
  "(" #table ".recorded_state <> 'ENDED' AND (" #table ".access_end_us IS NULL OR " #table \
  ".access_end_us > " #now "))"

// What is in `row`, its columns beginning at `col`. An organization's: id, shard, display_name, create_us.
Organization OrganizationIn(const postgres::Result& result, int row, int col);
Workspace WorkspaceIn(const postgres::Result& result, int row, int col);
Channel ChannelIn(const postgres::Result& result, int row, int col);
Member MemberIn(const postgres::Result& result, int row, int col);

// The ids as texts, for a parameter that is an array.
template <typename IdType>
std::vector<std::string> Texts(const std::vector<IdType>& ids) {
  std::vector<std::string> texts;
  for (const IdType& id : ids) texts.push_back(id.ToString());
  return texts;
}

template <typename IdType>
std::vector<IdType> IdsIn(const postgres::Result& result, int row, int col) {
  std::vector<IdType> ids;
  for (const std::string& text : result.TextArray(row, col))
    ids.push_back(IdType::Parse(text).value_or(IdType()));
  return ids;
}

}  // namespace guestpass::membership
