// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/auth/seal.h"
#include "common/rpc/call.h"
#include "google/protobuf/message.h"

// Pages of lists (A6), for requests with `page_size` and `page_token`. A token is sealed: it holds where the
// next page begins, and counts only for the same method, the same other arguments and the same caller. The
// page's size may change on the way. Pure but for the token's randomness.
namespace guestpass::rpc {

// What to answer. A value.
struct Page {
  int size = 0;       // 1 to 1,000
  std::string after;  // where the page before ended, as NextPageToken was told; empty for the first page
};

// The page that `request` asks for: page_size 0 is 50, beyond 1,000 is 1,000. FIELD_INVALID for a negative
// one. PAGE_TOKEN_INVALID for a token that is not ours, longer than 2 KiB, or another call's; so return it as
// it is, because a FieldReader would make it FIELD_INVALID.
absl::StatusOr<Page> ReadPage(const auth::Sealer& sealer, const Call& call,
                              const google::protobuf::Message& request);

// The answer's `next_page_token`, by which the next page begins after `after`: a position of the list's
// order, at most 1 KiB. Empty, which says that this was the last page, where `after` is empty.
std::string NextPageToken(const auth::Sealer& sealer, const Call& call,
                          const google::protobuf::Message& request, absl::string_view after);

}  // namespace guestpass::rpc
