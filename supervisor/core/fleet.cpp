// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/fleet.hpp"

#include "supervisor/core/commands.hpp"
#include "supervisor/core/file_changes.hpp"
#include "supervisor/core/hopeless.hpp"
#include "supervisor/core/machine.hpp"
#include "supervisor/core/memory.hpp"
#include "supervisor/core/process_exit.hpp"
#include "supervisor/core/process_health.hpp"
#include "supervisor/core/process_start.hpp"
#include "supervisor/core/process_stop.hpp"
#include "supervisor/core/programs.hpp"
#include "supervisor/core/reconcile.hpp"
#include "supervisor/core/reload.hpp"
#include "supervisor/core/schedule.hpp"
#include "supervisor/core/shutdown.hpp"
#include "supervisor/core/view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace holdfast::supervisor::core {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLateness = 1s;  // less is the ordinary scheduling of a busy machine

// If the supervisor itself was held up, heartbeats and exits may be queued behind this event. No
// worker is blamed for that time: its deadlines move by as much, and by one second more in which to
// read what is queued. The shutdown's own deadline is absolute and stays.
void extend_deadlines_if_late(Machine& m) {
  if (!m.armed || m.now <= *m.armed + kLateness) return;
  const Duration late = m.now - *m.armed;
  m.deadlines.postpone({DeadlineKind::Ready, DeadlineKind::Watchdog, DeadlineKind::Kill},
                       late + kLateness);
  m.spared_until = m.now + kLateness;
  m.report(EventKind::LateLoop,
           fmt::format("the supervisor fell behind by {}; worker deadlines are extended by as much",
                       format_rounded(late)));
}

void on_retry(Machine& m, const DeadlineKey& key) {
  Slot* slot = m.find(key.owner.slot);
  if (slot == nullptr) return;
  slot->retry_at.reset();
  slot->want_start = true;
  m.touch(*slot);
}

void on_deadline(Machine& m, const DeadlineKey& key) {
  switch (key.kind) {
    case DeadlineKind::ShutdownKill: on_shutdown_kill(m); break;
    case DeadlineKind::ShutdownFinish: on_shutdown_finish(m); break;
    case DeadlineKind::Retry: on_retry(m, key); break;
    case DeadlineKind::Run: on_run_due(m, key); break;
    case DeadlineKind::Changed: on_changes_due(m, key); break;
    case DeadlineKind::Hopeless: on_hopeless_deadline(m, key); break;
    default: on_process_deadline(m, key); break;
  }
}

struct Dispatch {
  Machine& m;
  void operator()(const Spawned& event) const { on_spawned(m, event); }
  void operator()(const SpawnFailed& event) const { on_spawn_failed(m, event); }
  void operator()(const Notified& event) const { on_notified(m, event); }
  void operator()(const StatusText& event) const { on_status_text(m, event); }
  void operator()(const TimeoutExtended& event) const { on_timeout_extended(m, event); }
  void operator()(const NotReadyBecause& event) const { on_not_ready_because(m, event); }
  void operator()(const HealthChecked& event) const { on_health_checked(m, event); }
  void operator()(const MemoryUsed& event) const { on_memory_used(m, event); }
  void operator()(const Exited& event) const { on_exited(m, event); }
  void operator()(const LeftoversGone& event) const { on_leftovers_gone(m, event); }
  void operator()(const RunPlanned& event) const { on_run_planned(m, event); }
  void operator()(const RunsMissed& event) const { on_runs_missed(m, event); }
  void operator()(const FilesChanged& event) const { on_files_changed(m, event); }
  void operator()(const Tick&) const {}
  void operator()(const ShutdownRequested& event) const { on_shutdown_requested(m, event); }
  void operator()(const Command& event) const { on_command(m, event); }
  void operator()(const Reload& event) const { on_reload(m, event); }
};

// After Finish nothing is done any more, but a request still gets its reply.
void refuse(Machine& m, const Event& event) {
  if (const auto* command = std::get_if<Command>(&event)) on_command(m, *command);
  if (const auto* reload = std::get_if<Reload>(&event)) on_reload(m, *reload);
}

// Runs after the event: an event that arrives together with its own deadline is in time.
void fire_due(Machine& m) {
  while (!m.finished) {
    const auto key = m.deadlines.take_due(m.now);
    if (!key) break;
    on_deadline(m, *key);
    reconcile(m);
  }
}

}  // namespace

Fleet::Fleet(const config::Supervisor& supervisor, const std::vector<config::Program>& programs,
             std::uint64_t random_seed, bool is_pid1)
    : machine_(std::make_unique<Machine>(supervisor, random_seed, is_pid1)) {
  Machine& m = *machine_;
  for (const config::Program& program : programs)
    m.order.push_back(add_program(m, program).id);
  link_programs(m);
}

Fleet::~Fleet() = default;
Fleet::Fleet(Fleet&&) noexcept = default;

Actions Fleet::begin(MonoTime now) {
  Machine& m = *machine_;
  m.now = now;
  m.actions.clear();
  for (auto& [id, program] : m.programs) {
    for (auto& [number, slot] : program.slots)
      slot.since = now;
    plan_run(m, program, false);
  }
  reconcile(m);
  m.arm();
  return std::exchange(m.actions, {});
}

Actions Fleet::step(const Event& event, MonoTime now) {
  Machine& m = *machine_;
  m.now = std::max(m.now, now);
  m.actions.clear();
  if (m.finished) {
    refuse(m, event);
    return std::exchange(m.actions, {});
  }
  extend_deadlines_if_late(m);
  std::visit(Dispatch{m}, event);
  reconcile(m);
  fire_due(m);
  conclude_shutdown(m);
  if (!m.finished) m.arm();
  return std::exchange(m.actions, {});
}

FleetView Fleet::view() const {
  return view_of(*machine_);
}

std::uint64_t Fleet::revision() const {
  return machine_->revision;
}

const config::Program* Fleet::program(std::uint32_t id) const {
  const core::Program* found = machine_->find(id);
  return found == nullptr ? nullptr : &found->config;
}

}  // namespace holdfast::supervisor::core
