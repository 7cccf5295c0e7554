// SPDX-License-Identifier: Apache-2.0
#pragma once

// ErrorBudget: how many error lines of one program are passed on, so that one that floods costs the
// log thread and those who listen to it next to nothing.
//
// Threads: one at a time. Pure.

#include "common/base/clock.hpp"

#include <cstdint>
#include <utility>

namespace holdfast::supervisor::logs {

class ErrorBudget {
 public:
  static constexpr std::uint32_t kPerSecond = 50;

  // Whether the next one is passed on; otherwise it is counted.
  bool take(MonoTime now) {
    if (now >= until_) {
      until_ = now + std::chrono::seconds(1);
      used_ = 0;
    }
    if (used_ < kPerSecond) {
      ++used_;
      return true;
    }
    ++left_out_;
    return false;
  }

  // How many were left out since the last call.
  std::uint64_t take_left_out() { return std::exchange(left_out_, 0); }

 private:
  MonoTime until_{};
  std::uint32_t used_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace holdfast::supervisor::logs
