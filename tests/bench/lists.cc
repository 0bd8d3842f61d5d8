// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/lists.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "tests/bench/closed_loop.h"

namespace guestpass::bench {
namespace {

using membership::v1::ListMembersRequest;
using membership::v1::MembershipService;

constexpr int kCallers = 4;
constexpr int kPage = 50;
constexpr int kOthers = 50;  // organizations, a workspace each

struct Page {
  std::string token;  // the caller's
  ListMembersRequest request;
};

// Adds every page of a workspace to `pages`. How many members they have.
absl::StatusOr<int> Walk(const Crowd& crowd, int organization, const std::string& workspace,
                         std::vector<Page>& pages) {
  Page page{.token = crowd.OwnerToken(organization)};
  page.request.set_parent(workspace);
  page.request.set_page_size(kPage);
  const harness::Client owner(crowd.stack().addresses(), page.token);
  int members = 0;
  for (;;) {
    ASSIGN_OR_RETURN(const auto answer, owner.Call(&MembershipService::Stub::ListMembers, page.request));
    members += answer.members_size();
    pages.push_back(page);
    if (answer.next_page_token().empty()) return members;
    page.request.set_page_token(answer.next_page_token());
  }
}

absl::StatusOr<double> P99(const Crowd& crowd, absl::Duration time, const std::vector<Page>& pages) {
  std::vector<std::unique_ptr<MembershipService::Stub>> stubs;
  std::vector<std::mt19937> random;
  for (const auto& channel : Connections(crowd.stack().addresses().membership, kCallers)) {
    stubs.push_back(MembershipService::NewStub(channel));
    random.emplace_back(random.size());
  }
  const auto next = [&](int caller, grpc::CompletionQueue& queue, void* tag) {
    const auto which = static_cast<size_t>(caller);
    const Page& page = pages[random[which]() % pages.size()];
    return Begin(*stubs[which], &MembershipService::Stub::AsyncListMembers, page.token, page.request, queue,
                 tag);
  };
  ASSIGN_OR_RETURN(Figures figures, MeasureLoop(kCallers, next, time));
  return figures["p99_ms"];
}

}  // namespace

absl::StatusOr<Figures> MeasureDeepLists(Crowd& crowd, absl::Duration time) {
  std::vector<Page> big, others;
  ASSIGN_OR_RETURN(const int members, Walk(crowd, 0, crowd.big_workspace(), big));
  if (members != crowd.big_workspace_members()) {
    return absl::InternalError(absl::StrCat("the pages of the big workspace have ", members, " members, not ",
                                            crowd.big_workspace_members()));
  }
  for (int organization = 1; organization <= kOthers; ++organization) {
    ASSIGN_OR_RETURN(const auto someone, crowd.MembersOf(organization, 1));
    RETURN_IF_ERROR(Walk(crowd, organization, someone.at(0).workspace, others).status());
  }
  ASSIGN_OR_RETURN(const double deep, P99(crowd, time, big));
  ASSIGN_OR_RETURN(const double shallow, P99(crowd, time, others));
  return Figures{{"p99_ms", std::max(deep, shallow)}};
}

}  // namespace guestpass::bench
