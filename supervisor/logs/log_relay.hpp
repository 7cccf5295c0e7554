// SPDX-License-Identifier: Apache-2.0
#pragma once

// LogRelay: one thread that reads the workers' pipes, labels each line and writes the stack's log.
//
// It never blocks a worker for long. When the output takes nothing (a stuck reader, a frozen disk)
// and the buffer is full, reading pauses for at most `stall_limit`, so that a brief hiccup loses no
// lines. After that, lines are dropped and counted for the program that wrote them; one that floods
// loses its own, not the others'. If the disk is full, lines are dropped at once. The lines of one
// stream are written in order and at most once.
//
// Threads: any, for every method; only flush_and_stop() blocks on I/O. The observer and the
// callbacks are called on the log thread and must be quick.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/log/redact_paths.hpp"
#include "common/os/fd.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/logs/error_line.hpp"
#include "supervisor/logs/log_files.hpp"
#include "supervisor/logs/log_line.hpp"
#include "supervisor/logs/log_sink.hpp"
#include "supervisor/logs/recent_lines.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
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
  Fd pipe;                    // the read end, owned
  std::string ready_pattern;  // as text::Pattern; empty: none
  LineSource source = LineSource::Foreign;
  log::Level level = log::Level::Info;  // of lines that state none
  std::filesystem::path log_file = {};  // gets its lines too; empty: none
  FileAccess log_access = {};
  bool join_stacks = false;  // the lines of a stack trace become one record (stack_joiner.hpp)
};

// What the log thread notices in the workers' output.
class LogObserver {
 public:
  virtual ~LogObserver() = default;
  // The first line that matches the stream's `ready_pattern` was written.
  virtual void on_ready_line(const core::ProcessId& process) = 0;
  // A program's log file begins to lose lines, or is written again. Also from other threads.
  virtual void on_log_file(const std::string& program, const std::string& message) = 0;
  // A line of level error or above, of a worker or of the supervisor itself: at most
  // ErrorBudget::kPerSecond of each program; those left out are counted in the next one.
  virtual void on_error_line(const ErrorLine& /*line*/) {}
};

struct RelayOptions {
  LineFormat format = LineFormat::Json;
  log::Level level = log::Level::Trace;  // foreign lines below it are not written
  std::size_t buffer = 1 << 20;          // bytes held for the output
  Duration stall_limit = std::chrono::milliseconds(100);
  Duration partial_flush = std::chrono::seconds(2);     // then an unfinished line is passed on
  LogFileOptions files = {};                            // of single programs
  std::shared_ptr<const log::RedactPaths> redact = {};  // masked in foreign lines; null: none
};

struct RelayCounters {
  struct Program {
    std::uint64_t lines = 0;  // read, including dropped ones
    std::uint64_t bytes = 0;
    std::uint64_t dropped_lines = 0;
    std::uint64_t error_lines = 0;  // of level error or above, if somebody listens
  };
  std::map<std::string, Program> programs;  // by program; "" is the supervisor itself
  std::map<std::string, std::uint64_t> file_dropped_lines;  // by program, if it has a log file
  std::uint64_t write_errors = 0;
  int last_error = 0;  // errno of the last write that failed
  std::uint64_t rotations = 0;
};

class LogRelay {
 public:
  // `observer` may be null; it and `clock` outlive the relay.
  LogRelay(std::unique_ptr<LogSink> sink, RelayOptions options, LogObserver* observer,
           const Clock& clock);
  ~LogRelay();  // calls flush_and_stop() with a deadline of one second, unless it was called

  Result<void> start();

  // Reads the pipe until its end, or until remove(): a grandchild may keep the pipe open for ever.
  // InvalidArgument: the pattern is not a regular expression.
  Result<void> add_stream(LogStream stream);

  // Passes on what the process has written so far, closes its pipes and discards its last lines.
  void remove(const core::ProcessId& process);

  // Adds a formatted line of the supervisor's own log, without its newline.
  void submit(std::string_view line);

  // The last lines of the process that have been read so far.
  std::vector<std::string> tail(const core::ProcessId& process, std::size_t count = 20) const;

  // Reads what an exited process left in its pipes, then calls back with its last lines.
  void after_drain(const core::ProcessId& process, std::size_t count,
                   std::function<void(std::vector<std::string>)> callback);

  RecentLines& recent();

  void set_level(log::Level level);
  void set_redact(std::shared_ptr<const log::RedactPaths> redact);
  void reopen();  // after the log file was moved (SIGUSR1)
  RelayCounters counters() const;

  // Writes what is left and stops the thread. False: the deadline passed first, and the rest was
  // dropped. A thread that hangs on a dead disk is abandoned one second after the deadline.
  bool flush_and_stop(MonoTime deadline);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace holdfast::supervisor::logs
