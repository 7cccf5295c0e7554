// SPDX-License-Identifier: Apache-2.0
#pragma once

// RelayLoop: the log thread. Commands come in through a mailbox; everything else in here is the
// thread's own. Threads: the constructor in the owner's, run() in the log thread, the RelayMailbox
// from any.

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

// What the log thread and the others share; everything under the mutex, but for the atomics.
struct RelayMailbox {
  static constexpr std::size_t kMaxInbound = 1 << 20;

  std::mutex mutex;
  std::vector<std::function<void(RelayLoop&)>> commands;
  std::string inbound;  // the supervisor's own lines
  std::map<core::ProcessId, ProcessTail> tails;
  std::map<std::string, std::unique_ptr<ProgramLog>> programs;  // never shrinks
  SinkErrors sink_errors;
  RecentLines recent;  // has a lock of its own
  Fd wake;             // an eventfd

  ProgramLog& program(const std::string& name);  // with the mutex held
  void ring();
};

class RelayLoop {
 public:
  RelayLoop(RelayMailbox& mailbox, std::unique_ptr<LogSink> sink, RelayOptions options,
            LogObserver* observer, const Clock& clock);

  Result<void> open();
  // Until stop(); returns whether everything was written by the deadline.
  bool run();

  // Commands, on the log thread.
  void add(LogStream stream, std::optional<std::regex> ready);
  void remove(const core::ProcessId& process);
  void drain(const core::ProcessId& process);
  std::vector<std::string> tail(const core::ProcessId& process, std::size_t count);
  void reopen() { output_.reopen(); }
  void stop(MonoTime deadline) { stop_at_ = deadline; }

 private:
  void turn();
  void forget_closed();
  void run_mailbox();
  void take_inbound();
  void read_once(RelayStream& stream);
  void read_all(RelayStream& stream);
  void end_stream(RelayStream& stream);
  void flush_old_partials();
  void flush_output();
  bool finish();
  int timeout_ms() const;
  void publish(const RelayStream& stream);
  std::string_view time();
  void relay(RelayStream& stream, std::string_view chunk);
  void flush_partial(RelayStream& stream, bool at_end);
  void count_partial(const RelayStream& stream, bool before);

  RelayMailbox& mailbox_;
  RelayOptions options_;
  LogObserver* observer_;
  const Clock& clock_;
  RelayOutput output_;
  ProgramLog& own_log_;
  bool colour_;
  Fd epoll_;
  std::unique_ptr<char[]> buffer_;
  // By process: there may be thousands, and each end of one asks for its own two.
  std::multimap<core::ProcessId, std::unique_ptr<RelayStream>> streams_;
  // Closed in this turn: kept until its end, as events that were fetched may still name them.
  std::vector<core::ProcessId> closed_;
  std::size_t partials_ = 0;
  Noticed noticed_;
  std::string time_;  // of this turn, made when first asked for
  std::optional<MonoTime> stop_at_;
};

}  // namespace holdfast::supervisor::logs
