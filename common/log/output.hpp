// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where finished lines go. The outputs declared here are made of spdlog, and output.cpp is the only
// file that sees it; gathering_output.hpp has another.
//
// Threads: write() and dropped() from any thread; destroyed once, by the last Logger.

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace holdfast::log {

// Lines that wait for the end of the loop's iteration, for a fatal-signal handler to read: at any
// instruction, the first `size` bytes are complete lines. Who writes them to `fd` takes them first,
// so that they are written once though one thread crashes while another writes; a handler that has
// taken them keeps them.
struct WaitingLines {
  std::unique_ptr<char[]> bytes;
  std::atomic<std::size_t> size{0};
  int fd = -1;
  mutable std::atomic<pthread_t> writer{};  // none: nobody writes them

  // False: another thread does, or this one when a signal interrupted it. Async-signal-safe.
  bool take() const {
    pthread_t nobody{};
    return writer.compare_exchange_strong(nobody, ::pthread_self());
  }
  bool is_taken_by_this_thread() const { return writer.load() == ::pthread_self(); }
  void give_back() const { writer.store(pthread_t{}); }
};

class Output {
 public:
  virtual ~Output() = default;  // flushes; gives up on a stuck reader after two seconds
  // `urgent`: write at once, not at the end of the iteration.
  virtual void write(std::string_view line, bool urgent) = 0;
  // Tries again to write what a full pipe has not taken.
  virtual void flush() {}
  virtual std::uint64_t dropped() const = 0;
  virtual const WaitingLines* waiting() const { return nullptr; }
};

std::unique_ptr<Output> make_direct_output(int fd);
std::unique_ptr<Output> make_queued_output(int fd);  // see LogOptions::async
std::unique_ptr<Output> make_forwarding_output(std::function<void(std::string_view)> write);

}  // namespace holdfast::log
