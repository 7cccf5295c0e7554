// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/log_relay.hpp"

#include "common/os/signal_mask.hpp"
#include "supervisor/logs/relay_loop.hpp"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

namespace holdfast::supervisor::logs {

// Also owned by the thread: one that hangs on a dead disk may outlive the LogRelay.
struct LogRelay::Shared {
  Shared(std::unique_ptr<LogSink> sink, RelayOptions options, LogObserver* observer,
         const Clock& clock)
      : loop(mailbox, std::move(sink), options, observer, clock) {}

  template <class Command>
  void send(Command&& command) {
    bool first = false;
    {
      const std::lock_guard lock(mailbox.mutex);
      first = mailbox.commands.empty();
      mailbox.commands.emplace_back(std::forward<Command>(command));
    }
    if (first) mailbox.ring();  // otherwise an earlier ring is still pending
  }

  RelayMailbox mailbox;
  RelayLoop loop;
  std::thread thread;
  std::promise<bool> finished;
};

LogRelay::LogRelay(std::unique_ptr<LogSink> sink, RelayOptions options, LogObserver* observer,
                   const Clock& clock)
    : shared_(std::make_shared<Shared>(std::move(sink), options, observer, clock)) {}

LogRelay::~LogRelay() {
  flush_and_stop(std::chrono::steady_clock::now() + std::chrono::seconds(1));
}

Result<void> LogRelay::start() {
  HOLDFAST_TRY(shared_->loop.open());
  // The thread inherits this mask: the main thread handles signals, and EPIPE raises no SIGPIPE.
  const SignalsBlocked inherited;
  shared_->thread = std::thread([shared = shared_] {
    ::pthread_setname_np(::pthread_self(), "log");
    shared->finished.set_value(shared->loop.run());
  });
  return {};
}

Result<void> LogRelay::add_stream(LogStream stream) {
  std::optional<ReadyLine> ready;
  if (!stream.ready_pattern.empty()) {
    HOLDFAST_TRY_ASSIGN(text::Pattern pattern, text::Pattern::compile(stream.ready_pattern));
    ready.emplace(std::move(pattern));
  }
  // std::function must be copyable, so what is move-only travels in a shared_ptr.
  auto box = std::make_shared<std::pair<LogStream, std::optional<ReadyLine>>>(std::move(stream),
                                                                              std::move(ready));
  shared_->send(
      [box](RelayLoop& loop) { loop.add(std::move(box->first), std::move(box->second)); });
  return {};
}

void LogRelay::remove(const core::ProcessId& process) {
  shared_->send([process](RelayLoop& loop) { loop.remove(process); });
}

void LogRelay::submit(std::string_view line) {
  RelayMailbox& mailbox = shared_->mailbox;
  bool first = false;
  {
    const std::lock_guard lock(mailbox.mutex);
    if (mailbox.inbound.size() + line.size() > RelayMailbox::kMaxInbound) {
      ProgramLog& own = mailbox.program("");
      own.lines.fetch_add(1, std::memory_order_relaxed);
      own.dropped.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    first = mailbox.inbound.empty();
    mailbox.inbound.append(line).push_back('\n');
  }
  if (first) mailbox.ring();
}

std::vector<std::string> LogRelay::tail(const core::ProcessId& process, std::size_t count) const {
  return shared_->loop.tail(process, count);
}

void LogRelay::after_drain(const core::ProcessId& process, std::size_t count,
                           std::function<void(std::vector<std::string>)> callback) {
  shared_->send([process, count, callback = std::move(callback)](RelayLoop& loop) {
    loop.drain(process);
    callback(loop.tail(process, count));
  });
}

RecentLines& LogRelay::recent() {
  return shared_->mailbox.recent;
}

void LogRelay::set_level(log::Level level) {
  shared_->send([level](RelayLoop& loop) { loop.set_level(level); });
}

void LogRelay::set_redact(std::shared_ptr<const log::RedactPaths> redact) {
  shared_->send([redact](RelayLoop& loop) { loop.set_redact(redact); });
}

void LogRelay::reopen() {
  shared_->send([](RelayLoop& loop) { loop.reopen(); });
}

RelayCounters LogRelay::counters() const {
  RelayMailbox& mailbox = shared_->mailbox;
  RelayCounters result;
  const std::lock_guard lock(mailbox.mutex);
  for (const auto& [name, program] : mailbox.programs) {
    result.programs[name] = {program->lines.load(std::memory_order_relaxed),
                             program->bytes.load(std::memory_order_relaxed),
                             program->dropped.load(std::memory_order_relaxed),
                             program->errors.load(std::memory_order_relaxed)};
  }
  for (const auto& [name, file] : mailbox.files)
    result.file_dropped_lines[name] = file->dropped.load(std::memory_order_relaxed);
  result.write_errors = mailbox.sink_errors.count.load(std::memory_order_relaxed);
  result.last_error = mailbox.sink_errors.last.load(std::memory_order_relaxed);
  result.rotations = mailbox.sink_errors.rotations.load(std::memory_order_relaxed);
  return result;
}

bool LogRelay::flush_and_stop(MonoTime deadline) {
  if (!shared_->thread.joinable()) return true;
  std::future<bool> finished = shared_->finished.get_future();
  shared_->send([deadline](RelayLoop& loop) { loop.stop(deadline); });
  // The thread stops at the deadline by itself, unless a write hangs.
  if (finished.wait_until(deadline + std::chrono::seconds(1)) == std::future_status::ready) {
    shared_->thread.join();
    return finished.get();
  }
  shared_->thread.detach();
  return false;
}

}  // namespace holdfast::supervisor::logs
