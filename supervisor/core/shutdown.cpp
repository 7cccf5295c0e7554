// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/shutdown.hpp"

#include "supervisor/core/processes.hpp"
#include "supervisor/core/rolling.hpp"
#include "supervisor/core/start_queue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace holdfast::supervisor::core {

namespace {

constexpr DeadlineKey kKillKey{DeadlineKind::ShutdownKill, {}};
constexpr DeadlineKey kFinishKey{DeadlineKind::ShutdownFinish, {}};

// Division first: the parts stay exact enough, and no deadline overflows.
Duration part(Duration whole, int thirtieths) {
  return std::max(whole, Duration::zero()) / 30 * thirtieths;
}

std::string list(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 10;
  const std::size_t shown = std::min(names.size(), kShown);
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(shown);
  std::string text = fmt::format("{}", fmt::join(names.begin(), end, ", "));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

// Nothing starts from here on.
void calm_slot(Machine& m, Slot& slot) {
  forget_start(m, slot);
  for (auto* process : {&slot.current, &slot.retiring}) {
    if (!*process) continue;
    const DeadlineKey key{DeadlineKind::Kill, process_id(slot, **process)};
    const auto at = m.deadlines.at(key);
    if (at) m.deadlines.set(key, std::min(*at, m.shutdown->kill_at));
  }
}

void tell(Machine& m, Program& program) {
  if (program.told) return;
  program.told = true;
  if (program.sum.processes > 0) m.shutdown->stage.push_back(program.config.name);
  for (auto& [number, slot] : program.slots)
    terminate_all(m, program, slot);
}

void go_fast(Machine& m) {
  Shutdown& shutdown = *m.shutdown;
  if (shutdown.fast || shutdown.killed) return;
  shutdown.fast = true;
  const Duration reserve = shutdown.finish_at - shutdown.kill_at;
  shutdown.kill_at = std::min(shutdown.kill_at, m.now + kFastStop);
  shutdown.finish_at = std::min(shutdown.finish_at, shutdown.kill_at + reserve);
  m.deadlines.set(kKillKey, shutdown.kill_at);
  m.deadlines.set(kFinishKey, shutdown.finish_at);
  m.report(Kind::ShutdownForced, fmt::format("asked again: everything stops now, SIGKILL in {}",
                                             show(shutdown.kill_at - m.now)));
  for (auto& [id, program] : m.programs) {
    tell(m, program);
    m.touch(program);
  }
}

void finish(Machine& m, std::string_view how) {
  const Shutdown& shutdown = *m.shutdown;
  m.finished = true;
  m.touch();
  const bool left = m.sum.processes > 0;
  m.report(Kind::ShutdownDone, fmt::format("{} after {}", how, show(m.now - shutdown.began)));
  m.act(Finish{shutdown.exit_code.value_or(shutdown.forced || left ? 1 : 0)});
}

std::vector<std::string> names_left(const Machine& m) {
  std::vector<std::string> names;
  for (const auto& [id, program] : m.programs) {
    if (program.sum.processes == 0) continue;
    for (const auto& [number, slot] : program.slots) {
      for (const auto* process : {&slot.current, &slot.retiring}) {
        if (*process) names.push_back(name_of(program, number, (*process)->incarnation));
      }
    }
  }
  return names;
}

}  // namespace

void begin_shutdown(Machine& m, const std::string& why, std::optional<int> exit_code) {
  if (m.shutdown) return;
  const Duration whole = m.supervisor.shutdown_deadline;
  Shutdown& shutdown = m.shutdown.emplace();
  shutdown.began = m.now;
  shutdown.kill_at = m.now + part(whole, 25);
  shutdown.finish_at = m.now + part(whole, 28);
  shutdown.exit_code = exit_code;
  m.touch();
  m.act(BeginDrain{});
  m.report(Kind::ShutdownBegan, fmt::format("{}; {} processes have {} to stop", why,
                                            m.sum.processes, show(part(whole, 25))));
  m.deadlines.set(kKillKey, shutdown.kill_at);
  m.deadlines.set(kFinishKey, shutdown.finish_at);
  m.queue.clear();
  m.suspects.clear();
  for (auto& [id, program] : m.programs) {
    cancel_roll(m, program, "shutting down");
    program.hopeless_since.reset();
    m.deadlines.cancel({DeadlineKind::Hopeless, {{id, 0}, 0}});
    program.live_dependants = static_cast<std::uint32_t>(program.dependants.size());
    for (auto& [number, slot] : program.slots)
      calm_slot(m, slot);
    m.touch(program);
  }
}

void on_shutdown_requested(Machine& m, const ShutdownRequested& event) {
  if (m.shutdown) {
    go_fast(m);
  } else {
    begin_shutdown(m, describe(ExitStatus{true, event.signal, false}), std::nullopt);
  }
}

// A program is gone when it has no process left and all that depend on it are gone, directly or
// through others: one that is down already must not let its own dependencies go too early.
void advance_shutdown(Machine& m, Program& program) {
  if (program.gone || program.live_dependants > 0) return;
  tell(m, program);
  if (program.sum.processes > 0) return;
  program.gone = true;
  for (const std::uint32_t id : program.after) {
    Program* on = m.find(id);
    if (on == nullptr) continue;
    --on->live_dependants;
    m.touch(*on);
  }
}

void conclude_shutdown(Machine& m) {
  if (!m.shutdown || m.finished) return;
  if (!m.shutdown->stage.empty()) {
    m.report(Kind::ShutdownStage, "stopping " + list(m.shutdown->stage));
    m.shutdown->stage.clear();
  }
  if (m.sum.processes == 0) {
    finish(m, m.shutdown->forced ? "all processes are gone, not all by themselves,"
                                 : "all processes have stopped");
  }
}

void on_shutdown_kill(Machine& m) {
  if (!m.shutdown || m.shutdown->killed || m.sum.processes == 0) return;
  m.shutdown->killed = true;
  m.report(Kind::ShutdownForced, fmt::format("time is up after {}: SIGKILL to {}",
                                             show(m.now - m.shutdown->began), list(names_left(m))));
  for (auto& [id, program] : m.programs) {
    program.told = true;
    for (auto& [number, slot] : program.slots) {
      for (auto* process : {&slot.current, &slot.retiring}) {
        if (*process) kill(m, program, slot, **process);
      }
    }
    m.touch(program);
  }
}

void on_shutdown_finish(Machine& m) {
  if (!m.shutdown || m.finished || m.sum.processes == 0) return;
  finish(m, "gave up on " + list(names_left(m)));
}

}  // namespace holdfast::supervisor::core
