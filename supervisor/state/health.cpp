// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/health.hpp"

#include "common/os/exit_codes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace holdfast::supervisor {

bool in_trouble(const core::SlotView& slot) {
  return core::in_crash_loop(slot) || slot.state == core::SlotState::Failed;
}

bool is_missed(const core::ProgramView& program) {
  return program.config->required && !program.satisfied && !program.dormant;
}

namespace {

// A required program comes after one that only a command starts, and that is not started.
bool waits_for_dormant(const FleetSnapshot& snapshot, const core::ProgramView& program) {
  if (!is_missed(program)) return false;
  const auto& programs = snapshot.view.programs;
  return std::any_of(programs.begin(), programs.end(), [&](const core::ProgramView& other) {
    const auto& after = program.config->after;
    return other.dormant && !other.satisfied &&
           std::find(after.begin(), after.end(), other.config->name) != after.end();
  });
}

bool lacks_stopped_workers(const core::ProgramView& program) {
  return is_missed(program) &&
         std::any_of(program.slots.begin(), program.slots.end(),
                     [](const core::SlotView& slot) { return slot.stopped_by_hand; });
}

}  // namespace

std::string shortfall(const core::ProgramView& program) {
  return fmt::format("{}: {} ready, at least {} needed{}", program.config->name, program.ready,
                     program.config->min_ready,
                     lacks_stopped_workers(program) ? " (stopped by a command)" : "");
}

bool is_own_worker(const config::Program& program) {
  if (program.command.empty()) return false;
  const auto name = std::filesystem::path(program.command.front()).filename();
  return name == "holdfast-api-worker" || name == "holdfast-queue-worker";
}

bool lacks_store(const core::ProgramView& program, const core::SlotView& slot) {
  // Other programs may mean something else by this code.
  return is_own_worker(*program.config) && slot.last_exit && !slot.last_exit->signaled &&
         slot.last_exit->value == exit_code::kUnavailable && slot.state != core::SlotState::Ready &&
         slot.state != core::SlotState::Done && slot.state != core::SlotState::Stopped;
}

std::optional<std::string> store_outage(const FleetSnapshot& snapshot, std::uint32_t reached,
                                        std::uint32_t workers,
                                        const std::vector<std::string>& cut_off) {
  if (workers > 0 && reached == 0) {
    return fmt::format("the database cannot be used by {} {}", workers,
                       workers == 1 ? "worker" : "workers");
  }
  if (workers > 0) {
    for (const core::ProgramView& program : snapshot.view.programs) {
      if (!program.config->required) continue;
      if (std::find(cut_off.begin(), cut_off.end(), program.config->name) == cut_off.end())
        continue;
      return fmt::format("the database cannot be used by any worker of {}", program.config->name);
    }
    return std::nullopt;
  }
  for (const core::ProgramView& program : snapshot.view.programs) {
    for (const core::SlotView& slot : program.slots) {
      if (lacks_store(program, slot)) {
        return fmt::format("the database cannot be used: {}.{} cannot start without it",
                           program.config->name, slot.id.slot);
      }
    }
  }
  return std::nullopt;
}

bool runs_otherwise(const FleetSnapshot& snapshot, const core::ProgramView& program) {
  return !program.differs.empty() && !program.rolling && !snapshot.view.reloading;
}

FleetHealth health_of(const FleetSnapshot& snapshot) {
  if (snapshot.view.draining) return FleetHealth::Draining;
  bool trouble = false;
  bool interrupted = false;
  for (const core::ProgramView& program : snapshot.view.programs) {
    trouble = trouble || runs_otherwise(snapshot, program);
    for (const core::SlotView& slot : program.slots) {
      trouble = trouble || in_trouble(slot);
      interrupted = interrupted || slot.restarts > 0;
    }
    // Nothing is on its way: it lacks workers until somebody starts it again.
    interrupted =
        interrupted || lacks_stopped_workers(program) || waits_for_dormant(snapshot, program);
  }
  if (trouble) return FleetHealth::Degraded;
  if (snapshot.view.ready) return FleetHealth::Ready;
  return interrupted ? FleetHealth::Degraded : FleetHealth::Starting;
}

std::string_view to_string(FleetHealth health) {
  switch (health) {
    case FleetHealth::Ready: return "ready";
    case FleetHealth::Starting: return "starting";
    case FleetHealth::Degraded: return "degraded";
    case FleetHealth::Draining: return "draining";
  }
  return "unknown";
}

}  // namespace holdfast::supervisor
