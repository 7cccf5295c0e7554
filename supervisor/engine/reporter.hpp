// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reporter: what happens in the fleet, as a log line, an entry of the event log and a count in the
// supervisor's own metrics.
//
// Threads: the main loop. Refers to its sinks, which outlive it.

#include "common/base/clock.hpp"
#include "common/log/logger.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/engine/crash_recorder.hpp"
#include "supervisor/state/event_log.hpp"
#include "supervisor/state/loop_metrics.hpp"

#include <set>
#include <string>

namespace holdfast::supervisor {

class Reporter {
 public:
  // `crashes` null: no crash reports are made.
  Reporter(const Clock& clock, log::Logger& log, EventLog& events, LoopMetrics& metrics,
           CrashRecorder* crashes = nullptr)
      : clock_(clock), log_(log), events_(events), metrics_(metrics), crashes_(crashes) {}

  void report(const core::Report& report);
  // An event of the supervisor itself, of a kind that the core does not know.
  void record(std::string kind, std::string message, log::Level level);

 private:
  const Clock& clock_;
  log::Logger& log_;
  EventLog& events_;
  LoopMetrics& metrics_;
  CrashRecorder* const crashes_;
  std::set<core::ProcessId> hung_;  // counted as a restart, and not ended yet
};

}  // namespace holdfast::supervisor
