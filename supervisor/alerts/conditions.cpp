// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/conditions.hpp"

#include "supervisor/state/health.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

using telemetry::Reach;
using Alerts = std::vector<ActiveAlert>;

std::string ending_of(const core::SlotView& slot) {
  if (!slot.last_error.empty()) return slot.last_error;
  return slot.last_exit ? core::describe(*slot.last_exit) : "it never started";
}

void add_workers(const core::ProgramView& program, Alerts& alerts) {
  for (const core::SlotView& slot : program.slots) {
    const std::string worker = fmt::format("{}.{}", program.config->name, slot.id.slot);
    if (core::in_crash_loop(slot)) {
      alerts.push_back({"HoldfastWorkerCrashLooping", "critical", worker,
                        fmt::format("{} keeps dying: {}", worker, ending_of(slot)),
                        slot.crash_loop_since});
    } else if (slot.state == core::SlotState::Failed) {
      alerts.push_back({"HoldfastWorkerCrashLooping", "critical", worker,
                        fmt::format("{} was given up: {}", worker, ending_of(slot)), slot.since});
    }
  }
}

// A stack that starts for the first time is short of workers, and that is no alert.
void add_fleet(const FleetSnapshot& snapshot, Alerts& alerts) {
  const bool degraded = health_of(snapshot) == FleetHealth::Degraded;
  for (const core::ProgramView& program : snapshot.view.programs) {
    add_workers(program, alerts);
    const config::Program& config = *program.config;
    if (!degraded || program.satisfied || !config.required) continue;
    alerts.push_back({"HoldfastNotReady", "critical", config.name,
                      fmt::format("{} has {} of {} workers ready that it needs", config.name,
                                  program.ready, config.min_ready),
                      std::nullopt});
  }
}

void add_reach(const std::optional<Reach>& reach, std::string name, std::string_view thing,
               std::string severity, Alerts& alerts) {
  if (!reach || reach->reached == reach->workers) return;
  alerts.push_back(
      {std::move(name), std::move(severity), "",
       fmt::format("{} is reached by {} of {} workers", thing, reach->reached, reach->workers),
       std::nullopt});
}

}  // namespace

Alerts active_alerts(const FleetSnapshot& snapshot,
                     const std::optional<telemetry::Totals>& latest) {
  Alerts alerts;
  add_fleet(snapshot, alerts);
  if (latest) {
    add_reach(latest->database, "HoldfastStoreUnavailable", "the database", "critical", alerts);
    add_reach(latest->redis, "HoldfastRedisUnavailable", "Redis", "warning", alerts);
  }
  if (!snapshot.last_reload_ok) {
    alerts.push_back({"HoldfastReloadFailed", "warning", "",
                      "the last reload was refused; the former configuration runs on",
                      std::nullopt});
  }
  std::stable_partition(alerts.begin(), alerts.end(),
                        [](const ActiveAlert& alert) { return alert.severity == "critical"; });
  return alerts;
}

}  // namespace holdfast::supervisor::alerts
