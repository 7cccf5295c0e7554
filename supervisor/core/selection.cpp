// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/selection.hpp"

#include "common/config/names.hpp"
#include "common/config/suggest.hpp"
#include "common/text/glob.hpp"
#include "common/text/number.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

namespace holdfast::supervisor::core {

namespace {

using Nameables = std::vector<Nameable>;

constexpr std::string_view kGroupPrefix = "group:";

std::string names_of(const Nameables& fleet) {
  constexpr std::size_t kShown = 20;
  std::string text;
  for (std::size_t i = 0; i < std::min(fleet.size(), kShown); ++i)
    text += fmt::format("{}{}", i == 0 ? "" : ", ", fleet[i].name);
  if (fleet.size() > kShown) text += fmt::format(" and {} more", fleet.size() - kShown);
  return text.empty() ? "none" : text;
}

std::string has_no_workers(std::string_view name) {
  return fmt::format("{} has no workers: it has 0 replicas, and 'holdfast scale {} 1' starts one",
                     name, name);
}

std::string slots_of(const Nameable& program) {
  if (program.slots.empty()) return has_no_workers(program.name);
  if (program.slots.size() == 1)
    return fmt::format("the only slot is {}.{}", program.name, program.slots.front());
  return fmt::format("the slots are {}.{} to {}.{}", program.name, program.slots.front(),
                     program.name, program.slots.back());
}

class Selector {
 public:
  explicit Selector(const Nameables& fleet) : fleet_(fleet) {}

  // Returns why the name stands for nothing; empty if it stands for something.
  std::string add(const std::string& name) {
    if (name == config::kEveryProgram) return add_all();
    if (name.starts_with(kGroupPrefix)) return add_group(name.substr(kGroupPrefix.size()));
    if (text::is_glob(name)) return add_glob(name);
    return add_one(name);
  }

  std::vector<Chosen> chosen() && {
    std::vector<Chosen> result;
    for (auto& [program, one] : chosen_)
      result.push_back(std::move(one));
    return result;
  }

 private:
  Chosen& take(std::size_t program) {
    Chosen& one = chosen_[program];
    one.program = program;
    one.whole = true;
    one.slots = fleet_[program].slots;
    return one;
  }

  Chosen& take(std::size_t program, std::uint32_t slot) {
    Chosen& one = chosen_[program];
    one.program = program;
    const auto at = std::lower_bound(one.slots.begin(), one.slots.end(), slot);
    if (at == one.slots.end() || *at != slot) one.slots.insert(at, slot);
    return one;
  }

  std::string add_all() {
    for (std::size_t i = 0; i < fleet_.size(); ++i)
      take(i);
    return fleet_.empty() ? "there are no programs" : "";
  }

  std::string add_group(const std::string& wanted) {
    std::set<std::string> known;
    bool found = false;
    for (std::size_t i = 0; i < fleet_.size(); ++i) {
      for (const std::string& group : *fleet_[i].groups) {
        known.insert(group);
        if (!text::glob_match(wanted, group)) continue;
        take(i);
        found = true;
      }
    }
    if (found) return {};
    if (known.empty())
      return fmt::format("no program is in a group '{}'; no groups are configured", wanted);
    const std::vector<std::string> groups(known.begin(), known.end());
    return fmt::format("no program is in a group '{}'{}; known groups: {}", wanted,
                       config::did_you_mean(wanted, groups), fmt::join(groups, ", "));
  }

  std::string add_glob(const std::string& pattern) {
    bool found = false;
    for (std::size_t i = 0; i < fleet_.size(); ++i) {
      if (!text::glob_match(pattern, fleet_[i].name)) continue;
      take(i);
      found = true;
    }
    if (found) return {};
    for (std::size_t i = 0; i < fleet_.size(); ++i) {
      for (const std::uint32_t slot : fleet_[i].slots) {
        if (!text::glob_match(pattern, fmt::format("{}.{}", fleet_[i].name, slot))) continue;
        take(i, slot);
        found = true;
      }
    }
    return found ? std::string()
                 : fmt::format("no program or worker matches '{}'; known programs: {}", pattern,
                               names_of(fleet_));
  }

  // A program's name may contain dots, so the whole text is tried first.
  std::string add_one(const std::string& name) {
    const auto whole = find(name);
    if (whole < fleet_.size()) {
      take(whole).named = true;
      return {};
    }
    const std::size_t dot = name.rfind('.');
    const auto program = dot == std::string::npos ? fleet_.size() : find(name.substr(0, dot));
    if (program == fleet_.size()) return unknown(name);
    const auto number = text::parse_number<std::uint32_t>(std::string_view(name).substr(dot + 1));
    const auto& slots = fleet_[program].slots;
    if (!number || !std::binary_search(slots.begin(), slots.end(), *number))
      return fmt::format("no slot '{}'; {}", name, slots_of(fleet_[program]));
    take(program, *number).named = true;
    return {};
  }

  std::size_t find(std::string_view name) const {
    const auto at = std::find_if(fleet_.begin(), fleet_.end(),
                                 [&](const Nameable& program) { return program.name == name; });
    return static_cast<std::size_t>(at - fleet_.begin());
  }

  std::string unknown(const std::string& name) const {
    std::vector<std::string> known;
    for (const Nameable& program : fleet_)
      known.emplace_back(program.name);
    return fmt::format("no program '{}'{}; known programs: {}", name,
                       config::did_you_mean(name, known), names_of(fleet_));
  }

  const Nameables& fleet_;
  std::map<std::size_t, Chosen> chosen_;
};

}  // namespace

Selection select(const std::vector<std::string>& names, const std::vector<Nameable>& fleet) {
  Selection selection;
  Selector selector(fleet);
  for (const std::string& name : names) {
    const std::string why = selector.add(name);
    if (why.empty()) continue;
    selection.error += (selection.error.empty() ? "" : "\n") + why;
  }
  if (names.empty()) selection.error = "no program is named";
  if (selection.error.empty()) selection.chosen = std::move(selector).chosen();
  return selection;
}

}  // namespace holdfast::supervisor::core
