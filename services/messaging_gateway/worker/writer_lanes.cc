// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/worker/writer_lanes.h"

#include <deque>
#include <utility>

#include "absl/time/clock.h"
#include "common/status/error.h"

namespace guestpass::messaging {
namespace {

constexpr size_t kBatchMessages = 256;
constexpr size_t kBatchBytes = 256 << 10;
constexpr size_t kQueued = 4096;
constexpr absl::Duration kPatience = absl::Seconds(5);  // with an outcome that is not known
constexpr absl::Duration kPause = absl::Milliseconds(50);

// Not absl::Hash, which every process seeds anew: all gateways must agree on a channel's lane.
size_t LaneOf(const ChannelId& channel, size_t lanes) {
  size_t hash = 14695981039346656037u;
  for (char c : channel.text()) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash % lanes;
}

Message Stored(const NewMessage& message, const Appended& appended) {
  return {.workspace = message.workspace,
          .channel = message.channel,
          .number = appended.number,
          .author = message.author,
          .client_message_id = message.client_message_id,
          .text = message.text,
          .create_time = appended.create_time,
          .revision = message.revision};
}

}  // namespace

struct WriterLanes::Lane {
  explicit Lane(std::unique_ptr<MessageWriter> w) : writer(std::move(w)) {}

  std::vector<Post> TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::vector<Post> batch;
    size_t bytes = 0;
    while (!queue.empty() && batch.size() < kBatchMessages) {
      bytes += queue.front().message.text.size();
      if (!batch.empty() && bytes > kBatchBytes) break;
      batch.push_back(std::move(queue.front()));
      queue.pop_front();
    }
    return batch;
  }

  const std::unique_ptr<MessageWriter> writer;
  absl::Mutex mutex;
  std::deque<Post> queue ABSL_GUARDED_BY(mutex);
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  std::thread thread;
};

WriterLanes::WriterLanes(std::vector<std::unique_ptr<MessageWriter>> writers, const Clock& clock,
                         OnStored on_stored)
    : clock_(clock), on_stored_(std::move(on_stored)) {
  for (auto& writer : writers) lanes_.push_back(std::make_unique<Lane>(std::move(writer)));
  for (auto& lane : lanes_) lane->thread = std::thread([this, &lane = *lane] { Run(lane); });
}

WriterLanes::~WriterLanes() {
  for (auto& lane : lanes_) {
    absl::MutexLock lock(&lane->mutex);
    lane->stopping = true;
  }
  for (auto& lane : lanes_) lane->thread.join();
}

absl::Status WriterLanes::Submit(Post post) {
  Lane& lane = *lanes_[LaneOf(post.message.channel, lanes_.size())];
  absl::MutexLock lock(&lane.mutex);
  if (lane.queue.size() >= kQueued) {
    return Error("This gateway has as many posts waiting as it accepts. Try again.",
                 {.reason = Reason::kOverloaded, .retry_after = absl::Milliseconds(200)});
  }
  lane.queue.push_back(std::move(post));
  return absl::OkStatus();
}

void WriterLanes::Run(Lane& lane) {
  for (;;) {
    std::vector<Post> batch;
    {
      absl::MutexLock lock(&lane.mutex);
      const auto ready = [&lane]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(lane.mutex) {
        return lane.stopping || !lane.queue.empty();
      };
      lane.mutex.Await(absl::Condition(&ready));
      batch = lane.TakeBatch();
    }
    if (batch.empty()) return;
    Store(lane, std::move(batch));
  }
}

void WriterLanes::Store(Lane& lane, std::vector<Post> batch) {
  std::vector<NewMessage> messages;
  messages.reserve(batch.size());
  for (Post& post : batch) messages.push_back(std::move(post.message));
  const absl::StatusOr<std::vector<Appended>> outcomes = AppendUntilKnown(lane, messages);
  std::vector<Message> stored;
  for (size_t i = 0; i < batch.size(); ++i) {
    if (!outcomes.ok()) {
      batch[i].done(outcomes.status());
      continue;
    }
    batch[i].done((*outcomes)[i]);
    if ((*outcomes)[i].outcome == Appended::Outcome::kStored) {
      stored.push_back(Stored(messages[i], (*outcomes)[i]));
    }
  }
  if (!stored.empty()) on_stored_(std::move(stored));
}

// A batch whose outcome is not known is appended again, which finds it out; a first failure that is known to
// have stored nothing is the answer.
absl::StatusOr<std::vector<Appended>> WriterLanes::AppendUntilKnown(Lane& lane,
                                                                    const std::vector<NewMessage>& batch) {
  const absl::Duration give_up = clock_.Boot() + kPatience;
  auto outcomes = lane.writer->Append(batch);
  if (outcomes.ok() || !HasReason(outcomes.status(), Reason::kOutcomeUnknown)) return outcomes;
  const absl::Status unknown = outcomes.status();
  while (clock_.Boot() < give_up) {
    absl::SleepFor(kPause);
    outcomes = lane.writer->Append(batch);
    if (outcomes.ok()) return outcomes;
  }
  return unknown;
}

}  // namespace guestpass::messaging
