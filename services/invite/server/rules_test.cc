// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/rules.h"

#include <fstream>
#include <sstream>

#include "gtest/gtest.h"
#include "guestpass/invite/v1/invite.pb.h"

namespace guestpass::invite {
namespace {

TEST(InviteRules, EveryMethodHasOneInTheOrderOfTheProto) {
  const google::protobuf::ServiceDescriptor& service = *v1::Invite::descriptor()->file()->service(0);
  ASSERT_EQ(static_cast<size_t>(service.method_count()), Rules().size());
  for (int i = 0; i < service.method_count(); ++i) EXPECT_EQ(Rules()[i].method, service.method(i)->name());
}

TEST(InviteRules, TheDocumentEndsWithTheTable) {
  std::ifstream file("docs/access.md");
  std::stringstream text;
  text << file.rdbuf();
  const size_t at = text.str().find("\n## InviteService");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(text.str().substr(at), RulesInMarkdown())
      << "bazel run //services/invite/server:access_table >> docs/access.md, once membership's are printed";
}

}  // namespace
}  // namespace guestpass::invite
