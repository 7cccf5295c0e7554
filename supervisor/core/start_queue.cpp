// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/start_queue.hpp"

#include "supervisor/core/process_start.hpp"
#include "supervisor/core/programs.hpp"

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

StartRank rank_of(const Program& program, const Slot& slot) {
  const bool required = program.config.required;
  if (slot.had_been_ready && !slot.current)
    return required ? StartRank::RequiredRestart : StartRank::OptionalRestart;
  if (slot.suspect) return StartRank::Suspect;
  return required ? StartRank::RequiredStart : StartRank::OptionalStart;
}

Slot* take(Machine& m, StartRank rank) {
  return take(m, m.queues.at(static_cast<std::size_t>(rank)));
}

Slot* take_restart(Machine& m) {
  Slot* slot = take(m, StartRank::RequiredRestart);
  return slot != nullptr ? slot : take(m, StartRank::OptionalRestart);
}

Slot* take_start(Machine& m, bool place_for_suspect) {
  Slot* slot = take(m, StartRank::RequiredStart);
  if (slot == nullptr) slot = take(m, StartRank::OptionalStart);
  if (slot == nullptr && place_for_suspect) slot = take(m, StartRank::Suspect);
  return slot;
}

void start(Machine& m, Slot& slot) {
  Program& program = *m.find(slot.id.program);
  begin_process(m, program, slot);
  m.recount(program, slot);
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
  const StartRank rank = rank_of(program, slot);
  if (slot.ticket != 0 && slot.rank == rank) return;
  slot.rank = rank;
  slot.ticket = m.next_ticket++;
  m.queues.at(static_cast<std::size_t>(rank)).push_back({slot.id, slot.ticket});
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
  while (m.totals.restarts < places) {
    Slot* slot = take_restart(m);
    if (slot == nullptr) break;
    start(m, *slot);
  }
  while (m.totals.starting - m.totals.restarts < places) {
    Slot* slot = take_start(m, m.totals.suspects < for_suspects);
    if (slot == nullptr) return;
    start(m, *slot);
  }
}

std::string waiting_reason(const Machine& m, const Program& program, const Slot& slot) {
  if (is_dormant(program)) {
    return fmt::format("autostart is off: 'holdfast start {}' starts it", program.config.name);
  }
  if (!slot.want_start || slot.current || slot.desired == Desired::Stop) return {};
  if (slot.retiring) return "waiting for its predecessor to exit";
  if (program.waits_for != 0) return "waiting for the removed program of this name to exit";
  if (program.released) return "waiting in the start queue";
  std::string names;
  for (const std::uint32_t id : program.after) {
    const auto on = m.programs.find(id);
    if (on == m.programs.end() || on->second.fit) continue;
    names += (names.empty() ? "" : ", ") + on->second.config.name;
  }
  return names.empty() ? std::string() : "waiting for " + names;
}

}  // namespace holdfast::supervisor::core
