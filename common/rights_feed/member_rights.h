// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "common/rights/decide.h"

namespace guestpass::rights_feed {

struct MemberView;
struct ChannelView;

// What a stream holds of its member while it is open: the objects stay cached and are kept current for as
// long as somebody holds a copy. Cheap to copy; thread-safe. Not to outlive the Feed.
class MemberRights {
 public:
  explicit MemberRights(std::shared_ptr<const MemberView> view) : view_(std::move(view)) {}

  const WorkspaceId& workspace() const;
  const OrganizationId& organization() const;
  const UserId& user() const;
  uint32_t shard() const;

  // The state as cached, whatever the leases say. `known` is false after a new epoch until it is read anew.
  struct State {
    bool known = false;
    bool workspace_deleted = false;
    rights::Authority authority;
    std::vector<ChannelId> grants;  // of a guest
    friend bool operator==(const State&, const State&) = default;
  };
  State state() const;

  const MemberView& view() const { return *view_; }

 private:
  std::shared_ptr<const MemberView> view_;
};

// The same of its member in one channel.
class ChannelRights {
 public:
  explicit ChannelRights(std::shared_ptr<const ChannelView> view) : view_(std::move(view)) {}

  const ChannelId& channel() const;
  MemberRights member() const;

  const ChannelView& view() const { return *view_; }

 private:
  std::shared_ptr<const ChannelView> view_;
};

}  // namespace guestpass::rights_feed
