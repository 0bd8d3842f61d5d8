// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/posts.h"

#include <atomic>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/macros.h"
#include "tests/harness/stream_client.h"
#include "tests/harness/workplace.h"

namespace guestpass::bench {
namespace {

constexpr int kChannels = 8;

// One client's stream in a closed loop: each result is answered with the next post.
class Loop {
 public:
  Loop(std::string channel, std::string prefix, int in_flight)
      : channel_(std::move(channel)), prefix_(std::move(prefix)), begun_(in_flight) {}

  absl::Status Open(const std::string& address, const std::string& token, const std::string& workspace) {
    const auto on_frame = [this](const harness::Received& received) { Take(received); };
    ASSIGN_OR_RETURN(stream_, harness::StreamClient::Open(address, token, workspace, on_frame));
    return absl::OkStatus();
  }

  void Start() {
    for (size_t slot = 0; slot < begun_.size(); ++slot) Post(slot);
  }
  void Stop() { stop_ = true; }
  bool Idle() const { return outstanding_ == 0; }

  const std::vector<double>& milliseconds() const { return milliseconds_; }  // once idle
  int refused() const { return refused_; }

 private:
  void Post(size_t slot) {
    ++outstanding_;
    begun_[slot] = absl::Now();
    stream_->StartPost(channel_, absl::StrCat(prefix_, "-", slot, "-", posted_++), "hello from a guest");
  }

  void Take(const harness::Received& received) {
    if (!received.frame.has_write_result()) return;
    const messaging::v1::WriteResult& result = received.frame.write_result();
    const std::string& id = result.client_message_id();
    const size_t slot = std::stoul(id.substr(prefix_.size() + 1));
    milliseconds_.push_back(absl::ToDoubleMilliseconds(absl::Now() - begun_[slot]));
    if (result.has_error()) ++refused_;
    if (!stop_) Post(slot);
    --outstanding_;
  }

  const std::string channel_, prefix_;
  std::vector<absl::Time> begun_;
  std::atomic<bool> stop_{false};
  std::atomic<int> outstanding_{0};
  std::atomic<int> posted_{0};
  std::atomic<int> refused_{0};
  std::vector<double> milliseconds_;
  std::unique_ptr<harness::StreamClient> stream_;
};

}  // namespace

absl::StatusOr<Posters> Posters::Make(const harness::Stack& stack, int count) {
  Posters posters;
  ASSIGN_OR_RETURN(harness::Workplace place, harness::MakeWorkplace(stack));
  std::vector<std::string> channels;
  for (int i = 0; i < kChannels; ++i) {
    ASSIGN_OR_RETURN(std::string channel,
                     harness::MakePrivateChannel(stack, place, absl::StrCat("channel ", i)));
    channels.push_back(std::move(channel));
  }
  for (int i = 0; i < count; ++i) {
    const std::string name = absl::StrCat("guest", i);
    place.closed_channel = channels[i % kChannels];
    RETURN_IF_ERROR(harness::AddGuest(stack, place, name, absl::Hours(24)).status());
    posters.guests_.push_back({name, place.workspace, place.closed_channel});
  }
  return posters;
}

absl::StatusOr<Figures> Posters::Measure(const harness::Stack& stack, int clients, int in_flight,
                                         absl::Duration time) {
  ++round_;
  std::vector<std::unique_ptr<Loop>> loops;
  for (int i = 0; i < clients; ++i) {
    const Guest& guest = guests_[i];
    loops.push_back(std::make_unique<Loop>(guest.channel, absl::StrCat("r", round_, "c", i), in_flight));
    RETURN_IF_ERROR(
        loops.back()->Open(stack.addresses().gateways[0], stack.Token(guest.name), guest.workspace));
  }
  const absl::Time begun = absl::Now();
  for (auto& loop : loops) loop->Start();
  absl::SleepFor(time);
  for (auto& loop : loops) loop->Stop();
  for (auto& loop : loops) {
    while (!loop->Idle()) absl::SleepFor(absl::Milliseconds(1));
  }
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begun);
  std::vector<double> all;
  int refused = 0;
  for (const auto& loop : loops) {
    all.insert(all.end(), loop->milliseconds().begin(), loop->milliseconds().end());
    refused += loop->refused();
  }
  if (refused > 0) return absl::InternalError(absl::StrCat(refused, " posts were refused"));
  return Figures{{"posts_per_s", static_cast<double>(all.size()) / seconds},
                 {"p50_ms", Quantile(all, 0.5)},
                 {"p99_ms", Quantile(all, 0.99)}};
}

}  // namespace guestpass::bench
