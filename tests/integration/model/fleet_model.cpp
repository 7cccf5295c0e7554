// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/model/fleet_model.hpp"

#include "tests/support/programs.hpp"

#include <algorithm>

namespace holdfast::test {

namespace {

struct Target {
  std::string program;
  int slot = -1;  // all of them
};

Target parse(const std::string& text) {
  const auto dot = text.rfind('.');
  if (dot == std::string::npos) return {text, -1};
  return {text.substr(0, dot), std::stoi(text.substr(dot + 1))};
}

void resize(ModelProgram& program, std::uint32_t count) {
  program.wanted = count;
  std::erase_if(program.slots, [&](const auto& slot) { return slot.first >= count; });
  for (std::uint32_t number = 0; number < count; ++number)
    program.slots.emplace(number, program.runs);
}

// All that a program can be here. None of them beats a watchdog.
std::string toml_of(const std::string& name, const ModelProgram& program) {
  const std::map<std::string, std::vector<std::string>> kinds{
      {"obedient", {"--ready"}},
      {"late", {"--ready-after", "30"}},
      {"stubborn", {"--ignore-term", "--ready"}},
      {"parent", {"--fork-sleeper", "--ready"}},
  };
  const std::string common =
      "replicas = " + std::to_string(program.replicas) +
      "\nmin_ready = 0\nbackoff_base = \"5ms\"\n" +
      "backoff_cap = \"20ms\"\ncrash_loop_exits = 1000\nstop_timeout = \"150ms\"\n" +
      "ready_timeout = \"" + std::to_string(60 + program.threshold) + "s\"\n" +
      "environment = { VERSION = \"" + std::to_string(program.version) + "\" }\n";
  if (program.kind == "plain") {
    return "[program." + name + "]\n" + command_of({"sleep", "1000"}) + "ready = \"started\"\n" +
           common + "\n";
  }
  return misbehaving(name, kinds.at(program.kind), common);
}

}  // namespace

bool FleetModel::knows(const std::string& text) const {
  const Target target = parse(text);
  const auto found = programs_.find(target.program);
  if (found == programs_.end()) return false;
  return target.slot < 0 || found->second.slots.contains(static_cast<std::uint32_t>(target.slot));
}

void FleetModel::set_runs(const std::string& text, bool runs) {
  const Target target = parse(text);
  ModelProgram& program = programs_.at(target.program);
  if (target.slot >= 0) {
    program.slots.at(static_cast<std::uint32_t>(target.slot)) = runs;
    return;
  }
  program.runs = runs;
  for (auto& [number, slot] : program.slots)
    slot = runs;
}

void FleetModel::scale(const std::string& name, std::uint32_t count) {
  resize(programs_.at(name), count);
}

std::string FleetModel::file_text() const {
  std::string text;
  for (const auto& [name, program] : file_)
    text += toml_of(name, program);
  return text;
}

void FleetModel::reload() {
  std::map<std::string, ModelProgram> next;
  for (const auto& [name, wanted] : file_) {
    const auto known = programs_.find(name);
    if (known == programs_.end()) {
      ModelProgram added = wanted;
      added.slots.clear();
      added.runs = true;
      resize(added, added.replicas);
      next.emplace(name, std::move(added));
      continue;
    }
    ModelProgram program = known->second;
    // What was scaled stays scaled, unless the file's own number changes.
    if (program.replicas != wanted.replicas) resize(program, wanted.replicas);
    program.kind = wanted.kind;
    program.version = wanted.version;
    program.replicas = wanted.replicas;
    program.threshold = wanted.threshold;
    next.emplace(name, std::move(program));
  }
  programs_ = std::move(next);
}

}  // namespace holdfast::test
