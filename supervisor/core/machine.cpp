// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/machine.hpp"

#include "common/base/duration.hpp"

#include <fmt/format.h>

namespace holdfast::supervisor::core {

using namespace std::chrono_literals;

Program* Machine::find(std::uint32_t id) {
  const auto found = programs.find(id);
  return found == programs.end() ? nullptr : &found->second;
}

Slot* Machine::find(const SlotId& id) {
  Program* program = find(id.program);
  if (program == nullptr) return nullptr;
  const auto found = program->slots.find(id.slot);
  return found == program->slots.end() ? nullptr : &found->second;
}

FoundProcess Machine::find(const ProcessId& id) {
  FoundProcess found;
  Slot* slot = find(id.slot);
  if (slot == nullptr) return found;
  for (auto* process : {&slot->current, &slot->retiring}) {
    if (*process && (*process)->incarnation == id.incarnation) {
      found = {find(id.slot.program), slot, &**process};
    }
  }
  return found;
}

void Machine::report(EventKind kind, const Program* program, const ProcessId& process,
                     std::string message) {
  act(Report{kind, process, program == nullptr ? "" : program->config.name, std::move(message)});
}

void Machine::report(EventKind kind, const Program& program, std::string message) {
  report(kind, &program, ProcessId{{program.id, 0}, 0}, std::move(message));
}

void Machine::report(EventKind kind, std::string message) {
  report(kind, nullptr, ProcessId{}, std::move(message));
}

void Machine::accept(std::uint64_t request, std::string message) {
  if (!batch_orders.contains(request) && !own_requests.contains(request))
    act(Accepted{request, std::move(message)});
}

void Machine::reply(std::uint64_t request, bool ok, std::string message) {
  if (own_requests.erase(request) > 0) return;  // the events have told of it
  const auto answered = batch_orders.extract(request);
  if (!answered) return act(Reply{request, ok, std::move(message)});
  Batch::Member& member = batches.at(answered.mapped().batch).members.at(answered.mapped().program);
  member.step = ok ? Batch::Step::Done : Batch::Step::Failed;
  member.message = std::move(message);
  touch();
}

void Machine::touch(Slot& slot) {
  touch();
  if (slot.dirty) return;
  slot.dirty = true;
  dirty_slots.push_back(slot.id);
}

void Machine::touch(Program& program) {
  touch();
  if (program.dirty) return;
  program.dirty = true;
  dirty_programs.push_back(program.id);
}

void Machine::set_state(Slot& slot, SlotState state) {
  if (slot.state != state) {
    slot.state = state;
    slot.since = now;
  }
  touch(slot);
}

namespace {

Tally tally_of(const Program& program, const Slot& slot) {
  Tally tally;
  const bool oneshot = program.config.type == config::ProgramType::Oneshot;
  tally.wanted = slot.desired == Desired::Run && !slot.removing ? 1 : 0;
  tally.done = oneshot && slot.done_incarnation > 0 && !slot.removing ? 1 : 0;
  const MadeFrom* made = oneshot ? &slot.done_with : nullptr;
  if (!oneshot && slot.current) made = &slot.current->made_from;
  tally.outdated = made != nullptr && !made->differs.empty() && tally.wanted == 1 ? 1 : 0;
  for (const auto& process : {&slot.current, &slot.retiring}) {
    if (!*process) continue;
    ++tally.processes;
    const Process& p = **process;
    if (p.phase == Phase::Ready) tally.serving = 1;
    // A oneshot may run for an hour: it counts as starting only until it is spawned, or a few of
    // them would keep every crashed worker from restarting.
    if (p.phase == Phase::Spawning || (p.phase == Phase::Starting && !oneshot)) {
      ++tally.starting;
      if (p.restart) {
        ++tally.restarts;
      } else if (p.suspect) {
        ++tally.suspects;
      }
    }
  }
  return tally;
}

void move(Tally& sum, const Tally& before, const Tally& after) {
  sum.serving += after.serving - before.serving;
  sum.done += after.done - before.done;
  sum.wanted += after.wanted - before.wanted;
  sum.processes += after.processes - before.processes;
  sum.starting += after.starting - before.starting;
  sum.restarts += after.restarts - before.restarts;
  sum.suspects += after.suspects - before.suspects;
  sum.outdated += after.outdated - before.outdated;
}

}  // namespace

void Machine::recount(Program& program, Slot& slot) {
  const Tally after = tally_of(program, slot);
  move(program.totals, slot.tally, after);
  move(totals, slot.tally, after);
  slot.tally = after;
}

// A timer that fires too early is harmless: the Tick finds nothing due and arms the next one. So
// the common case, a heartbeat that postpones the earliest deadline, emits no action.
void Machine::arm() {
  if (armed && *armed <= now) armed.reset();
  const auto earliest = deadlines.earliest();
  if (!earliest || (armed && *armed <= *earliest)) return;
  armed = earliest;
  act(ArmTimer{*earliest});
}

std::string name_of(const Program& program, std::uint32_t slot) {
  return fmt::format("{}.{}", program.config.name, slot);
}

std::string name_of(const Program& program, std::uint32_t slot, std::uint64_t incarnation) {
  return fmt::format("{}.{} (incarnation {})", program.config.name, slot, incarnation);
}

ProcessId process_id(const Slot& slot, const Process& process) {
  return {slot.id, process.incarnation};
}

std::string format_rounded(Duration duration) {
  if (duration < 1s) {
    return fmt::format("{}ms",
                       std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
  }
  if (duration < 10s && duration % 1s != 0s) {
    return fmt::format("{:.1f}s", std::chrono::duration<double>(duration).count());
  }
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(duration));
}

}  // namespace holdfast::supervisor::core
