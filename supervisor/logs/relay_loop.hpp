// SPDX-License-Identifier: Apache-2.0
#pragma once

// RelayLoop: the loop of the log thread. Commands arrive through a mailbox; all other state belongs
// to the thread.
//
// Threads: construct and open() on the owner's thread, everything else on the log thread. The
// RelayMailbox may be used from any.

#include "supervisor/logs/line_tail.hpp"
#include "supervisor/logs/log_relay.hpp"
#include "supervisor/logs/relay_output.hpp"
#include "supervisor/logs/relay_stream.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace holdfast::supervisor::logs {

class RelayLoop;

// What the log thread shares with others. The mutex guards everything but the atomics.
struct RelayMailbox {
  static constexpr std::size_t kMaxInbound = 1 << 20;

  std::mutex mutex;
  std::vector<std::function<void(RelayLoop&)>> commands;
  std::string inbound;  // the supervisor's own lines
  std::map<core::ProcessId, ProcessTail> tails;
  std::map<std::string, std::unique_ptr<ProgramLog>> programs;    // never shrinks
  std::map<std::string, std::shared_ptr<LogFileCounters>> files;  // by program
  SinkErrors sink_errors;
  RecentLines recent;  // has its own lock
  Fd wake;             // an eventfd

  ProgramLog& program(const std::string& name);  // call with the mutex held
  void ring();                                   // wakes the log thread
};

class RelayLoop {
 public:
  RelayLoop(RelayMailbox& mailbox, std::unique_ptr<LogSink> sink, RelayOptions options,
            LogObserver* observer, const Clock& clock);

  Result<void> open();
  // Runs until stop(). Returns whether everything was written by the deadline.
  bool run();

  // Commands.
  void add(LogStream stream, std::optional<ReadyLine> ready);
  void remove(const core::ProcessId& process);
  void drain(const core::ProcessId& process);
  std::vector<std::string> tail(const core::ProcessId& process, std::size_t count);
  void reopen();
  void set_level(log::Level level) { output_.set_level(level); }
  void set_redact(std::shared_ptr<const log::RedactPaths> redact) {
    output_.set_redact(std::move(redact));
  }
  void stop(MonoTime deadline) { stop_at_ = deadline; }

 private:
  void turn();
  void forget_closed();
  void run_mailbox();
  void take_inbound();
  void notice_own_errors(std::string_view lines);
  void read_once(RelayStream& stream);
  void read_all(RelayStream& stream);
  void end_stream(RelayStream& stream);
  void flush_old_partials();
  void flush_old_records();
  void flush_output();
  bool finish();
  int timeout_ms() const;
  void publish(const RelayStream& stream);
  std::shared_ptr<LogFile> file_of(const LogStream& stream);
  bool write_rest();
  std::string_view time();
  void relay(RelayStream& stream, std::string_view chunk);
  void flush_partial(RelayStream& stream, bool at_end);
  // Of a stream: whether it has an unfinished line, and a record.
  struct Waiting {
    bool partial;
    bool record;
  };
  static Waiting waiting_of(const RelayStream& stream);
  void count_waiting(const RelayStream& stream, Waiting before);

  RelayMailbox& mailbox_;
  RelayOptions options_;
  LogObserver* observer_;
  const Clock& clock_;
  RelayOutput output_;
  LogFiles files_;
  ProgramLog& own_log_;
  bool colour_;
  Fd epoll_;
  std::unique_ptr<char[]> buffer_;
  // By process: there may be thousands, and each exit looks up its two streams.
  std::multimap<core::ProcessId, std::unique_ptr<RelayStream>> streams_;
  // Closed in this turn; erased at its end, because fetched events may still refer to them.
  std::vector<core::ProcessId> closed_;
  std::size_t partials_ = 0;  // streams with an unfinished line
  std::size_t records_ = 0;   // streams that hold a record
  Noticed noticed_;
  std::string time_;  // of this turn; formatted on first use
  std::optional<MonoTime> stop_at_;
};

}  // namespace holdfast::supervisor::logs
