// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/server/channel_hubs.h"

#include <utility>

#include "common/status/macros.h"

namespace guestpass::messaging {
namespace {

constexpr absl::Duration kHoleAge = absl::Milliseconds(20);
constexpr int kFill = 256;

}  // namespace

ChannelHubs::ChannelHubs(MessageStore& store, rights_feed::Feed& feed, const Clock& clock,
                         std::function<absl::Status(uint32_t shard)> follow)
    : store_(store), feed_(feed), clock_(clock), follow_(std::move(follow)) {}

absl::StatusOr<ChannelHubs::Opened> ChannelHubs::Open(const ChannelId& channel, uint32_t shard) {
  RETURN_IF_ERROR(follow_(shard));
  std::shared_ptr<ChannelHub> hub;
  {
    absl::MutexLock lock(&mutex_);
    std::weak_ptr<ChannelHub>& known = hubs_[shard][channel];
    hub = known.lock();
    if (hub == nullptr) known = hub = std::make_shared<ChannelHub>(channel, shard);
  }
  // Read after the hub can be found: what is stored from here on is offered to it.
  ASSIGN_OR_RETURN(const auto heads, store_.Heads({channel}));
  const auto reached = [this](const RightsRevision& revision) {
    return feed_.Reached(revision.shard, {revision.epoch, revision.n}, clock_.Boot());
  };
  hub->Begin(heads.at(channel), reached, clock_.Boot());
  return Opened{.hub = std::move(hub), .head = heads.at(channel)};
}

void ChannelHubs::Offer(std::vector<Message> messages) {
  absl::flat_hash_map<std::shared_ptr<ChannelHub>, std::vector<MessagePtr>> offered;
  {
    absl::MutexLock lock(&mutex_);
    for (Message& message : messages) {
      const auto shard = hubs_.find(message.revision.shard);
      if (shard == hubs_.end()) continue;
      const auto found = shard->second.find(message.channel);
      if (found == shard->second.end()) continue;
      if (const std::shared_ptr<ChannelHub> hub = found->second.lock()) {
        offered[hub].push_back(std::make_shared<const Message>(std::move(message)));
      }
    }
  }
  for (const auto& [hub, of_channel] : offered) hub->Offer(of_channel, clock_.Boot());
}

void ChannelHubs::OnProgress(uint32_t shard) {
  for (const std::shared_ptr<ChannelHub>& hub : FollowedOf(shard)) hub->Look(clock_.Boot());
}

void ChannelHubs::FillHoles() {
  for (const std::shared_ptr<ChannelHub>& hub : Followed()) {
    const std::optional<uint64_t> head = hub->Hole(kHoleAge, clock_.Boot());
    if (!head.has_value()) continue;
    auto messages = store_.List(hub->channel(), *head, kFill);
    if (messages.ok()) Offer(*std::move(messages));
  }
}

void ChannelHubs::ReadHeads() {
  const std::vector<std::shared_ptr<ChannelHub>> followed = Followed();
  if (followed.empty()) return;
  std::vector<ChannelId> channels;
  for (const auto& hub : followed) channels.push_back(hub->channel());
  const auto heads = store_.Heads(channels);
  for (const std::shared_ptr<ChannelHub>& hub : followed) {
    if (heads.ok()) hub->OfferHead(heads->at(hub->channel()), clock_.Boot());
    hub->Look(clock_.Boot());
  }
}

std::vector<std::shared_ptr<ChannelHub>> ChannelHubs::FollowedOf(uint32_t shard) {
  std::vector<std::shared_ptr<ChannelHub>> followed;
  absl::MutexLock lock(&mutex_);
  const auto found = hubs_.find(shard);
  if (found == hubs_.end()) return followed;
  absl::erase_if(found->second, [&](const auto& entry) {
    std::shared_ptr<ChannelHub> hub = entry.second.lock();
    if (hub != nullptr) followed.push_back(std::move(hub));
    return entry.second.expired();
  });
  return followed;
}

std::vector<std::shared_ptr<ChannelHub>> ChannelHubs::Followed() {
  std::vector<std::shared_ptr<ChannelHub>> followed;
  for (uint32_t shard = 0; shard < rights::kShards; ++shard) {
    for (auto& hub : FollowedOf(shard)) followed.push_back(std::move(hub));
  }
  return followed;
}

}  // namespace guestpass::messaging
