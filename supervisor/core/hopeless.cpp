// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/hopeless.hpp"

#include "common/os/exit_codes.hpp"
#include "supervisor/core/shutdown.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::core {

namespace {

DeadlineKey key_of(const Program& program) {
  return {DeadlineKind::Hopeless, {{program.id, 0}, 0}};
}

bool exits_when_hopeless(const Machine& m) {
  return m.supervisor.on_hopeless == "exit" || (m.supervisor.on_hopeless == "auto" && m.is_pid1);
}

bool broken(const Slot& slot) {
  return slot.state == SlotState::Failed || slot.memory.crash_loop;
}

// A service without a ready slot, or a oneshot that keeps failing (one that merely takes long is
// not hopeless: giving up would kill it in the middle of a migration).
bool is_hopeless(const Machine& m, const Program& program) {
  if (m.shutdown || !program.config.required || program.removing || !program.released) return false;
  if (program.totals.wanted == 0 || m.supervisor.hopeless_after <= Duration::zero()) return false;
  if (program.config.type == config::ProgramType::Service) return program.totals.serving == 0;
  if (program.totals.done >= program.wanted) return false;
  return std::any_of(program.slots.begin(), program.slots.end(),
                     [](const auto& entry) { return broken(entry.second); });
}

bool oneshot_runs(const Program& program) {
  return program.config.type == config::ProgramType::Oneshot && program.totals.processes > 0;
}

void report_hopeless(Machine& m, Program& program) {
  program.hopeless_due = false;
  const bool exits = exits_when_hopeless(m);
  const bool oneshot = program.config.type == config::ProgramType::Oneshot;
  const std::string text = fmt::format(
      "{} has {} for {}{}", program.config.name, oneshot ? "not succeeded" : "had no ready slot",
      format_rounded(m.now - *program.hopeless_since),
      exits ? fmt::format(": shutting down with exit code {}", exit_code::kSoftware) : "");
  m.report(EventKind::Hopeless, program, text);
  if (exits) begin_shutdown(m, text, exit_code::kSoftware);
}

}  // namespace

void update_hopeless(Machine& m, Program& program) {
  const bool hopeless = is_hopeless(m, program);
  if (hopeless && program.hopeless_due && !oneshot_runs(program)) {
    report_hopeless(m, program);
    return;
  }
  if (hopeless == program.hopeless_since.has_value()) return;
  program.hopeless_due = false;
  if (hopeless) {
    program.hopeless_since = m.now;
    m.deadlines.set(key_of(program), m.now + m.supervisor.hopeless_after);
  } else {
    program.hopeless_since.reset();
    m.deadlines.cancel(key_of(program));
  }
}

// Of a oneshot, the attempt under way may still succeed: update_hopeless() waits for it.
void on_hopeless_deadline(Machine& m, const DeadlineKey& key) {
  Program* program = m.find(key.owner.slot.program);
  if (program == nullptr || !program->hopeless_since) return;
  program->hopeless_due = true;
  m.touch(*program);
}

void refresh_hopeless_deadlines(Machine& m) {
  for (auto& [id, program] : m.programs) {
    if (program.hopeless_since && m.deadlines.at(key_of(program))) {
      m.deadlines.set(key_of(program), *program.hopeless_since + m.supervisor.hopeless_after);
    }
    m.touch(program);
  }
}

}  // namespace holdfast::supervisor::core
