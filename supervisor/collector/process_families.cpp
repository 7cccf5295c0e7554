// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/process_families.hpp"

#include "common/metrics/catalogue.hpp"

namespace holdfast::supervisor::collector {

using metrics::declared_family;
using metrics::Family;

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

}  // namespace holdfast::supervisor::collector
