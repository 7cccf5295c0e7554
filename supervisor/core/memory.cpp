// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/memory.hpp"

#include "common/base/duration.hpp"
#include "supervisor/core/process_stop.hpp"
#include "supervisor/core/reload.hpp"
#include "supervisor/core/rolling.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::core {

namespace {

using namespace std::chrono_literals;

bool may_be_replaced(const Machine& m, const Program& program, const Slot& slot) {
  if (program.config.type != config::ProgramType::Service || m.shutdown) return false;
  if (program.removing || slot.removing || slot.desired == Desired::Stop) return false;
  if (program.roll || waits_in_reload(m, program) || !program.released) return false;
  return slot.current && slot.current->phase == Phase::Ready && !slot.retiring &&
         (!slot.replaced_at ||
          m.now >= *slot.replaced_at + std::max<Duration>(program.config.backoff_reset, 1s));
}

void note_high(Machine& m, const Program& program, Slot& slot, const Process& process,
               std::uint64_t bytes) {
  if (slot.memory_high_since) return;
  slot.memory_high_since = m.now;
  const bool service = program.config.type == config::ProgramType::Service;
  m.report(EventKind::MemoryHigh, &program, process_id(slot, process),
           fmt::format("{} uses {} of memory, more than memory_high, {}{}",
                       name_of(program, slot.id.slot, process.incarnation), format_bytes(bytes),
                       format_bytes(program.config.memory_high),
                       service ? ": it is to be replaced" : ""));
  m.touch(slot);
}

}  // namespace

void on_memory_used(Machine& m, const MemoryUsed& event) {
  if (m.shutdown) return;  // all are being stopped, in order
  const FoundProcess found = m.find(event.process);
  if (!found || found.process->reason != StopReason::None || found.process->exit) return;
  Program& program = *found.program;
  Slot& slot = *found.slot;
  Process& process = *found.process;
  if (process.phase != Phase::Starting && process.phase != Phase::Ready) return;
  const config::Program& config = program.config;
  if (config.memory_max > 0 && event.bytes > config.memory_max) {
    process.memory_used = event.bytes;
    terminate(m, program, slot, process, StopReason::OutOfMemory);
    return;
  }
  if (!slot.current || &*slot.current != &process) return;  // it is being replaced already
  if (config.memory_high == 0 || event.bytes <= config.memory_high) {
    if (slot.memory_high_since) m.touch(slot);
    slot.memory_high_since.reset();
    return;
  }
  note_high(m, program, slot, process, event.bytes);
  if (!may_be_replaced(m, program, slot)) return;
  slot.replaced_at = m.now;
  start_roll(m, program, {slot.id.slot}, std::nullopt);
}

}  // namespace holdfast::supervisor::core
