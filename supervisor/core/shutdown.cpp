// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/shutdown.hpp"

#include "common/config/shutdown_shares.hpp"
#include "supervisor/core/file_changes.hpp"
#include "supervisor/core/process_stop.hpp"
#include "supervisor/core/reload.hpp"
#include "supervisor/core/rolling.hpp"
#include "supervisor/core/schedule.hpp"
#include "supervisor/core/start_queue.hpp"
#include "supervisor/core/waits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace holdfast::supervisor::core {

namespace {

constexpr DeadlineKey kKillKey{DeadlineKind::ShutdownKill, {}};
constexpr DeadlineKey kFinishKey{DeadlineKind::ShutdownFinish, {}};

std::string list(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 10;
  const std::size_t shown = std::min(names.size(), kShown);
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(shown);
  std::string text = fmt::format("{}", fmt::join(names.begin(), end, ", "));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

void cancel_pending_starts(Machine& m, Slot& slot) {
  cancel_start(m, slot);
  for (auto* process : {&slot.current, &slot.retiring}) {
    if (!*process) continue;
    const DeadlineKey key{DeadlineKind::Kill, process_id(slot, **process)};
    const auto at = m.deadlines.at(key);
    if (at) m.deadlines.set(key, std::min(*at, m.shutdown->kill_at));
  }
}

void request_stop(Machine& m, Program& program) {
  if (program.stop_requested) return;
  program.stop_requested = true;
  if (program.totals.processes > 0) m.shutdown->stage.push_back(program.config.name);
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
  m.report(EventKind::ShutdownForced,
           fmt::format("second shutdown request: stopping everything now, SIGKILL in {}",
                       format_rounded(shutdown.kill_at - m.now)));
  for (auto& [id, program] : m.programs) {
    request_stop(m, program);
    m.touch(program);
  }
}

void finish(Machine& m, std::string_view how) {
  const Shutdown& shutdown = *m.shutdown;
  m.finished = true;
  m.touch();
  const bool left = m.totals.processes > 0;
  m.report(EventKind::ShutdownDone,
           fmt::format("{} after {}", how, format_rounded(m.now - shutdown.began)));
  m.act(Finish{shutdown.exit_code.value_or(shutdown.forced || left ? 1 : 0)});
}

std::vector<std::string> names_left(const Machine& m) {
  std::vector<std::string> names;
  for (const auto& [id, program] : m.programs) {
    if (program.totals.processes == 0) continue;
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
  const Duration deadline = m.supervisor.shutdown_deadline;
  Shutdown& shutdown = m.shutdown.emplace();
  shutdown.began = m.now;
  shutdown.kill_at = m.now + config::stop_budget(deadline);
  shutdown.finish_at = m.now + config::finish_after(deadline);
  shutdown.exit_code = exit_code;
  m.touch();
  m.act(BeginDrain{});
  m.report(EventKind::ShutdownBegan,
           fmt::format("{}; {} {} {} to stop", why, m.totals.processes,
                       m.totals.processes == 1 ? "process has" : "processes have",
                       format_rounded(config::stop_budget(deadline))));
  m.deadlines.set(kKillKey, shutdown.kill_at);
  m.deadlines.set(kFinishKey, shutdown.finish_at);
  for (auto& queue : m.queues)
    queue.clear();
  cancel_reload(m, "shutting down");
  for (auto& [id, program] : m.programs) {
    cancel_roll(m, program, "shutting down");
    fail_waits(m, program, "shutting down");
    forget_runs(m, program);
    forget_changes(m, program);
    program.hopeless_since.reset();
    m.deadlines.cancel({DeadlineKind::Hopeless, {{id, 0}, 0}});
    program.live_dependants = static_cast<std::uint32_t>(program.dependants.size());
    for (auto& [number, slot] : program.slots)
      cancel_pending_starts(m, slot);
    m.touch(program);
  }
}

void on_shutdown_requested(Machine& m, const ShutdownRequested& event) {
  if (!m.shutdown) {
    begin_shutdown(m, describe(ExitStatus{true, event.signal, false}), std::nullopt);
  } else if (m.now - m.shutdown->began >= kEcho) {
    go_fast(m);
  }
}

// A program is gone when it has no process left and all that depend on it are gone, directly or
// through others: one that is down already must not let its own dependencies go too early.
void advance_shutdown(Machine& m, Program& program) {
  if (program.gone || program.live_dependants > 0) return;
  request_stop(m, program);
  if (program.totals.processes > 0) return;
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
    m.report(EventKind::ShutdownStage, "stopping " + list(m.shutdown->stage));
    m.shutdown->stage.clear();
  }
  if (m.totals.processes == 0) {
    finish(m, m.shutdown->forced ? "all processes have stopped, some by SIGKILL,"
                                 : "all processes have stopped");
  }
}

void on_shutdown_kill(Machine& m) {
  if (!m.shutdown || m.shutdown->killed || m.totals.processes == 0) return;
  m.shutdown->killed = true;
  m.report(EventKind::ShutdownForced,
           fmt::format("out of time after {}: SIGKILL to {}",
                       format_rounded(m.now - m.shutdown->began), list(names_left(m))));
  for (auto& [id, program] : m.programs) {
    program.stop_requested = true;
    for (auto& [number, slot] : program.slots) {
      for (auto* process : {&slot.current, &slot.retiring}) {
        if (*process) kill(m, program, slot, **process);
      }
    }
    m.touch(program);
  }
}

void on_shutdown_finish(Machine& m) {
  if (!m.shutdown || m.finished || m.totals.processes == 0) return;
  finish(m, "gave up on " + list(names_left(m)));
}

}  // namespace holdfast::supervisor::core
