// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "services/membership/testing/cast.h"

namespace guestpass::membership {
namespace {

constexpr int kRivals = 50;

class OrganizationsTest : public Cast {
 protected:
  using Ask = std::function<absl::Status(const rpc::Call&)>;

  static v1::CreateOrganizationRequest New(const std::string& display_name = "Acme Secret") {
    v1::CreateOrganizationRequest request;
    request.mutable_organization()->set_display_name(display_name);
    request.set_owner(IdOf("founder").ToString());
    return request;
  }
  v1::UpdateOrganizationRequest Renaming(const std::string& to) const {
    v1::UpdateOrganizationRequest request;
    request.mutable_organization()->set_name(Name());
    request.mutable_organization()->set_display_name(to);
    return request;
  }
  Ask Creating(const v1::CreateOrganizationRequest& request) {
    return [=, this](const rpc::Call& call) {
      return here_.organizations.CreateOrganization(call, request).status();
    };
  }
  Ask Getting(const std::string& name) {
    v1::GetOrganizationRequest request;
    request.set_name(name);
    return [=, this](const rpc::Call& call) {
      return here_.organizations.GetOrganization(call, request).status();
    };
  }
  Ask Updating(const v1::UpdateOrganizationRequest& request) {
    return [=, this](const rpc::Call& call) {
      return here_.organizations.UpdateOrganization(call, request).status();
    };
  }
  v1::Organization Current() {
    v1::GetOrganizationRequest request;
    request.set_name(Name());
    return *here_.organizations.GetOrganization(As("owner"), request);
  }
  std::string Name() const { return ToName(here_.organization); }
  int64_t Organizations() { return here_.Count("SELECT count(*) FROM organizations"); }

  static Answers OnlyThese(const std::set<std::string>& let_in, const std::string& refusal) {
    Answers answers;
    for (const std::string& name : Everybody()) {
      if (let_in.count(name) == 0) answers[name] = refusal;
    }
    return answers;
  }

  const std::string nowhere_ = "organizations/" + std::string(26, 'z');
};

TEST_F(OrganizationsTest, OperatorsAloneCreateThemAndThatIsCheckedBeforeTheRequestIs) {
  EXPECT_EQ(TellEverybody(Creating(New())), OnlyThese({"operator"}, "CALLER_NOT_ALLOWED"));
  v1::CreateOrganizationRequest wrong = New("two\nlines");
  wrong.set_owner("nobody");
  wrong.set_request_id("\n");
  EXPECT_EQ(Told(Creating(wrong)(As("owner"))), "CALLER_NOT_ALLOWED");
  wrong.clear_request_id();
  EXPECT_EQ(FieldsOf(Creating(wrong)(As("operator"))),
            (std::vector<std::string>{"organization.display_name", "owner"}));
  EXPECT_EQ(Organizations(), 2);
}

TEST_F(OrganizationsTest, ANewOneHasItsFirstOwnerInOneEntry) {
  const auto made = here_.organizations.CreateOrganization(As("operator"), New());
  ASSERT_TRUE(made.ok()) << made.status();
  const OrganizationId id = *ParseOrganizationName("name", made->name());
  const CommittedEntries last = here_.recorder.commits().back();
  ASSERT_EQ(last.entries.size(), 1u);
  EXPECT_EQ(last.entries[0].object, rights::Object(rights::OrganizationMemberState{
                                        id, IdOf("founder"), rights::OrganizationRole::kOwner}));
  EXPECT_EQ(made->rights_revision(),
            (rights::RightsRevision{last.epoch, last.shard, last.entries[0].n}.ToString()));
  EXPECT_EQ(made->display_name(), "Acme Secret");
  EXPECT_FALSE(made->etag().empty());
  EXPECT_EQ(Told(Getting(made->name())(As("founder"))), "OK");
  const auto audit = here_.NewSession()->Run(
      "SELECT action, target, platform, actor, after::text, request_id, workspace FROM audit_entries WHERE "
      "organization = $1",
      postgres::Params::Of(id));
  ASSERT_EQ(audit->rows(), 1);
  EXPECT_EQ(audit->Text(0, 0), "organization.created");
  EXPECT_EQ(audit->Text(0, 1), made->name());
  EXPECT_TRUE(audit->Bool(0, 2));
  EXPECT_EQ(audit->As<UserId>(0, 3), IdOf("operator"));
  EXPECT_EQ(audit->Text(0, 4),
            absl::StrCat(R"({"role": "OWNER", "owner": ")", IdOf("founder").text(), R"("})"));
  EXPECT_EQ(audit->Text(0, 5), "request");
  EXPECT_TRUE(audit->IsNull(0, 6));
}

TEST_F(OrganizationsTest, ShardsAreDrawnAtRandom) {
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(Creating(New())(As("operator")).ok());
  EXPECT_GE(here_.Count("SELECT count(DISTINCT shard) FROM organizations"), 30);
}

TEST_F(OrganizationsTest, TheSameRequestMakesOneHoweverOftenItComes) {
  v1::CreateOrganizationRequest request = New();
  request.set_request_id("once");
  std::vector<std::string> answers(kRivals);
  Race(kRivals, [&](int i) {
    const auto made = here_.organizations.CreateOrganization(As("operator"), request);
    EXPECT_TRUE(made.ok()) << made.status();
    if (made.ok()) answers[i] = made->SerializeAsString();
  });
  EXPECT_EQ(std::set<std::string>(answers.begin(), answers.end()).size(), 1u);
  EXPECT_EQ(Organizations(), 2);
  EXPECT_EQ(Told(Creating(request)(As("owner"))), "CALLER_NOT_ALLOWED");
  request.mutable_organization()->set_display_name("Another");
  EXPECT_EQ(Told(Creating(request)(As("operator"))), "REQUEST_ID_REUSED");
}

TEST_F(OrganizationsTest, ValidatingCreatesNothing) {
  v1::CreateOrganizationRequest request = New();
  request.set_validate_only(true);
  request.set_request_id("only-judged");
  EXPECT_TRUE(WrittenBy([&] { EXPECT_EQ(Told(Creating(request)(As("operator"))), "OK"); }).nothing());
  EXPECT_EQ(Organizations(), 1);
  request.set_owner("");
  EXPECT_EQ(FieldsOf(Creating(request)(As("operator"))), std::vector<std::string>{"owner"});
}

TEST_F(OrganizationsTest, WhoHasARoleReadsItAndOthersLearnNothing) {
  EXPECT_EQ(TellEverybody(Getting(Name())), OnlyThese({"owner", "orgadmin", "operator"}, "ROLE_TOO_LOW"));
  for (const std::string name : {"admin", "guest", "ended", "stranger"}) {
    EXPECT_EQ(Getting(Name())(As(name)), Getting(nowhere_)(As(name)));
  }
  EXPECT_EQ(DetailsOf(Getting(nowhere_)(As("stranger")))->metadata, (Metadata{{"role", "NONE"}}));
  EXPECT_EQ(Told(Getting(nowhere_)(As("operator"))), "ORGANIZATION_NOT_FOUND");
  EXPECT_EQ(FieldsOf(Getting("organizations/x")(As("stranger"))), std::vector<std::string>{"name"});
  const v1::Organization read = Current();
  EXPECT_EQ(read.name(), Name());
  EXPECT_EQ(read.display_name(), "Organization");
  EXPECT_TRUE(read.has_create_time());
  EXPECT_EQ(read.rights_revision(), LatestRevision());
}

TEST_F(OrganizationsTest, ItsOwnersAndAdminsRenameIt) {
  int renamed = 0;
  const auto rename = [&](const rpc::Call& call) {
    return Updating(Renaming(absl::StrCat("Name ", ++renamed)))(call);
  };
  EXPECT_EQ(TellEverybody(rename), OnlyThese({"owner", "orgadmin", "operator"}, "ROLE_TOO_LOW"));
  EXPECT_EQ(Current().display_name(), absl::StrCat("Name ", renamed));
  v1::UpdateOrganizationRequest elsewhere = Renaming("two\nlines");
  EXPECT_EQ(FieldsOf(Updating(elsewhere)(As("owner"))),
            std::vector<std::string>{"organization.display_name"});
  const absl::Status refused = Updating(elsewhere)(As("admin"));
  elsewhere.mutable_organization()->set_name(nowhere_);
  EXPECT_EQ(refused, Updating(elsewhere)(As("admin")));
  EXPECT_EQ(Told(refused), "ROLE_TOO_LOW");
  EXPECT_EQ(Told(Updating(elsewhere)(As("operator"))), "ORGANIZATION_NOT_FOUND");
}

TEST_F(OrganizationsTest, ARenamingIsAuditedWithoutTheNameAndNoDecisionReadsIt) {
  const Written written = WrittenBy([&] {
    EXPECT_EQ(Told(Updating(Renaming("Acme Secret"))(As("orgadmin"))), "OK");
    EXPECT_EQ(Told(Updating(Renaming("Acme Secreter"))(As("operator"))), "OK");
    EXPECT_EQ(Told(Updating(Renaming("Acme Secreter"))(As("owner"))), "OK") << "it has that name";
  });
  EXPECT_TRUE(written.entries.empty());
  ASSERT_EQ(written.audit.size(), 2u);
  EXPECT_EQ(written.audit[0].action, "organization.updated");
  EXPECT_EQ(written.audit[0].target, Name());
  EXPECT_EQ(written.audit[0].actor, IdOf("orgadmin"));
  EXPECT_FALSE(written.audit[0].platform);
  EXPECT_TRUE(written.audit[1].platform);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries a WHERE a::text LIKE '%Acme%'"), 0);
}

TEST_F(OrganizationsTest, AMaskNamesWhatChanges) {
  v1::UpdateOrganizationRequest request = Renaming("Masked");
  request.mutable_update_mask()->add_paths("create_time");
  EXPECT_EQ(FieldsOf(Updating(request)(As("owner"))), std::vector<std::string>{"update_mask"});
  EXPECT_EQ(Told(Updating(request)(As("member"))), "ROLE_TOO_LOW");
  request.mutable_update_mask()->set_paths(0, "display_name");
  EXPECT_EQ(Told(Updating(request)(As("owner"))), "OK");
  EXPECT_EQ(Current().display_name(), "Masked");
  request.clear_update_mask();
  request.mutable_organization()->clear_display_name();
  EXPECT_EQ(FieldsOf(Updating(request)(As("owner"))), std::vector<std::string>{"update_mask"});
}

TEST_F(OrganizationsTest, OfRacersWithTheSameEtagOneRenamesIt) {
  const v1::Organization read = Current();
  std::atomic<int> renamed = 0, stale = 0;
  Race(kRivals, [&](int i) {
    v1::UpdateOrganizationRequest request = Renaming(absl::StrCat("Name ", i));
    request.mutable_organization()->set_etag(read.etag());
    const std::string told = Told(Updating(request)(As("owner")));
    renamed += told == "OK";
    stale += told == "ETAG_MISMATCH";
  });
  EXPECT_EQ(renamed, 1);
  EXPECT_EQ(stale, kRivals - 1);
  const v1::Organization now = Current();
  EXPECT_NE(now.etag(), read.etag());
  v1::UpdateOrganizationRequest request = Renaming("Last");
  request.mutable_organization()->set_etag(now.etag());
  EXPECT_EQ(Told(Updating(request)(As("owner"))), "OK");
}

TEST_F(OrganizationsTest, TheSameNameAgainWritesNothing) {
  const auto first = here_.organizations.UpdateOrganization(As("owner"), Renaming("Same"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(WrittenBy([&] {
                const auto again = here_.organizations.UpdateOrganization(As("owner"), Renaming("Same"));
                EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
              }).nothing());
}

TEST_F(OrganizationsTest, ARepeatedRenamingIsAnsweredAsItWas) {
  v1::UpdateOrganizationRequest request = Renaming("First");
  request.mutable_organization()->set_etag(Current().etag());
  request.set_request_id("renaming");
  const auto first = here_.organizations.UpdateOrganization(As("orgadmin"), request);
  ASSERT_EQ(Told(Updating(Renaming("Second"))(As("owner"))), "OK");
  const auto again = here_.organizations.UpdateOrganization(As("orgadmin"), request);
  EXPECT_EQ(first->SerializeAsString(), again->SerializeAsString());
  EXPECT_EQ(Current().display_name(), "Second");
  request.mutable_organization()->set_display_name("Third");
  EXPECT_EQ(Told(Updating(request)(As("orgadmin"))), "REQUEST_ID_REUSED");
}

TEST_F(OrganizationsTest, EverybodyListsItsOwnAndOperatorsAllOfThemPageByPage) {
  std::set<std::string> all{Name()}, founders;
  for (int i = 0; i < 5; ++i) {
    const auto made = here_.organizations.CreateOrganization(As("operator"), New());
    founders.insert(made->name());
    all.insert(made->name());
  }
  const auto walk = [&](const rpc::Call& call) {
    std::vector<std::string> names;
    v1::ListOrganizationsRequest request;
    request.set_page_size(2);
    do {
      const auto page = here_.organizations.ListOrganizations(call, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return names;
      EXPECT_LE(page->organizations_size(), 2);
      for (const v1::Organization& organization : page->organizations()) names.push_back(organization.name());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return names;
  };
  EXPECT_EQ(walk(As("founder")), std::vector<std::string>(founders.begin(), founders.end()));
  EXPECT_EQ(walk(As("operator")), std::vector<std::string>(all.begin(), all.end()));
  EXPECT_EQ(walk(As("orgadmin")), std::vector<std::string>{Name()});
  EXPECT_TRUE(walk(As("admin")).empty()) << "of a workspace only";
}

TEST_F(OrganizationsTest, APageTokenIsItsCallersOwn) {
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(Creating(New())(As("operator")).ok());
  v1::ListOrganizationsRequest request;
  request.set_page_size(1);
  request.set_page_token(here_.organizations.ListOrganizations(As("founder"), request)->next_page_token());
  EXPECT_EQ(here_.organizations.ListOrganizations(As("founder"), request)->organizations_size(), 1);
  EXPECT_EQ(Told(here_.organizations.ListOrganizations(As("owner"), request).status()), "PAGE_TOKEN_INVALID");
  request.set_page_token("x");
  EXPECT_EQ(Told(here_.organizations.ListOrganizations(As("founder"), request).status()),
            "PAGE_TOKEN_INVALID");
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_EQ(FieldsOf(here_.organizations.ListOrganizations(As("founder"), request).status()),
            std::vector<std::string>{"page_size"});
}

}  // namespace
}  // namespace guestpass::membership
