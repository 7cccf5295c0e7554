// SPDX-License-Identifier: Apache-2.0
// Engine: processes come, speak and go.
#include "supervisor/engine/engine.hpp"
#include "supervisor/engine/readiness_probe.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <csignal>

namespace holdfast::supervisor {

void Engine::spawn(const core::Spawn& action) {
  const config::Program* program = fleet_.program(action.process.slot.program);
  if (program == nullptr) {
    feed(core::SpawnFailed{action.process, "lookup", 0});
    return;
  }
  auto spawned = spawner_.spawn(*program, action);
  if (!spawned) {
    feed(core::SpawnFailed{action.process, spawned.error().step, spawned.error().os_error});
    return;
  }
  const pid_t pid = spawned->launched.pid;
  const std::string worker = fmt::format("{}.{}", program->name, action.process.slot.slot);
  Running running;
  running.program = program->name;
  running.worker = worker;
  running.has_socket = spawned->has_socket;
  try {
    running.child = std::make_unique<process::Child>(
        parts_.io, std::move(spawned->launched),
        [this, process = action.process](const Result<core::ExitStatus>& status) {
          on_exit(process, status);
        });
  } catch (const boost::system::system_error& error) {
    // One that cannot be watched must not run; the reaper buries it as a stranger.
    ::kill(-pid, SIGKILL);
    parts_.relay.remove(action.process);
    if (spawned->has_socket) spawner_.forget(worker, action.process.incarnation);
    feed(core::SpawnFailed{action.process, "watch the process", error.code().value()});
    return;
  }
  running_[action.process] = std::move(running);
  by_pid_[pid] = action.process;

  parts_.telemetry.started({action.process, program->name, worker, pid, spawned->metrics_url});
  feed(core::Spawned{action.process, pid});
  watch_readiness(action.process, *program);
}

void Engine::watch_readiness(const core::ProcessId& process, const config::Program& program) {
  if (program.ready != config::ReadyKind::Http) return;
  running_[process].probe = std::make_unique<ReadinessProbe>(
      parts_.io, program.ready_target, program.ready_interval, [this, process] {
        feed(core::Notified{process, core::Notice::Ready});
      });
}

void Engine::signal(const core::Signal& action) {
  const auto it = running_.find(action.process);
  if (it == running_.end()) return;
  if (const auto sent = it->second.child->signal(action.signal, action.group); !sent) {
    parts_.log.warn("a signal could not be sent",
                    {{"target", it->second.worker},
                     {"signal", static_cast<std::int64_t>(action.signal)},
                     {"error", sent.error().message}});
  }
}

void Engine::on_exit(const core::ProcessId& process, const Result<core::ExitStatus>& status) {
  // What it said last is in the socket by now, and its pid still means it.
  notify_->drain_now();
  const auto it = running_.find(process);
  if (it == running_.end()) return;
  core::ExitStatus exit;
  if (status) {
    exit = *status;
  } else {
    parts_.log.error("an exit status was lost",
                     {{"target", it->second.worker}, {"error", status.error().message}});
    exit = core::ExitStatus{true, SIGKILL, false};
  }
  by_pid_.erase(it->second.child->pid());
  if (it->second.has_socket) spawner_.forget(it->second.worker, process.incarnation);
  running_.erase(it);
  parts_.telemetry.exited(process);
  // Its last words are passed on before its pipes are closed; a grandchild may hold them open.
  parts_.relay.after_drain(
      process,
      [&relay = parts_.relay, process](const std::vector<std::string>&) { relay.remove(process); });
  feed(core::Exited{process, exit});
}

void Engine::on_notice(const core::ProcessId& process, const process::NotifyMessage& message) {
  if (message.status) feed(core::StatusText{process, *message.status});
  if (message.ready) feed(core::Notified{process, core::Notice::Ready});
  if (message.watchdog) feed(core::Notified{process, core::Notice::Watchdog});
  if (message.watchdog_trigger) feed(core::Notified{process, core::Notice::WatchdogTrigger});
  if (message.stopping) feed(core::Notified{process, core::Notice::Stopping});
  if (message.drained) parts_.telemetry.drained(process);
}

}  // namespace holdfast::supervisor
