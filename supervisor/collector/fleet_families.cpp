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
      // A scheduled run may take hours: it is not something that fails to become ready.
      const bool runs = program.schedule && slot.state == core::SlotState::Starting;
      ++counts[runs ? "running" : std::string(core::to_string(slot.state))];
    }
    for (const auto& [state, count] : counts) {
      family.add({{"program", program.config->name}, {"state", state}}, count);
    }
  }
  return family;
}

WallTime wall_time_of(const FleetSnapshot& snapshot, MonoTime time) {
  return snapshot.taken_at_wall +
         std::chrono::duration_cast<WallTime::duration>(time - snapshot.taken_at);
}

void add_schedules(const FleetSnapshot& snapshot, std::vector<metrics::Family>& result) {
  metrics::Family next = metrics::declared_family("holdfast_schedule_next_run_timestamp_seconds");
  metrics::Family last = metrics::declared_family("holdfast_schedule_last_run_timestamp_seconds");
  metrics::Family took = metrics::declared_family("holdfast_schedule_last_run_duration_seconds");
  metrics::Family success = metrics::declared_family("holdfast_schedule_last_run_success");
  metrics::Family runs = metrics::declared_family("holdfast_schedule_runs_total");
  for (const core::ProgramView& program : snapshot.view.programs) {
    if (!program.schedule) continue;
    const core::ScheduleView& schedule = *program.schedule;
    const std::string& name = program.config->name;
    const auto add = [&](metrics::Family& family, double value) {
      family.add({{"program", name}}, value);
    };
    if (schedule.next_at) add(next, seconds(wall_time_of(snapshot, *schedule.next_at)));
    if (schedule.last) {
      add(last, seconds(wall_time_of(snapshot, schedule.last->started_at)));
      add(took, std::chrono::duration<double>(schedule.last->took).count());
      add(success, schedule.last->ok ? 1 : 0);
    }
    const std::pair<const char*, std::uint64_t> outcomes[] = {
        {"success", schedule.counts.succeeded},
        {"failure", schedule.counts.failed},
        {"skipped", schedule.counts.skipped},
        {"missed", schedule.counts.missed}};
    for (const auto& [outcome, count] : outcomes)
      runs.add({{"outcome", outcome}, {"program", name}}, static_cast<double>(count));
  }
  for (metrics::Family* family : {&next, &last, &took, &success, &runs})
    result.push_back(std::move(*family));
}

void add_watches(const FleetSnapshot& snapshot, std::vector<metrics::Family>& result) {
  metrics::Family restarts = metrics::declared_family("holdfast_watch_restarts_total");
  for (const core::ProgramView& program : snapshot.view.programs) {
    if (program.config->watch.empty()) continue;
    const std::uint64_t count = program.changed ? program.changed->count : 0;
    restarts.add({{"program", program.config->name}}, static_cast<double>(count));
  }
  if (!restarts.samples.empty()) result.push_back(std::move(restarts));
}

}  // namespace

std::vector<metrics::Family> fleet_families(const FleetSnapshot& snapshot, bool store_is_out) {
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
  result.push_back(
      metrics::declared_family("holdfast_ready").add(snapshot.view.ready && !store_is_out ? 1 : 0));
  result.push_back(
      metrics::declared_family("holdfast_store_unavailable").add(store_is_out ? 1 : 0));
  result.push_back(metrics::declared_family("holdfast_config_last_reload_successful")
                       .add(snapshot.last_reload_ok ? 1 : 0));
  result.push_back(metrics::declared_family("holdfast_config_last_reload_timestamp_seconds")
                       .add(seconds(snapshot.last_reload_at)));
  result.push_back(workers_by_state(snapshot));
  add_schedules(snapshot, result);
  add_watches(snapshot, result);
  result.push_back(std::move(leftovers));
  result.push_back(std::move(up));
  if (!memory_high.samples.empty()) result.push_back(std::move(memory_high));
  result.push_back(std::move(started));
  return result;
}

}  // namespace holdfast::supervisor::collector
