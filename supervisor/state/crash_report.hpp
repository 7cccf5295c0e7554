// SPDX-License-Identifier: Apache-2.0
#pragma once

// CrashReport: all that is known of one worker that ended without being asked to. The engine makes
// it when the worker's last lines have been read; the crash store keeps it, and the alert rules
// pass it on to people. Texts are as the worker wrote them, with secrets masked.
//
// Threads: a value, immutable once it is shared.

#include "common/base/clock.hpp"
#include "supervisor/core/types.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::supervisor {

// A request or a job that the worker was at when it ended.
struct InFlight {
  std::string kind;  // "request" or "job"
  std::string id;    // the request id; of a job, that of the request that made it, if known
  std::string what;  // "POST /api/documents", "job 4711, document 0b7f…"
  Duration age{};    // how long it had been at it
  bool operator==(const InFlight&) const = default;
};

struct ThreadStack {
  std::string thread;               // its name and id: "holdfast-queue 4711"
  std::vector<std::string> frames;  // innermost first
  bool operator==(const ThreadStack&) const = default;
};

struct CrashReport {
  std::string id;  // sorts by time; unique in a state directory
  WallTime time{};
  std::string program;
  std::string worker;  // "api-worker.0"
  std::uint64_t incarnation = 0;
  std::int64_t pid = 0;
  std::string kind;  // of the event: "crashed", "exited_unexpectedly", "hung", …
  core::ExitStatus exit;
  std::string summary;  // one line for people: "signal 11 (SIGSEGV) after 3 h 12 min"
  Duration uptime{};
  std::string oom;         // why it is thought to have run out of memory; empty: it did not
  std::string error_type;  // of an uncaught exception
  std::string error_message;
  std::vector<std::string> stack = {};        // of the thread that crashed, innermost first
  std::vector<ThreadStack> threads = {};      // of all of them, after a hang
  std::vector<std::string> last_lines = {};   // of its output, the newest last
  std::vector<InFlight> in_flight = {};       // the oldest first
  std::uint64_t in_flight_unlisted = 0;       // as well, but there was no room to note them
  std::vector<std::string> request_ids = {};  // of its last error lines, without duplicates
  std::uint32_t restarts_in_hour = 0;
  std::string next_try;   // "at once", "in 8 s", "not again: exit code 78"
  std::string core_dump;  // the file, or the command that finds it; empty: there is none
  std::string host;
  std::string version;  // of Holdfast
};

using CrashReportPtr = std::shared_ptr<const CrashReport>;

// Is told of every unplanned end, once.
//
// Threads: called on the main loop; returns at once.
class CrashObserver {
 public:
  virtual ~CrashObserver() = default;
  virtual void on_crash(CrashReportPtr report) = 0;
};

}  // namespace holdfast::supervisor
