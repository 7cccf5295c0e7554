// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/reload.hpp"

#include "common/config/reload.hpp"
#include "supervisor/core/hopeless.hpp"
#include "supervisor/core/process_start.hpp"
#include "supervisor/core/programs.hpp"
#include "supervisor/core/rolling.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace holdfast::supervisor::core {

namespace {

using Lines = std::vector<std::string>;

// A service and a oneshot follow different rules, and a process is only ever judged by those of the
// type that it was started as: a changed type is a new program of the same name.
void drop_missing(Machine& m, const Reload& reload, Lines& lines) {
  std::map<std::string_view, config::ProgramType> types;
  for (const config::Program& program : reload.programs)
    types[program.name] = program.type;
  for (const std::uint32_t id : m.order) {
    Program& program = m.programs.at(id);
    const std::string& name = program.config.name;
    const auto wanted = types.find(name);
    if (wanted != types.end() && wanted->second == program.config.type) continue;
    lines.push_back(wanted == types.end() ? "- " + name : fmt::format("~ {}: type", name));
    m.report(EventKind::ProgramRemoved, program, name + " is no longer configured: stopping it");
    remove_program(m, program);
  }
}

void apply_thresholds(Machine& m, Program& program) {
  for (auto& [number, slot] : program.slots) {
    for (auto* process : {&slot.current, &slot.retiring}) {
      if (*process && (*process)->reason == StopReason::None) {
        refresh_timers(m, program, slot, **process);
      }
    }
    m.touch(slot);
  }
}

void change(Machine& m, Program& program, const config::Program& wanted, Lines& lines) {
  const config::ChangedKeys changed = config::changed_keys(program.config, wanted);
  if (changed.empty()) return;
  const config::Program before = program.config;
  program.set_config(wanted);
  const std::string line = fmt::format("~ {}: {}", wanted.name, config::describe(changed));
  lines.push_back(line);
  m.report(EventKind::ProgramChanged, program, line);
  apply_thresholds(m, program);
  if (config::any_has(changed, config::ReloadEffect::Scale)) scale(m, program, wanted.replicas);
  if (config::any_has(changed, config::ReloadEffect::Roll)) {
    start_reload_roll(m, program, before);
  }
  m.touch(program);
}

}  // namespace

void on_reload(Machine& m, const Reload& reload) {
  if (m.shutdown) {
    m.reply(reload.request, false, "refused: shutting down");
    return;
  }
  Lines lines;
  const config::ChangedKeys settings = config::changed_keys(m.supervisor, reload.supervisor);
  if (!settings.empty()) lines.push_back("~ supervisor: " + config::describe(settings));
  m.supervisor = reload.supervisor;
  drop_missing(m, reload, lines);
  m.order.clear();
  for (const config::Program& wanted : reload.programs) {
    const auto known = m.by_name.find(wanted.name);
    if (known != m.by_name.end()) {
      m.order.push_back(known->second);
      change(m, m.programs.at(known->second), wanted, lines);
      continue;
    }
    Program& added = add_program(m, wanted);
    m.order.push_back(added.id);
    lines.push_back("+ " + wanted.name);
    m.report(EventKind::ProgramAdded, added, wanted.name + " was added");
  }
  link_programs(m);
  refresh_hopeless_deadlines(m);
  m.reply(reload.request, true,
          lines.empty() ? "nothing changed" : fmt::format("{}", fmt::join(lines, "\n")));
}

}  // namespace holdfast::supervisor::core
