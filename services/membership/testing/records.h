// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/postgres/pool.h"
#include "services/membership/storage/postgres/pg_membership_store.h"
#include "services/membership/testing/silent.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::membership {

// The id that stands for a name of a test's own ([a-z2-7]); ids are in the order of their names. And back.
template <typename IdType>
IdType Named(absl::string_view name) {
  std::string text(name);
  text.resize(IdType::kLength, '2');
  return *IdType::Parse(text);
}
inline UserId User(absl::string_view name) { return Named<UserId>(name); }
template <typename IdType>
std::string NameOf(const IdType& id) {
  const std::string text = id.ToString();
  return text.substr(0, text.find_last_not_of('2') + 1);
}

// All that a list gives in pages of `limit`, each behind the place of the last one's last.
template <typename Place, typename List, typename PlaceOf>
auto Walk(int limit, List list, PlaceOf place_of) {
  Place after{};
  auto all = *list(after, limit);
  for (auto page = all; page.size() == static_cast<size_t>(limit) && all.size() < 1000;) {
    after = place_of(page.back());
    page = *list(after, limit);
    all.insert(all.end(), page.begin(), page.end());
  }
  return all;
}

// Membership's store on a database of a test's own, with records that the test writes by SQL, as nothing but
// the store's reads is tested on it. There are the organizations "org" and "other", with the workspaces
// "team" and "elsewhere".
class Records {
 public:
  Records();

  // Runs a statement of the test's own.
  postgres::Result Run(absl::string_view sql, const postgres::Params& params = {});

  void AddWorkspace(const std::string& name, const std::string& organization);
  void DeleteWorkspace(const std::string& name);
  void SetOrganizationRole(const std::string& user, const std::string& role,
                           const std::string& organization = "org");
  void AddChannel(const std::string& name, const std::string& kind, const std::string& workspace = "team");
  void AddParticipants(const std::string& channel, const std::vector<std::string>& users);
  void AddMember(const std::string& user, const std::string& role, const std::string& workspace = "team");
  // A guest without an end.
  void AddGuest(const std::string& user, const std::vector<std::string>& grants,
                const std::string& sponsor = "");
  // Times relative to the database's now; the recorded state is ACTIVE.
  void SetTimes(const std::string& guest, absl::Duration expire, absl::Duration access_end);

  // Reads as somebody, of the workspace "team".
  using Body = std::function<void(MembershipReads&, const View&)>;
  void ReadAs(const std::string& user, const Body& body);
  void ReadAsOperator(const Body& body);
  void Read(const Viewing& viewing, const Body& body);

  static Viewing TeamAs(const std::string& user);

  const harness::TestDatabase database;
  postgres::Pool pool;

 private:
  Silent silent_;
  const std::unique_ptr<postgres::Session> session_;

 public:
  PgMembershipStore store{pool, silent_};
};

}  // namespace guestpass::membership
