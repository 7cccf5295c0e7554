// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/worker_families.hpp"

#include "common/metrics/catalogue.hpp"

namespace holdfast::supervisor::telemetry {

using metrics::declared_family;
using metrics::Family;

std::vector<Family> ledger_families(const LedgerStatistics& statistics) {
  Family series = declared_family("holdfast_metrics_series");
  series.add(static_cast<double>(statistics.series));
  Family retired = declared_family("holdfast_metrics_retired_incarnations_total");
  retired.add(static_cast<double>(statistics.retired_incarnations));
  Family drops = declared_family("holdfast_metrics_dropped_samples_total");
  for (std::size_t i = 0; i < kDropReasons; ++i) {
    drops.add({{"reason", std::string(to_string(static_cast<Drop>(i)))}},
              static_cast<double>(statistics.drops[i]));
  }
  Family conflicts = declared_family("holdfast_metrics_conflicting_families");
  for (const auto& [reason, count] : statistics.conflicting_families) {
    conflicts.add({{"reason", reason}}, static_cast<double>(count));
  }
  Family resets = declared_family("holdfast_metrics_resets_total");
  Family errors = declared_family("holdfast_metrics_parse_errors_total");
  for (const auto& [program, counts] : statistics.programs) {
    resets.add({{"program", program}}, static_cast<double>(counts.resets));
    for (const auto& [reason, count] : counts.parse_errors) {
      errors.add({{"program", program}, {"reason", reason}}, static_cast<double>(count));
    }
  }
  return {series, retired, drops, conflicts, resets, errors};
}

std::vector<Family> process_families(
    const std::vector<std::pair<std::string, ProcessStats>>& workers) {
  Family cpu = declared_family("process_cpu_seconds_total");
  Family resident = declared_family("process_resident_memory_bytes");
  Family address_space = declared_family("process_virtual_memory_bytes");
  Family threads = declared_family("process_threads");
  Family started = declared_family("process_start_time_seconds");
  Family descriptors = declared_family("process_open_fds");
  Family descriptor_limit = declared_family("process_max_fds");
  for (const auto& [worker, stats] : workers) {
    const metrics::Labels labels{{"worker", worker}};
    cpu.add(labels, stats.cpu_seconds);
    resident.add(labels, static_cast<double>(stats.resident_bytes));
    address_space.add(labels, static_cast<double>(stats.virtual_bytes));
    threads.add(labels, static_cast<double>(stats.threads));
    started.add(labels, stats.start_time_seconds);
    if (stats.open_fds) descriptors.add(labels, static_cast<double>(*stats.open_fds));
    if (stats.max_fds) descriptor_limit.add(labels, static_cast<double>(*stats.max_fds));
  }
  return {cpu, resident, address_space, threads, started, descriptors, descriptor_limit};
}

}  // namespace holdfast::supervisor::telemetry
