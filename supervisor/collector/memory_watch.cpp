// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/memory_watch.hpp"

#include "common/os/proc.hpp"
#include "supervisor/collector/process_stats.hpp"

#include <unistd.h>

namespace holdfast::supervisor::collector {

MemoryWatch::MemoryWatch(const Clock& clock, MemoryObserver& observer)
    : observer_(observer),
      processes_(clock, ::getpid()),
      page_bytes_(static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))) {}

// The proportional share is not always to be read; all pages are more, and so the limit holds.
std::uint64_t MemoryWatch::memory_of(pid_t leader, config::MemoryMeasure measure) {
  std::uint64_t total = 0;
  const auto add = [&](pid_t pid) {
    if (measure == config::MemoryMeasure::Pss) {
      if (const auto pss = read_pss(pid)) {
        total += *pss;
        return;
      }
    }
    if (const auto stat = read_process_stat(pid)) total += stat->resident_pages * page_bytes_;
  };
  add(leader);
  for (const pid_t pid : processes_.others_of(leader))
    add(pid);
  return total;
}

void MemoryWatch::measure(const FleetSnapshot& snapshot) {
  for (const core::ProgramView& program : snapshot.view.programs) {
    const config::Program& config = *program.config;
    if (config.memory_high == 0 && config.memory_max == 0) continue;
    for (const core::SlotView& slot : program.slots) {
      if (slot.pid != 0) {
        observer_.memory_used({slot.id, slot.incarnation},
                              memory_of(static_cast<pid_t>(slot.pid), config.memory_measure));
      }
      if (slot.retiring_pid != 0) {
        observer_.memory_used(
            {slot.id, slot.retiring_incarnation},
            memory_of(static_cast<pid_t>(slot.retiring_pid), config.memory_measure));
      }
    }
  }
}

}  // namespace holdfast::supervisor::collector
