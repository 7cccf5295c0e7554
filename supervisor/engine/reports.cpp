// SPDX-License-Identifier: Apache-2.0
// Engine: what is told to people.
#include "common/protocol/names.hpp"
#include "supervisor/engine/engine.hpp"
#include "supervisor/engine/readiness_probe.hpp"

#include <fmt/format.h>

namespace holdfast::supervisor {

namespace {

log::Level level_of(core::EventKind kind) {
  switch (kind) {
    case core::EventKind::Crashed:
    case core::EventKind::SpawnFailed:
    case core::EventKind::CrashLoop:
    case core::EventKind::Failed:
    case core::EventKind::Hung:
    case core::EventKind::ReadyTimeout:
    case core::EventKind::RollingAborted:
    case core::EventKind::ShutdownForced:
    case core::EventKind::Hopeless: return log::Level::Error;
    case core::EventKind::ExitedUnexpectedly:
    case core::EventKind::ForcedKill:
    case core::EventKind::SlowStop:
    case core::EventKind::LateLoop: return log::Level::Warn;
    case core::EventKind::Starting:
    case core::EventKind::Stopping:
    case core::EventKind::Stopped:
    case core::EventKind::Backoff:
    case core::EventKind::ShutdownStage: return log::Level::Debug;
    default: return log::Level::Info;
  }
}

// The reason under which holdfast_worker_restarts_total counts it; empty: not a restart.
std::string_view restart_reason(core::EventKind kind) {
  switch (kind) {
    case core::EventKind::Crashed: return "crash";
    case core::EventKind::ExitedUnexpectedly: return "exit";
    case core::EventKind::SpawnFailed: return "spawn";
    case core::EventKind::ReadyTimeout: return "ready_timeout";
    case core::EventKind::Hung: return "hang";
    default: return {};
  }
}

}  // namespace

void Engine::report(const core::Report& report) {
  if (const auto reason = restart_reason(report.kind); !reason.empty()) {
    parts_.metrics.count_restart(report.program, std::string(reason));
  }
  if (report.kind == core::EventKind::ForcedKill) parts_.metrics.count_forced_kill(report.program);

  EventRecord record;
  record.time = parts_.clock.wall();
  record.kind = core::to_string(report.kind);
  record.program = report.program;
  record.incarnation = report.process.incarnation;
  if (report.process.incarnation != 0) {
    record.worker = fmt::format("{}.{}", report.program, report.process.slot.slot);
  }
  record.message = report.message;
  if (record.worker.empty()) {
    parts_.log.log(level_of(report.kind), report.message, {{"event", record.kind}});
  } else {
    parts_.log.log(level_of(report.kind), report.message,
                   {{"event", record.kind}, {"target", record.worker}});
  }
  parts_.events.append(std::move(record));
}

void Engine::record(std::string kind, std::string message, log::Level level) {
  parts_.log.log(level, message, {{"event", kind}});
  EventRecord record;
  record.time = parts_.clock.wall();
  record.kind = std::move(kind);
  record.message = std::move(message);
  parts_.events.append(std::move(record));
}

void Engine::announce_ready() {
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock.mono() - not_ready_since_);
  const bool first = !std::exchange(was_announced_, true);
  record("fleet_ready",
         fmt::format("ready {}after {} ms: {}", first ? "" : "again ", took.count(),
                     summary(fleet_.view())),
         log::Level::Info);
  if (!first || config_.environment != config::Environment::Development) return;
  // In development a person is looking at this and wants to know what to do next.
  std::string api;
  std::string status;
  for (const auto& [name, address] : addresses()) {
    if (name == protocol::kHttpFd) api = address;
    if (name == "status") status = address;
  }
  if (api.starts_with("0.0.0.0:")) api.replace(0, 7, "127.0.0.1");
  if (!api.empty()) parts_.log.info(fmt::format("API     http://{}/api/documents", api), {});
  if (!status.empty())
    parts_.log.info(fmt::format("status  http://{}/ (page), /status, /metrics", status), {});
  if (!api.empty()) {
    parts_.log.info(
        fmt::format("try     curl --data-binary @README.md -H 'Content-Type: text/plain' "
                    "'http://{}/api/documents?title=Readme'",
                    api),
        {});
    parts_.log.info(fmt::format("then    curl 'http://{}/api/search?q=supervised+stack'", api), {});
  }
  parts_.log.info("stop    Ctrl-C", {});
}

}  // namespace holdfast::supervisor
