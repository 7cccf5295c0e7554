// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/fleet_families.hpp"

#include "common/base/version.hpp"
#include "common/metrics/catalogue.hpp"

#include <fmt/format.h>

#include <map>

namespace holdfast::supervisor::collector {

namespace {

double seconds(WallTime time) {
  return static_cast<double>(to_unix_ms(time)) / 1000.0;
}

metrics::Family workers_by_state(const FleetSnapshot& snapshot) {
  metrics::Family family = metrics::declared_family("holdfast_workers");
  for (const core::ProgramView& program : snapshot.view.programs) {
    // The usual states are always exposed, so that a graph shows 0 rather than a gap.
    std::map<std::string, double> counts{{"starting", 0}, {"ready", 0}, {"crash_loop", 0}};
    for (const core::SlotView& slot : program.slots) {
      ++counts[std::string(core::to_string(slot.state))];
    }
    for (const auto& [state, count] : counts) {
      family.add({{"program", program.config->name}, {"state", state}}, count);
    }
  }
  return family;
}

}  // namespace

std::vector<metrics::Family> fleet_families(const FleetSnapshot& snapshot) {
  metrics::Family up = metrics::declared_family("holdfast_worker_up");
  metrics::Family leftovers = metrics::declared_family("holdfast_worker_leftovers");
  metrics::Family memory_high = metrics::declared_family("holdfast_worker_memory_high");
  metrics::Family started = metrics::declared_family("holdfast_worker_start_time_seconds");
  for (const core::ProgramView& program : snapshot.view.programs) {
    double left = 0;
    for (const core::SlotView& slot : program.slots)
      left += slot.left;
    leftovers.add({{"program", program.config->name}}, left);
    if (program.config->type == config::ProgramType::Oneshot) continue;
    for (const core::SlotView& slot : program.slots) {
      const std::string name = fmt::format("{}.{}", program.config->name, slot.id.slot);
      up.add({{"worker", name}}, slot.state == core::SlotState::Ready ? 1 : 0);
      if (program.config->memory_high > 0)
        memory_high.add({{"worker", name}}, slot.memory_high_since ? 1 : 0);
      if (slot.pid == 0) continue;
      const auto age =
          std::chrono::duration_cast<WallTime::duration>(snapshot.taken_at - slot.started_at);
      started.add({{"worker", name}}, seconds(snapshot.taken_at_wall - age));
    }
  }

  std::vector<metrics::Family> result;
  result.push_back(metrics::declared_family("holdfast_build_info").add({{"version", kVersion}}, 1));
  result.push_back(metrics::declared_family("holdfast_start_time_seconds")
                       .add(seconds(snapshot.started_at_wall)));
  result.push_back(metrics::declared_family("holdfast_ready").add(snapshot.view.ready ? 1 : 0));
  result.push_back(metrics::declared_family("holdfast_config_last_reload_successful")
                       .add(snapshot.last_reload_ok ? 1 : 0));
  result.push_back(metrics::declared_family("holdfast_config_last_reload_timestamp_seconds")
                       .add(seconds(snapshot.last_reload_at)));
  result.push_back(workers_by_state(snapshot));
  result.push_back(std::move(leftovers));
  result.push_back(std::move(up));
  if (!memory_high.samples.empty()) result.push_back(std::move(memory_high));
  result.push_back(std::move(started));
  return result;
}

}  // namespace holdfast::supervisor::collector
