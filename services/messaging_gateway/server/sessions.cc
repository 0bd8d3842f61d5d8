// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/server/sessions.h"

#include <algorithm>
#include <variant>

#include "services/messaging_gateway/server/session.h"

namespace guestpass::messaging {
namespace {

using Weak = std::weak_ptr<Session>;

void Tidy(std::vector<Weak>& sessions, const std::shared_ptr<Session>& leaving) {
  const auto gone = [&](const Weak& weak) {
    const std::shared_ptr<Session> session = weak.lock();
    return session == nullptr || session == leaving;
  };
  sessions.erase(std::remove_if(sessions.begin(), sessions.end(), gone), sessions.end());
}

}  // namespace

void Sessions::Add(const std::shared_ptr<Session>& session) {
  absl::MutexLock lock(&mutex_);
  all_.insert(session);
}

void Sessions::Remove(const std::shared_ptr<Session>& session) {
  const std::optional<UserId> user = session->user();
  absl::MutexLock lock(&mutex_);
  all_.erase(session);
  if (!user.has_value()) return;
  const auto found = by_user_.find(*user);
  if (found == by_user_.end()) return;
  Tidy(found->second, session);
  if (found->second.empty()) by_user_.erase(found);
}

void Sessions::Know(const std::shared_ptr<Session>& session, const UserId& user) {
  absl::MutexLock lock(&mutex_);
  if (all_.contains(session)) by_user_[user].push_back(session);
}

void Sessions::WakeAt(const std::shared_ptr<Session>& session, absl::Time time) {
  absl::MutexLock lock(&mutex_);
  wakes_.emplace(time, session);
}

void Sessions::OnChanged(const rights::Entry& entry) {
  std::vector<std::shared_ptr<Session>> concerned;
  const auto of_user = [&](const UserId& user) {
    absl::MutexLock lock(&mutex_);
    const auto found = by_user_.find(user);
    if (found == by_user_.end()) return;
    for (const Weak& weak : found->second) {
      if (auto session = weak.lock()) concerned.push_back(std::move(session));
    }
  };
  if (const auto* member = std::get_if<rights::MemberState>(&entry.object)) {
    of_user(member->user);
  } else if (const auto* of_org = std::get_if<rights::OrganizationMemberState>(&entry.object)) {
    of_user(of_org->user);
  } else if (std::holds_alternative<rights::WorkspaceState>(entry.object)) {
    concerned = All();
  }
  for (const auto& session : concerned) session->OnRights(&entry);
}

void Sessions::Wake(absl::Time now) {
  std::vector<std::shared_ptr<Session>> due;
  {
    absl::MutexLock lock(&mutex_);
    const auto end = wakes_.upper_bound(now);
    for (auto it = wakes_.begin(); it != end; ++it) {
      if (auto session = it->second.lock()) due.push_back(std::move(session));
    }
    wakes_.erase(wakes_.begin(), end);
  }
  for (const auto& session : due) session->OnRights(nullptr);
}

void Sessions::Sweep() {
  {
    absl::MutexLock lock(&mutex_);
    for (auto it = wakes_.begin(); it != wakes_.end();)
      it = it->second.expired() ? wakes_.erase(it) : std::next(it);
  }
  for (const auto& session : All()) session->Sweep(clock_.Boot());
}

void Sessions::GoodbyeAll() {
  {
    absl::MutexLock lock(&mutex_);
    leaving_ = true;
  }
  for (const auto& session : All()) session->SayShuttingDown();
}

bool Sessions::leaving() const {
  absl::MutexLock lock(&mutex_);
  return leaving_;
}

std::vector<std::shared_ptr<Session>> Sessions::All() const {
  absl::MutexLock lock(&mutex_);
  return {all_.begin(), all_.end()};
}

}  // namespace guestpass::messaging
