// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/rules.h"

#include <fstream>
#include <sstream>

#include "gtest/gtest.h"
#include "guestpass/membership/v1/membership.pb.h"
#include "guestpass/membership/v1/organization.pb.h"
#include "guestpass/rights/v1/rights_service.pb.h"

namespace guestpass::membership {
namespace {

std::vector<std::string> MethodsOf(const google::protobuf::ServiceDescriptor& service) {
  std::vector<std::string> names;
  for (int i = 0; i < service.method_count(); ++i) names.push_back(service.method(i)->name());
  return names;
}

std::vector<std::string> MethodsOf(const std::vector<Rule>& rules) {
  std::vector<std::string> names;
  for (const Rule& rule : rules) names.push_back(rule.method);
  return names;
}

TEST(Rules, EveryMethodHasOneInTheOrderOfTheProtos) {
  EXPECT_EQ(MethodsOf(MembershipRules()),
            MethodsOf(*v1::OrganizationMember::descriptor()->file()->pool()->FindServiceByName(
                "guestpass.membership.v1.MembershipService")));
  EXPECT_EQ(MethodsOf(RightsRules()),
            MethodsOf(*rights::v1::CheckInviteRequest::descriptor()->file()->service(0)));
}

TEST(Rules, NoMethodOfTheRightsServiceLetsUsersOrOperatorsIn) {
  for (const Rule& rule : RightsRules()) {
    EXPECT_FALSE(rule.access.users || rule.access.operators) << rule.method;
    EXPECT_FALSE(rule.access.services.empty()) << rule.method;
  }
}

TEST(Rules, OperatorsAreSparedWhereverTheyAreLetInButToStartConversations) {
  for (const Rule& rule : MembershipRules()) {
    EXPECT_EQ(SparesOperators(rule.need), rule.access.operators) << rule.method;
    EXPECT_EQ(rule.access.operators, rule.method != "StartDirectConversation");
  }
  for (const Rule& rule : RightsRules()) {
    EXPECT_EQ(SparesOperators(rule.need), rule.method == "SetGuestExpiration") << rule.method;
  }
}

// Behind it stands what other services print.
TEST(Rules, TheDocumentIsTheTable) {
  std::ifstream file("docs/access.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str().substr(0, text.str().find("\n## InviteService")), RulesInMarkdown())
      << "bazel run //services/membership/server:access_table > docs/access.md, and then as CONTRIBUTING.md "
         "says";
}

}  // namespace
}  // namespace guestpass::membership
