// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where finished lines go: through spdlog (output.cpp is the only file that sees it), or gathered
// over a turn of the caller's loop (gathering_output.cpp).
//
// Threads: write() and dropped() from any thread; destroyed once, by the last Logger.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace holdfast::log {

// See LogOptions::defer.
using Defer = std::function<void(std::function<void()>)>;

// Lines that wait for the end of the turn, where a fatal-signal handler can read them: `size` bytes
// are whole lines at any instruction.
struct WaitingLines {
  std::unique_ptr<char[]> bytes;
  std::atomic<std::size_t> size{0};
  int fd = -1;
};

class Output {
 public:
  virtual ~Output() = default;  // flushes: a stuck reader is given two seconds
  // `urgent`: now, not at the end of the turn.
  virtual void write(std::string_view line, bool urgent) = 0;
  virtual std::uint64_t dropped() const = 0;
  virtual const WaitingLines* waiting() const { return nullptr; }
};

std::unique_ptr<Output> make_direct_output(int fd);
std::unique_ptr<Output> make_queued_output(int fd);  // see LogOptions::async
std::unique_ptr<Output> make_gathering_output(int fd, Defer defer);
std::unique_ptr<Output> make_forwarding_output(std::function<void(std::string_view)> write);

}  // namespace holdfast::log
