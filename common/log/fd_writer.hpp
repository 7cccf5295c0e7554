// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes lines to a descriptor. Threads: write() from one at a time; give_up_at() and dropped()
// from any.

#include "common/base/clock.hpp"

#include <atomic>
#include <cstdint>
#include <string_view>

namespace holdfast::log {

class FdWriter {
 public:
  // Direct: one write(2) per call, atomic on a pipe up to PIPE_BUF; blocks as long as the
  // descriptor does. Waits at most kPatience for a non-blocking descriptor that is full.
  // Interruptible: waits with poll(2) and writes only what is sure to fit, so that give_up_at() can
  // end it.
  enum class Mode { Direct, Interruptible };
  static constexpr Duration kPatience = std::chrono::seconds(1);

  FdWriter(int fd, Mode mode) : fd_(fd), mode_(mode) {}

  // One or more lines, each with its newline; dropped() counts those not written completely.
  void write(std::string_view lines);

  // From then on, lines that cannot be written at once are dropped. For shutdown.
  void give_up_at(MonoTime deadline);
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  bool write_some(std::string_view& rest);
  bool write_all(std::string_view& rest);
  bool wait_writable();

  const int fd_;
  const Mode mode_;
  bool owes_newline_ = false;
  std::atomic<MonoTime::rep> give_up_{MonoTime::max().time_since_epoch().count()};
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace holdfast::log
