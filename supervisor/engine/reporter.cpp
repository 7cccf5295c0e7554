// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/reporter.hpp"

#include "common/log/redact.hpp"

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
    case core::EventKind::Unhealthy:
    case core::EventKind::MemoryMax:
    case core::EventKind::ReadyTimeout:
    case core::EventKind::RollingAborted:
    case core::EventKind::ShutdownForced:
    case core::EventKind::Hopeless: return log::Level::Error;
    case core::EventKind::MemoryHigh:
    case core::EventKind::ExitedUnexpectedly:
    case core::EventKind::ForcedKill:
    case core::EventKind::Leftovers:
    case core::EventKind::SlowStop:
    case core::EventKind::RunSkipped:
    case core::EventKind::RunsMissed:
    case core::EventKind::TimeoutExtended:
    case core::EventKind::LateLoop: return log::Level::Warn;
    case core::EventKind::Starting:
    case core::EventKind::Stopping:
    case core::EventKind::Stopped:
    case core::EventKind::Backoff:
    case core::EventKind::ShutdownStage: return log::Level::Debug;
    default: return log::Level::Info;
  }
}

// The `reason` that holdfast_worker_restarts_total counts it under; empty: not a restart.
std::string_view restart_reason(core::EventKind kind) {
  switch (kind) {
    case core::EventKind::Crashed: return "crash";
    case core::EventKind::ExitedUnexpectedly: return "exit";
    case core::EventKind::SpawnFailed: return "spawn";
    case core::EventKind::ReadyTimeout: return "ready_timeout";
    case core::EventKind::Hung: return "hang";
    case core::EventKind::Unhealthy: return "unhealthy";
    case core::EventKind::MemoryMax: return "memory";
    default: return {};
  }
}

}  // namespace

void Reporter::report(const core::Report& report) {
  // A hang, or too much memory, is followed by the exit that ends it: one restart, not two.
  const bool begins = report.kind == core::EventKind::Hung ||
                      report.kind == core::EventKind::Unhealthy ||
                      report.kind == core::EventKind::MemoryMax;
  const bool ends_hang = !begins && report.kind != core::EventKind::ForcedKill &&
                         report.kind != core::EventKind::SlowStop &&
                         report.kind != core::EventKind::Leftovers &&
                         hung_.erase(report.process) > 0;
  if (begins) hung_.insert(report.process);
  if (const auto reason = restart_reason(report.kind); !reason.empty() && !ends_hang) {
    metrics_.count_restart(report.program, std::string(reason));
  }
  if (report.kind == core::EventKind::ForcedKill) metrics_.count_forced_kill(report.program);

  EventRecord record;
  record.time = clock_.wall();
  record.kind = core::to_string(report.kind);
  record.program = report.program;
  record.incarnation = report.process.incarnation;
  if (report.process.incarnation != 0) {
    record.worker = fmt::format("{}.{}", report.program, report.process.slot.slot);
  }
  // It may quote what a worker has said, or a command.
  record.message = log::redact_text(report.message);
  if (crashes_ != nullptr) record.crash = crashes_->reported(report);
  if (record.worker.empty()) {
    log_.log(level_of(report.kind), record.message, {{"event", record.kind}});
  } else {
    log_.log(level_of(report.kind), record.message,
             {{"event", record.kind}, {"target", record.worker}});
  }
  events_.append(std::move(record));
}

void Reporter::record(std::string kind, std::string message, log::Level level) {
  message = log::redact_text(message);
  log_.log(level, message, {{"event", kind}});
  EventRecord record;
  record.time = clock_.wall();
  record.kind = std::move(kind);
  record.message = std::move(message);
  events_.append(std::move(record));
}

}  // namespace holdfast::supervisor
