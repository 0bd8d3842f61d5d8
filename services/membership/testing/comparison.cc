// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/comparison.h"

#include <iterator>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/membership/testing/model.h"
#include "services/membership/testing/world.h"

namespace guestpass::membership::model {
namespace {

constexpr const char* kActions[] = {"READ", "POST", "REPLY", "EDIT_OWN", "DELETE_OWN", "DELETE_ANY", "REACT"};
constexpr rights::Action kAllActions[] = {
    rights::Action::kRead,      rights::Action::kPost,      rights::Action::kReply, rights::Action::kEditOwn,
    rights::Action::kDeleteOwn, rights::Action::kDeleteAny, rights::Action::kReact};

// What was asked, and the answer.
using Answers = std::vector<std::pair<std::string, std::string>>;

Answers DecisionsOf(const Model& model) {
  Answers answers;
  for (int channel = 0; channel < static_cast<int>(model.channels.size()); ++channel) {
    for (Person person = 0; person < kPersons; ++person) {
      for (size_t i = 0; i < std::size(kAllActions); ++i) {
        answers.emplace_back(
            absl::StrCat("CheckAccess ", NameOf(person), " ", kActions[i], " in channel ", channel),
            model.Decide(person, channel, kAllActions[i]));
      }
    }
  }
  return answers;
}

Answers DecisionsOf(World& world) {
  Answers answers;
  for (std::string& decision : world.Decisions()) answers.emplace_back("", std::move(decision));
  return answers;
}

std::string MembersByName(const Model& model, Person viewer, int workspace) {
  return model.Members(viewer, workspace);
}
std::string MembersByName(World& world, Person viewer, int workspace) {
  return world.MembersByName(viewer, workspace);
}

// All that can be asked, in the same order of both.
template <typename Asked>
Answers AnswersOf(Asked& asked, int workspaces) {
  Answers answers = DecisionsOf(asked);
  for (Person viewer = 0; viewer < kViewers; ++viewer) {
    const std::string who = absl::StrCat(" by ", NameOf(viewer));
    answers.emplace_back("ListWorkspaces" + who, asked.Workspaces(viewer));
    for (int i = 0; i < workspaces; ++i) {
      const std::string where = absl::StrCat(who, " in workspace ", i);
      answers.emplace_back("ListMembers" + where, asked.Members(viewer, i));
      answers.emplace_back("BatchGetMembers" + where, MembersByName(asked, viewer, i));
      answers.emplace_back("ListChannels" + where, asked.Channels(viewer, i));
    }
  }
  return answers;
}

std::string Differ(const std::string& what, const std::string& model, const std::string& real) {
  return model == real ? "" : absl::StrCat(what, "\n by the model: ", model, "\n in fact: ", real, "\n");
}

class Comparison {
 public:
  // Does one operation on both, and says how the outcomes differ.
  std::string Do(const Operation& op) {
    const std::string expected = Apply(op, model_);
    return expected == "skipped" ? "" : Differ("the outcome", expected, world_.Run(op));
  }

  // How everything else differs. The answers follow from what is stored: where neither that nor the model's
  // have changed since they were found to agree, there is nothing to ask.
  std::string Look() {
    const std::string stored = world_.Stored();
    const int workspaces = static_cast<int>(model_.workspaces.size());
    Answers expected = AnswersOf(std::as_const(model_), workspaces);
    if (stored == stored_ && expected == agreed_) return "";
    const Answers real = AnswersOf(world_, workspaces);
    std::string found = Differ("the log", "", world_.FollowLog());
    if (real.size() != expected.size()) return absl::StrCat(found, "CheckAccess: ", real[0].second);
    for (size_t i = 0; i < expected.size(); ++i) {
      found += Differ(expected[i].first, expected[i].second, real[i].second);
    }
    stored_ = stored;
    agreed_ = std::move(expected);
    return found;
  }

 private:
  Model model_;
  World world_;
  std::string stored_;
  Answers agreed_;
};

}  // namespace

std::string Differences(const std::vector<Operation>& sequence, Look look) {
  Comparison comparison;
  for (size_t i = 0; i < sequence.size(); ++i) {
    std::string found = comparison.Do(sequence[i]);
    const bool looks = look == Look::kAfterEach || i + 1 == sequence.size();
    if (found.empty() && looks) found = comparison.Look();
    if (found.empty()) continue;
    std::ostringstream last;
    last << "after " << i + 1 << " operations, the last one" << sequence[i] << "\n" << found;
    return last.str();
  }
  return "";
}

}  // namespace guestpass::membership::model
