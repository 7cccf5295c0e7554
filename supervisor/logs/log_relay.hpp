// SPDX-License-Identifier: Apache-2.0
#pragma once

// LogRelay: one thread that reads the workers' pipes, labels each line and writes the stack's log.
//
// No worker is ever held up by it for long. When the output takes nothing (a stuck reader) and the
// buffer is full, reading pauses for at most `stall_limit`, which carries a slow reader over a
// hiccup without loss; then lines are dropped, and counted for the program that wrote them. A disk
// that is full drops at once. Within one stream, what is written is in order and once.
//
// Threads: every method from any thread; none blocks on I/O but flush_and_stop(). The observer and
// the callbacks are called on the log thread: let them be quick.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/os/fd.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/logs/log_line.hpp"
#include "supervisor/logs/log_sink.hpp"
#include "supervisor/logs/recent_lines.hpp"

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::supervisor::logs {

struct LogStream {
  core::ProcessId process;
  std::string worker;  // "api-worker.0"
  pid_t pid = 0;
  StreamKind kind = StreamKind::Stdout;
  Fd pipe;                    // the end to read from, ours alone
  std::string ready_pattern;  // ECMAScript; empty: none
};

// What the log thread notices in the workers' output.
class LogObserver {
 public:
  virtual ~LogObserver() = default;
  // The first line that matches the stream's `ready_pattern` was written.
  virtual void on_ready_line(const core::ProcessId& process) = 0;
};

struct RelayOptions {
  LineFormat format = LineFormat::Json;
  std::size_t buffer = 1 << 20;  // bytes waiting for the output
  Duration stall_limit = std::chrono::milliseconds(100);
  Duration partial_flush = std::chrono::seconds(2);  // an unfinished line is passed on after that
};

struct RelayCounters {
  struct Program {
    std::uint64_t lines = 0;  // read, dropped ones included
    std::uint64_t bytes = 0;
    std::uint64_t dropped_lines = 0;
  };
  std::map<std::string, Program> programs;  // by program; "" is the supervisor itself
  std::uint64_t write_errors = 0;
  int last_error = 0;  // errno of the last write that failed
  std::uint64_t rotations = 0;
};

class LogRelay {
 public:
  // `observer` may be null; it and `clock` outlive the relay.
  LogRelay(std::unique_ptr<LogSink> sink, RelayOptions options, LogObserver* observer,
           const Clock& clock);
  ~LogRelay();  // flush_and_stop() within a second, if that was not called

  Result<void> start();

  // Reads the pipe until its end, which a grandchild that keeps it open may put off for ever;
  // remove() ends it. InvalidArgument: the pattern is not a regular expression.
  Result<void> add_stream(LogStream stream);

  // Passes on what the process has written so far, closes its pipes and forgets its last lines.
  void remove(const core::ProcessId& process);

  // A finished line of the supervisor's own log, without its newline.
  void submit(std::string_view line);

  // The last lines that the process wrote and that were read so far.
  std::vector<std::string> tail(const core::ProcessId& process, std::size_t count = 20) const;

  // Reads all that an ended process left in its pipes, then calls back with its last lines.
  void after_drain(const core::ProcessId& process, std::size_t count,
                   std::function<void(std::vector<std::string>)> callback);

  RecentLines& recent();

  void reopen();  // SIGUSR1: the file has been moved away
  RelayCounters counters() const;

  // Passes on what there is, and stops. False: time ran out first, and what was left is dropped; a
  // thread that hangs on a dead disk is then left behind, a second later.
  bool flush_and_stop(MonoTime deadline);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace holdfast::supervisor::logs
