// SPDX-License-Identifier: Apache-2.0
#pragma once

// CrashRecorder: makes a CrashReport of every unplanned end, out of what becomes known of it one
// after the other:
//
//   reported()  the core says that something is wrong: it hangs, it has crashed; gives the id
//   ended()     the process has exited: how, and what it was at
//   drained()   its last lines have been read: the report is complete, and goes to the observers
//
// A process that could not even be started has neither an end nor lines: never_started().
//
// An end that was planned is forgotten.
//
// Threads: the main loop.

#include "common/base/clock.hpp"
#include "common/os/fd.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/state/crash_report.hpp"

#include <sys/types.h>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace holdfast::supervisor {

// What is known of a process when it has exited.
struct ProcessEnd {
  std::string program;
  std::string worker;
  bool own = false;  // one of Holdfast's workers
  pid_t pid = 0;
  core::ExitStatus exit;
  MonoTime started_at{};
  Fd in_flight;            // empty: it had no such memory
  std::string executable;  // its name, without the directory
  std::string directory;   // empty: the supervisor's
};

class CrashRecorder {
 public:
  using Observers = std::vector<CrashObserver*>;
  // The observers outlive it.
  CrashRecorder(const Clock& clock, Observers observers);

  // The id of the crash report that the core's report belongs to; empty if it is about no crash.
  std::string reported(const core::Report& report);
  void ended(const core::ProcessId& process, ProcessEnd end);
  // Returns the report; null if the end was planned. One that crashed while it was being stopped
  // has a report without an id, of which the observers do not hear.
  CrashReportPtr drained(const core::ProcessId& process, const std::vector<std::string>& lines);
  // Before the core hears of it.
  void never_started(const core::ProcessId& process) { never_started_.insert(process); }
  // Those that have ended, and whose lines have not been read yet.
  std::vector<core::ProcessId> waiting() const;

 private:
  struct Pending {
    std::string id;  // empty: nothing wrong has been reported
    WallTime time{};
    core::EventKind kind{};
    std::string why;       // what the core said first
    std::string next_try;  // what it said last
    std::optional<ProcessEnd> end;
    MonoTime ended_at{};
  };

  CrashReport facts_of(const Pending& pending, const core::ProcessId& process) const;
  std::string report_spawn_failure(const core::Report& report);
  std::string next_id(WallTime now);
  std::uint32_t count_in_hour(const std::string& worker);
  CrashReportPtr publish(CrashReport report);

  const Clock& clock_;
  const Observers observers_;
  const std::string host_;
  std::map<core::ProcessId, Pending> pending_;
  std::set<core::ProcessId> never_started_;             // and the core has not reported it yet
  std::map<std::string, std::deque<MonoTime>> recent_;  // unplanned ends, by worker
  std::int64_t last_ms_ = 0;
  std::uint16_t number_ = 0;
};

}  // namespace holdfast::supervisor
