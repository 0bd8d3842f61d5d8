// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/access_table.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace guestpass::rpc {

std::string AccessTable(const std::vector<AccessRow>& rows) {
  std::string table =
      "| method | users | services, for themselves | platform operators |\n|---|---|---|---|\n";
  for (const AccessRow& row : rows) {
    absl::StrAppend(&table, "| `", row.method, "` | ", row.users, " | ",
                    row.services.empty() ? "–" : absl::StrJoin(row.services, ", "), " | ",
                    row.operators ? "yes" : "–", " |\n");
  }
  return table;
}

}  // namespace guestpass::rpc
