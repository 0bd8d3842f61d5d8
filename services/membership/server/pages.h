// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "common/auth/seal.h"
#include "common/rpc/paging.h"

namespace guestpass::membership {

// Answers a page of a list: `found` is what lies behind page.after, one more than the page's size where there
// is more. `add(item)` puts each into the response; `place(item)` is what the next page begins behind.
template <typename Request, typename Response, typename Item, typename Add, typename Place>
void AnswerPage(const auth::Sealer& pages, const rpc::Call& call, const Request& request,
                const rpc::Page& page, const std::vector<Item>& found, Response& response, Add add,
                Place place) {
  const size_t count = std::min(found.size(), static_cast<size_t>(page.size));
  std::for_each_n(found.begin(), count, add);
  if (found.size() <= count) return;
  response.set_next_page_token(rpc::NextPageToken(pages, call, request, place(found[count - 1])));
}

}  // namespace guestpass::membership
