// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/process_health.hpp"

#include "supervisor/core/process_stop.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::core {

namespace {

bool is_checked(const Program& program, const Process& process) {
  return process.phase == Phase::Ready && program.config.health.asks();
}

// The status shows what the last check of the slot's process has found, until one goes well.
void show_finding(Machine& m, Slot& slot, const Process& process, std::string finding) {
  if (!slot.current || &*slot.current != &process || slot.last_error == finding) return;
  slot.not_ready_error = !finding.empty();
  slot.last_error = std::move(finding);
  m.touch(slot);
}

void forget_misses(Machine& m, Slot& slot, Process& process) {
  if (process.health_misses == 0) return;
  process.health_misses = 0;
  process.unhealthy_because.clear();
  show_finding(m, slot, process, {});
}

void on_miss(Machine& m, Program& program, Slot& slot, Process& process,
             const std::string& reason) {
  const std::uint32_t limit = std::max<std::uint32_t>(1, program.config.health_failures);
  ++process.health_misses;
  process.unhealthy_because = reason;
  if (process.health_misses >= limit) {
    terminate(m, program, slot, process, StopReason::Unhealthy);
    return;
  }
  show_finding(
      m, slot, process,
      fmt::format("health check failed, {} of {}: {}", process.health_misses, limit, reason));
}

}  // namespace

void refresh_health(Machine& m, const Program& program, Slot& slot, Process& process) {
  const DeadlineKey key{DeadlineKind::Health, process_id(slot, process)};
  if (!is_checked(program, process)) {
    m.deadlines.cancel(key);
    if (process.phase == Phase::Ready) forget_misses(m, slot, process);
    return;
  }
  if (process.checking) return;  // the next one is due after its answer
  const MonoTime next = m.now + program.config.health_interval;
  const auto before = m.deadlines.at(key);
  m.deadlines.set(key, before ? std::min(*before, next) : next);
}

void on_health_due(Machine& m, const Program& program, const Slot& slot, Process& process) {
  if (!is_checked(program, process) || process.checking) return;
  process.checking = true;
  m.act(CheckHealth{process_id(slot, process), program.shown});
}

void on_health_checked(Machine& m, const HealthChecked& event) {
  const FoundProcess found = m.find(event.process);
  if (!found || !found.process->checking) return;
  Process& process = *found.process;
  process.checking = false;
  if (!is_checked(*found.program, process)) return;
  switch (event.outcome) {
    case HealthChecked::Outcome::Well: forget_misses(m, *found.slot, process); break;
    case HealthChecked::Outcome::Unknown: break;
    case HealthChecked::Outcome::Unwell:
      if (m.now >= process.extended_until) {
        on_miss(m, *found.program, *found.slot, process, event.reason);
      }
      break;
  }
  refresh_health(m, *found.program, *found.slot, process);
}

}  // namespace holdfast::supervisor::core
