// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/auth/issuer.h"
#include "common/auth/key_set.h"
#include "common/auth/token_verifier.h"
#include "common/postgres/pool.h"
#include "common/postgres/session.h"
#include "services/membership/server/audit_log.h"
#include "services/membership/server/channel_members.h"
#include "services/membership/server/channels.h"
#include "services/membership/server/check_access.h"
#include "services/membership/server/guest_grants.h"
#include "services/membership/server/members.h"
#include "services/membership/server/organization_members.h"
#include "services/membership/server/organizations.h"
#include "services/membership/server/rights_service.h"
#include "services/membership/server/user_removals.h"
#include "services/membership/server/workspaces.h"
#include "services/membership/storage/postgres/pg_access_reader.h"
#include "services/membership/storage/postgres/pg_membership_store.h"
#include "services/membership/storage/postgres/pg_upkeep.h"
#include "tests/harness/servers/test_database.h"
#include "tests/harness/test_directory.h"

namespace guestpass::membership {

// Keeps what was told of commits.
class Recorder : public CommitListener {
 public:
  void OnCommit(const CommittedEntries& committed) override;
  std::vector<CommittedEntries> commits() const;

 private:
  mutable absl::Mutex mutex_;
  std::vector<CommittedEntries> commits_ ABSL_GUARDED_BY(mutex_);
};

// Membership on a database of a test's own, called as its handlers are, and an organization in it: its owner
// is "owner", its admin "orgadmin"; the owner made a workspace with a public channel and a private one.
class Installation {
 public:
  // `grace` is the workspace's.
  explicit Installation(absl::Duration grace = absl::Hours(24));

  // Who calls: a user by a name of the test's own, with the verified address NAME@example.com; a platform
  // operator; a service for itself or for a user.
  static UserId IdOf(const std::string& name);
  static rpc::Call As(const std::string& name);
  static rpc::Call AsOperator();
  static rpc::Call AsService(const std::string& service, const std::string& user = "");

  // The token of such a user.
  std::string TokenOf(const std::string& name, bool is_operator = false) const;

  std::string MemberName(const std::string& name) const;    // `workspaces/{w}/members/{NAME's id}`
  std::string ChannelName(const ChannelId& channel) const;  // `workspaces/{w}/channels/{c}`

  // An invite by `inviter`, made now, as a guest of the public channel; tests change what differs.
  rights::v1::JoinMemberRequest InviteBy(const std::string& inviter, const std::string& key);

  // Makes `name` a member by an invite of the owner's. Without channels for other roles than GUEST.
  void AddMember(const std::string& name, type::v1::Role role);
  absl::Status Remove(const std::string& by, const std::string& name);
  absl::Status SetTtl(const std::string& name, absl::Duration ttl);

  // What the database has, for who looks behind the service.
  rights::MemberState StateOf(const std::string& name);
  int64_t Count(const std::string& sql);
  std::unique_ptr<postgres::Session> NewSession() const;
  // Waits until that many sessions wait for locks.
  void AwaitWaiters(int64_t count);

  Recorder recorder;
  harness::TestDatabase database;
  postgres::Pool pool, quick_pool;
  PgMembershipStore store{pool, quick_pool, recorder};
  PgUpkeep upkeep{pool};
  PgAccessReader access_reader{quick_pool};
  const auth::Sealer pages = *auth::Sealer::Parse("k:" + std::string(64, 'a'));

 private:
  const harness::TestDirectory key_directory_;

 public:
  // Of tokens that `runner` accepts.
  const auth::Issuer issuer = *auth::Issuer::LoadOrCreate(key_directory_.path());

 private:
  const std::unique_ptr<auth::KeySetSource> keys_ =
      *auth::KeySetSource::Open(key_directory_.path() + "/jwks.json");
  auth::TokenVerifier verifier_{*keys_, auth::kDevelopmentIssuer, auth::kDevelopmentAudience};
  rpc::Executor executor_{8, 100};

 public:
  rpc::Runner runner{executor_, verifier_, SystemClock()};
  Organizations organizations{store, pages};
  OrganizationMembers organization_members{store, pages};
  UserRemovals user_removals{store, upkeep};
  Workspaces workspaces{store, upkeep, pages};
  Members members{store, pages};
  Channels channels{store, pages};
  ChannelMembers channel_members{store, pages};
  GuestGrants guest_grants{store, pages};
  AuditLog audit_log{store, pages};
  AccessLanes access_lanes{access_reader};
  AccessChecks access_checks{access_lanes};
  RightsService rights{runner, store};
  OrganizationId organization;
  WorkspaceId workspace;
  ChannelId public_channel, private_channel;
};

}  // namespace guestpass::membership
