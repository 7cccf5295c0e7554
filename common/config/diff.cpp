// SPDX-License-Identifier: Apache-2.0
#include "common/config/diff.hpp"

#include "common/config/mask.hpp"
#include "common/config/reload.hpp"
#include "common/config/schema.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace holdfast::config {

namespace {

using Kind = SectionDifference::Kind;

class Comparison {
 public:
  Comparison(const Config& before, const Config& after) : before_(before), after_(after) {
    secrets_ = before.secrets;
    secrets_.insert(after.secrets.begin(), after.secrets.end());
  }

  std::vector<SectionDifference> run();

 private:
  void compare_listeners();
  void compare_receivers();
  void compare_programs();
  void compare_alert_rules();
  void compare_keys(const std::string& section, const Fields& before, const Fields& after);
  void append(std::vector<KeyDifference>& keys, const std::string& key, ReloadEffect effects,
              std::optional<Value> before, std::optional<Value> after) const;
  std::string shown(const std::string& key, std::optional<Value> value) const;
  void add(const std::string& section, Kind kind, std::vector<KeyDifference> keys = {}) {
    result_.push_back({section, kind, std::move(keys)});
  }

  Config before_;  // fields bind to members that can be written
  Config after_;
  std::set<std::string> secrets_;
  std::vector<SectionDifference> result_;
};

std::string text_of(const std::optional<Value>& value) {
  return value ? to_toml(*value) : std::string();
}

// A member by its key; nothing if there is none.
std::optional<Value> member_of(const Table& table, const std::string& key) {
  for (const Member& member : table) {
    if (member.key == key) return member.value;
  }
  return {};
}

std::string Comparison::shown(const std::string& key, std::optional<Value> value) const {
  if (!value) return {};
  Value wrapped{Table{{key, {}, std::move(*value)}}};  // the key's name may tell a secret
  mask(wrapped, secrets_);
  return to_toml(std::get<Table>(wrapped.data).front().value);
}

// Of a table, those members that differ.
void Comparison::append(std::vector<KeyDifference>& keys, const std::string& key,
                        ReloadEffect effects, std::optional<Value> before,
                        std::optional<Value> after) const {
  if (text_of(before) == text_of(after)) return;
  const auto* was = before ? std::get_if<Table>(&before->data) : nullptr;
  const auto* is = after ? std::get_if<Table>(&after->data) : nullptr;
  if (was == nullptr || is == nullptr) {
    const std::string name = key.substr(key.rfind('.') + 1);
    keys.push_back({key, effects, shown(name, std::move(before)), shown(name, std::move(after))});
    return;
  }
  for (const Member& member : *was)
    append(keys, key + '.' + member.key, effects, member.value, member_of(*is, member.key));
  for (const Member& member : *is) {
    if (member_of(*was, member.key)) continue;
    append(keys, key + '.' + member.key, effects, {}, member.value);
  }
}

// Both lists come from the same fields_of(), so they have the same keys in the same order.
void Comparison::compare_keys(const std::string& section, const Fields& before,
                              const Fields& after) {
  std::vector<KeyDifference> keys;
  for (std::size_t i = 0; i < after.size(); ++i)
    append(keys, after[i].key, after[i].on_reload, before[i].write(), after[i].write());
  if (!keys.empty()) add(section, Kind::Changed, std::move(keys));
}

void Comparison::compare_listeners() {
  for (auto& [name, listen] : after_.listen) {
    const auto was = before_.listen.find(name);
    if (was == before_.listen.end()) {
      add("listen." + name, Kind::Added);
    } else {
      compare_keys("listen." + name, fields_of(was->second), fields_of(listen));
    }
  }
  for (const auto& [name, listen] : before_.listen) {
    if (!after_.listen.contains(name)) add("listen." + name, Kind::Removed);
  }
}

// A rule that is not in the file has every key unset.
void Comparison::compare_alert_rules() {
  std::set<std::string> names;
  for (const Config* config : {&before_, &after_}) {
    for (const auto& [name, rule] : config->alert_rules)
      names.insert(name);
  }
  for (const std::string& name : names) {
    compare_keys("alert_rule." + name, fields_of(before_.alert_rules[name]),
                 fields_of(after_.alert_rules[name]));
  }
}

void Comparison::compare_receivers() {
  for (auto& [name, receiver] : after_.alert_receivers) {
    const auto was = before_.alert_receivers.find(name);
    if (was == before_.alert_receivers.end()) {
      add("alert_receiver." + name, Kind::Added);
    } else {
      compare_keys("alert_receiver." + name, fields_of(was->second), fields_of(receiver));
    }
  }
  for (const auto& [name, receiver] : before_.alert_receivers) {
    if (!after_.alert_receivers.contains(name)) add("alert_receiver." + name, Kind::Removed);
  }
}

void Comparison::compare_programs() {
  const auto named = [](std::vector<Program>& programs, const std::string& name) {
    return std::find_if(programs.begin(), programs.end(),
                        [&](const Program& program) { return program.name == name; });
  };
  for (Program& program : after_.programs) {
    const auto was = named(before_.programs, program.name);
    if (was == before_.programs.end()) {
      add("program." + program.name, Kind::Added);
      continue;
    }
    std::vector<KeyDifference> keys;
    const Fields before = fields_of(*was);
    const Fields after = fields_of(program);
    for (std::size_t i = 0; i < after.size(); ++i)
      append(keys, after[i].key, after[i].on_reload, before[i].write(), after[i].write());
    // What is no key of its own: its env_file's contents, and the sections that it reads.
    for (const ChangedKey& changed : changed_keys(*was, program)) {
      const bool is_key = std::any_of(after.begin(), after.end(),
                                      [&](const Field& field) { return field.key == changed.key; });
      if (!is_key) keys.push_back({changed.key, changed.effects, {}, {}});
    }
    if (!keys.empty()) add("program." + program.name, Kind::Changed, std::move(keys));
  }
  for (const Program& program : before_.programs) {
    if (named(after_.programs, program.name) == after_.programs.end()) {
      add("program." + program.name, Kind::Removed);
    }
  }
}

std::vector<SectionDifference> Comparison::run() {
  compare_keys("", root_fields(before_), root_fields(after_));
  const std::vector<Section> was = single_sections(before_);
  const std::vector<Section> is = single_sections(after_);
  for (std::size_t i = 0; i < is.size(); ++i)
    compare_keys(is[i].name, was[i].fields, is[i].fields);
  compare_listeners();
  compare_receivers();
  compare_programs();
  compare_alert_rules();
  return std::move(result_);
}

}  // namespace

std::vector<SectionDifference> compare(const Config& before, const Config& after) {
  return Comparison(before, after).run();
}

std::vector<std::string> live_changes(const Config& before, const Config& after) {
  std::vector<std::string> lines;
  for (const SectionDifference& difference : compare(before, after)) {
    if (difference.section == "supervisor" || difference.section.starts_with("program.")) continue;
    if (difference.kind != SectionDifference::Kind::Changed) {
      const bool added = difference.kind == SectionDifference::Kind::Added;
      lines.push_back((added ? "+ " : "- ") + difference.section);
      continue;
    }
    std::vector<std::string> keys;
    for (const KeyDifference& key : difference.keys) {
      if (has(key.effects, ReloadEffect::Live)) keys.push_back(key.key);
    }
    if (keys.empty()) continue;
    const std::string name = difference.section.empty() ? "" : difference.section + ": ";
    lines.push_back("~ " + name + fmt::format("{}", fmt::join(keys, ", ")));
  }
  return lines;
}

}  // namespace holdfast::config
