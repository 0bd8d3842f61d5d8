// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/short_plan.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace guestpass::membership {
namespace {

constexpr size_t kMaxLine = 110;
constexpr absl::string_view kArrow = "->  ", kCost = "  (cost=", kActual = "(actual ";

// A line of the plan that has others below it, its costs off: a node, or "InitPlan 1 (returns $0)".
struct Node {
  std::string text;
  std::vector<std::string> details;
  std::vector<Node> below;
};

struct Line {
  size_t indent;
  std::string text;
  bool is_node;
};

// The name of a node is before its second of two spaces.
std::string NameOf(const Node& node) { return node.text.substr(0, node.text.find("  ")); }

bool IsLabel(absl::string_view text) {
  return absl::StartsWith(text, "InitPlan ") || absl::StartsWith(text, "SubPlan ") ||
         absl::StartsWith(text, "CTE ");
}

bool IsShown(absl::string_view detail) {
  const absl::string_view name = detail.substr(0, detail.find(':'));
  return absl::EndsWith(name, "Cond") || absl::EndsWith(name, "Filter");
}

std::string WithoutCosts(absl::string_view text) {
  const size_t cost = text.find(kCost);
  if (cost == absl::string_view::npos) return std::string(text);
  absl::string_view rest = text.substr(text.find(')', cost) + 2);
  const absl::string_view open = absl::ConsumePrefix(&rest, kActual) ? "(" : "";
  return absl::StrCat(text.substr(0, cost), "  ", open, rest);
}

std::vector<Line> LinesOf(absl::string_view plan) {
  std::vector<Line> lines;
  for (absl::string_view text : absl::StrSplit(plan, '\n', absl::SkipEmpty())) {
    const size_t indent = text.find_first_not_of(' ');
    text.remove_prefix(indent);
    const bool is_node = absl::ConsumePrefix(&text, kArrow) || IsLabel(text) || lines.empty();
    lines.push_back({indent, WithoutCosts(text), is_node});
  }
  return lines;
}

// The node of line `at`, which then is the next line that is not below it.
Node Take(const std::vector<Line>& lines, size_t& at) {
  const size_t indent = lines[at].indent;
  Node node{.text = lines[at++].text};
  while (at < lines.size() && lines[at].indent > indent) {
    if (lines[at].is_node) {
      node.below.push_back(Take(lines, at));
    } else {
      if (IsShown(lines[at].text)) node.details.push_back(lines[at].text);
      ++at;
    }
  }
  return node;
}

// Whether nothing was run of it, or nothing but an expression.
bool IsIdle(const Node& node) {
  if (absl::EndsWith(node.text, "(never executed)")) return true;
  if (!IsLabel(node.text) || node.below.size() != 1) return false;
  return IsIdle(node.below[0]) || (NameOf(node.below[0]) == "Result" && node.below[0].below.empty());
}

Node Shortened(Node node) {
  std::vector<Node> below;
  for (Node& child : node.below) {
    if (IsIdle(child)) continue;
    Node shortened = Shortened(std::move(child));
    const bool feeds = below.empty() && absl::StartsWith(node.text, "Nested Loop") &&
                       NameOf(shortened) == NameOf(node) && shortened.details.empty();
    if (feeds) {
      below = std::move(shortened.below);
    } else {
      below.push_back(std::move(shortened));
    }
  }
  node.below = std::move(below);
  const bool limits = NameOf(node) == "Limit", wraps = absl::StartsWith(node.text, "Subquery Scan ");
  if (!(limits || wraps) || !node.details.empty() || node.below.size() != 1) return node;
  Node only = std::move(node.below[0]);
  if (limits) only.text = absl::StrCat("Limit of ", only.text);
  return only;
}

std::string Cut(std::string line) {
  return line.size() <= kMaxLine ? line : absl::StrCat(line.substr(0, kMaxLine - 1), "…");
}

void Append(std::string& lines, size_t indent, const Node& node) {
  absl::StrAppend(&lines, std::string(indent, ' '), node.text, "\n");
  for (const std::string& detail : node.details) {
    absl::StrAppend(&lines, Cut(absl::StrCat(std::string(indent + 4, ' '), detail)), "\n");
  }
  for (const Node& child : node.below) Append(lines, indent + 2, child);
}

}  // namespace

std::string ShortPlan(absl::string_view plan) {
  std::string shortened;
  const std::vector<Line> lines = LinesOf(plan);
  for (size_t at = 0; at < lines.size();) Append(shortened, 0, Shortened(Take(lines, at)));
  return shortened;
}

}  // namespace guestpass::membership
