// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/start_queue.hpp"

#include "supervisor/core/process_start.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::core {

namespace {

// The first entry that is still valid; those of slots that have left the queue are dropped here.
Slot* take(Machine& m, std::deque<Machine::Queued>& queue) {
  while (!queue.empty()) {
    const Machine::Queued entry = queue.front();
    queue.pop_front();
    Slot* slot = m.find(entry.slot);
    if (slot != nullptr && slot->ticket == entry.ticket) return slot;
  }
  return nullptr;
}

}  // namespace

void consider_start(Machine& m, const Program& program, Slot& slot) {
  const bool may = !m.shutdown && program.released && !program.removing && !slot.removing &&
                   slot.desired == Desired::Run && !slot.retiring;
  const bool first = slot.want_start && !slot.current;
  const bool second = slot.want_surge && slot.current && slot.current->phase == Phase::Ready;
  if (!may || (!first && !second)) {
    slot.ticket = 0;
    return;
  }
  if (slot.ticket != 0) return;
  slot.ticket = m.next_ticket++;
  (slot.suspect ? m.suspects : m.queue).push_back({slot.id, slot.ticket});
}

void cancel_start(Machine& m, Slot& slot) {
  slot.want_start = slot.want_surge = false;
  slot.ticket = 0;
  m.deadlines.cancel({DeadlineKind::Retry, {slot.id, 0}});
  slot.retry_at.reset();
  const bool waits = slot.state == SlotState::Backoff || slot.state == SlotState::CrashLoop;
  if (waits) m.set_state(slot, slot.retiring ? SlotState::Stopping : SlotState::Stopped);
}

void start_from_queue(Machine& m) {
  const std::uint32_t places = std::max(1U, m.supervisor.max_starting);
  const std::uint32_t for_suspects = std::max(1U, places - 1);
  while (m.totals.starting < places) {
    Slot* slot = take(m, m.queue);
    if (slot == nullptr && m.totals.suspects < for_suspects) slot = take(m, m.suspects);
    if (slot == nullptr) return;
    Program& program = *m.find(slot->id.program);
    begin_process(m, program, *slot);
    m.recount(program, *slot);
  }
}

std::string waiting_reason(const Machine& m, const Program& program, const Slot& slot) {
  if (!slot.want_start || slot.current || slot.desired == Desired::Stop) return {};
  if (slot.retiring) return "waiting for its predecessor to exit";
  if (program.waits_for != 0) return "waiting for the removed program of this name to exit";
  if (program.released) return "waiting in the start queue";
  std::string names;
  for (const std::uint32_t id : program.after) {
    const auto on = m.programs.find(id);
    if (on == m.programs.end() || on->second.satisfied) continue;
    names += (names.empty() ? "" : ", ") + on->second.config.name;
  }
  return names.empty() ? std::string() : "waiting for " + names;
}

}  // namespace holdfast::supervisor::core
