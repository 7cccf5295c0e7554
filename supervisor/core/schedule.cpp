// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/schedule.hpp"

#include "supervisor/core/process_stop.hpp"

#include <fmt/format.h>

namespace holdfast::supervisor::core {

namespace {

DeadlineKey run_key(const Program& program) {
  return {DeadlineKind::Run, {{program.id, 0}, 0}};
}

Duration random_part(Machine& m, Duration whole) {
  return Duration(static_cast<std::int64_t>(static_cast<double>(whole.count()) * m.random.unit()));
}

Program* find_scheduled(Machine& m, const std::string& name) {
  if (m.shutdown) return nullptr;
  const auto found = m.by_name.find(name);
  Program* program = found == m.by_name.end() ? nullptr : m.find(found->second);
  return program != nullptr && config::is_scheduled(program->config) ? program : nullptr;
}

std::string for_time(const std::string& due) {
  return due.empty() ? "a run" : "the run of " + due;
}

void overlap(Machine& m, Program& program, Slot& slot, const std::string& due) {
  const std::string still = fmt::format("{} is still running after {}",
                                        name_of(program, slot.id.slot, slot.current->incarnation),
                                        format_rounded(m.now - slot.current->spawned_at));
  const auto skip = [&] {
    ++program.runs.counts.skipped;
    m.report(EventKind::RunSkipped, program,
             fmt::format("{}: {} is skipped", still, for_time(due)));
  };
  switch (program.config.overlap) {
    case config::Overlap::Skip: skip(); break;
    case config::Overlap::Queue:
      if (!program.runs.queued.empty()) return skip();
      program.runs.queued = due.empty() ? "now" : due;
      m.report(EventKind::RunQueued, program, fmt::format("{}: {} waits", still, for_time(due)));
      break;
    case config::Overlap::Replace:
      m.report(EventKind::RunQueued, program,
               fmt::format("{}: {} replaces it", still, for_time(due)));
      program.runs.queued = due.empty() ? "now" : due;
      terminate_all(m, program, slot);
      break;
  }
}

}  // namespace

void plan_run(Machine& m, const Program& program, bool due) {
  if (config::is_scheduled(program.config)) m.act(PlanRun{program.config.name, due});
}

bool same_times(const config::Program& a, const config::Program& b) {
  return a.schedule == b.schedule && a.timezone == b.timezone && a.every == b.every &&
         a.jitter == b.jitter;
}

void on_run_planned(Machine& m, const RunPlanned& event) {
  Program* program = find_scheduled(m, event.program);
  if (program == nullptr) return;
  program->runs.at = event.at + random_part(m, program->config.jitter);
  program->runs.due = event.due;
  m.deadlines.set(run_key(*program), *program->runs.at);
  m.touch(*program);
}

void on_runs_missed(Machine& m, const RunsMissed& event) {
  Program* program = find_scheduled(m, event.program);
  if (program == nullptr || event.count == 0) return;
  program->runs.counts.missed += event.count;
  m.report(EventKind::RunsMissed, *program,
           event.count == 1
               ? fmt::format("{} has missed the run of {}: nothing could run then", event.program,
                             event.due)
               : fmt::format("{} has missed {} runs, the last of {}: nothing could run then",
                             event.program, event.count, event.due));
  m.touch(*program);
}

void on_run_due(Machine& m, const DeadlineKey& key) {
  Program* program = m.find(key.owner.slot.program);
  if (program == nullptr || !program->runs.at) return;
  program->runs.at.reset();
  const std::string due = std::exchange(program->runs.due, {});
  plan_run(m, *program, true);
  m.touch(*program);
  if (program->slots.empty()) return;
  Slot& slot = program->slots.begin()->second;
  if (slot.desired == Desired::Stop || slot.removing) return;
  if (slot.current || slot.retiring) return overlap(m, *program, slot, due);
  begin_run(m, slot);
}

void begin_run(Machine& m, Slot& slot) {
  slot.desired = Desired::Run;
  slot.memory.forget();
  slot.suspect = slot.unplanned = false;
  slot.want_start = true;
  m.deadlines.cancel({DeadlineKind::Retry, {slot.id, 0}});
  slot.retry_at.reset();
  m.set_state(slot, SlotState::Stopped);
}

void note_run_end(Machine& m, Program& program, const Process& process, bool ok) {
  if (!config::is_scheduled(program.config)) return;
  const MonoTime ended = process.exit ? process.exited_at : m.now;
  program.runs.last = LastRun{process.spawned_at, ended - process.spawned_at, ok};
  ++(ok ? program.runs.counts.succeeded : program.runs.counts.failed);
  m.touch(program);
}

void advance_runs(Machine& m, Program& program) {
  if (program.runs.queued.empty() || program.slots.empty()) return;
  Slot& slot = program.slots.begin()->second;
  if (slot.current || slot.retiring) return;
  program.runs.queued.clear();
  if (slot.desired == Desired::Run && !slot.removing && !slot.want_start) begin_run(m, slot);
}

void forget_runs(Machine& m, Program& program) {
  program.runs.at.reset();
  program.runs.queued.clear();
  m.deadlines.cancel(run_key(program));
}

bool leave_to_schedule(Machine& m, const Order& order, Program& program) {
  if (!config::is_scheduled(program.config) || order.named) return false;
  program.desired = Desired::Run;
  for (const std::uint32_t number : order.slots) {
    Slot& slot = program.slots.at(number);
    if (slot.desired == Desired::Run) continue;
    slot.desired = Desired::Run;
    if (!slot.current && !slot.retiring) m.set_state(slot, SlotState::Scheduled);
    m.touch(slot);
  }
  m.reply(order.request, true,
          fmt::format("{} runs at its times; 'holdfast start {}' runs it now", program.config.name,
                      program.config.name));
  return true;
}

}  // namespace holdfast::supervisor::core
