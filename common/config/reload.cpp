// SPDX-License-Identifier: Apache-2.0
#include "common/config/reload.hpp"

#include "common/config/schema.hpp"

#include <fmt/ranges.h>

#include <functional>
#include <string_view>

namespace holdfast::config {

namespace {

std::string text_of(const Field& field) {
  const auto value = field.write();
  return value ? to_toml(*value) : std::string();
}

// Both lists come from the same fields_of(), so they have the same keys in the same order.
ChangedKeys compare(const Fields& before, const Fields& after) {
  ChangedKeys changed;
  for (std::size_t i = 0; i < after.size(); ++i) {
    std::string old_text = text_of(before[i]);
    std::string new_text = text_of(after[i]);
    if (old_text == new_text) continue;
    changed.push_back({after[i].key, after[i].on_reload, std::move(old_text), std::move(new_text)});
  }
  return changed;
}

std::size_t digest_of_roll_keys(const Fields& fields) {
  std::string text;
  for (const Field& field : fields) {
    if (has(field.on_reload, ReloadEffect::Roll)) text += field.key + '=' + text_of(field) + '\n';
  }
  return std::hash<std::string>{}(text);
}

bool reads(std::string_view executable, Readers readers) {
  if (executable == "holdfast-queue-worker") return readers == Readers::BothWorkers;
  return executable == "holdfast-api-worker" && readers != Readers::None;
}

}  // namespace

ChangedKeys changed_keys(const Program& before, const Program& after) {
  if (before == after) return {};
  Program was = before;  // fields bind to members that can be written
  Program is = after;
  ChangedKeys changed = compare(fields_of(was), fields_of(is));
  // Without the values, which may be secret.
  if (before.env_file == after.env_file && before.env_file_values != after.env_file_values) {
    changed.push_back({"contents of env_file", ReloadEffect::Roll, {}, {}});
  }
  // A section that only one of the two uses follows from a changed `sockets` or `command`.
  for (const auto& [section, digest] : before.uses) {
    const auto now = after.uses.find(section);
    if (now == after.uses.end() || now->second == digest) continue;
    changed.push_back({'[' + section + ']', ReloadEffect::Roll, {}, {}});
  }
  return changed;
}

ChangedKeys changed_keys(const Supervisor& before, const Supervisor& after) {
  Supervisor was = before;
  Supervisor is = after;
  return compare(fields_of(was), fields_of(is));
}

bool any_has(const ChangedKeys& keys, ReloadEffect effect) {
  for (const ChangedKey& changed : keys) {
    if (has(changed.effects, effect)) return true;
  }
  return false;
}

std::string describe_keys(const ChangedKeys& keys) {
  std::vector<std::string> parts;
  for (const ReloadEffect effect :
       {ReloadEffect::Roll, ReloadEffect::Live, ReloadEffect::Scale, ReloadEffect::NextStart}) {
    for (const auto& [key, effects, before, after] : keys) {
      if (!has(effects, effect)) continue;
      if (effect == ReloadEffect::Scale) {
        parts.push_back(fmt::format("{} {} -> {}", key, before, after));
      } else {
        parts.push_back(effect == ReloadEffect::NextStart ? key + " (at the next start)" : key);
      }
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string describe(const ChangedKeys& keys) {
  return describe_keys(keys) + (any_has(keys, ReloadEffect::Roll) ? " (rolling restart)" : "");
}

std::vector<std::string> keys_with(const ChangedKeys& keys, ReloadEffect effect) {
  std::vector<std::string> names;
  for (const ChangedKey& changed : keys) {
    if (has(changed.effects, effect)) names.push_back(changed.key);
  }
  return names;
}

std::vector<std::string> keys_for_next_start(const Config& before, const Config& after) {
  Config was = before;
  Config is = after;
  const std::vector<Section> old_sections = single_sections(was);
  const std::vector<Section> new_sections = single_sections(is);
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < new_sections.size(); ++i) {
    const std::string& section = new_sections[i].name;
    if (section == "supervisor") continue;  // part of what the reload replies about [supervisor]
    for (const ChangedKey& changed : compare(old_sections[i].fields, new_sections[i].fields)) {
      if (has(changed.effects, ReloadEffect::NextStart))
        keys.push_back(section + "." + changed.key);
    }
  }
  return keys;
}

std::size_t digest_of(const Listen& listen) {
  Listen copy = listen;  // fields bind to members that can be written
  return digest_of_roll_keys(fields_of(copy));
}

std::optional<std::size_t> used_listener(const Program& program, const std::string& listener) {
  const auto found = program.uses.find("listen." + listener);
  if (found == program.uses.end()) return std::nullopt;
  return found->second;
}

void note_uses(Config& config) {
  for (Program& program : config.programs) {
    program.uses.clear();
    for (const std::string& name : program.sockets) {
      const auto listen = config.listen.find(name);
      if (listen == config.listen.end()) continue;
      program.uses["listen." + name] = digest_of(listen->second);
    }
    // A oneshot has already run.
    if (program.type == ProgramType::Oneshot || program.command.empty()) continue;
    const std::string executable = std::filesystem::path(program.command.front()).filename();
    for (const Section& section : single_sections(config)) {
      if (!reads(executable, section.readers)) continue;
      program.uses.emplace(section.name, digest_of_roll_keys(section.fields));
    }
  }
}

}  // namespace holdfast::config
