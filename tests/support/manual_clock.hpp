// SPDX-License-Identifier: Apache-2.0
#pragma once

// A clock that moves only when the test moves it. It may be read from any thread.

#include "common/base/clock.hpp"

#include <atomic>
#include <chrono>

namespace holdfast::test {

class ManualClock final : public Clock {
 public:
  MonoTime mono() const override { return MonoTime(Duration(mono_.load())); }
  WallTime wall() const override { return from_unix_ms(wall_ms_.load()); }
  std::int64_t wall_ms() const { return wall_ms_.load(); }

  void advance(Duration by) {
    mono_ += by.count();
    step_wall(by);
  }
  void set_wall(WallTime time) { wall_ms_ = to_unix_ms(time); }
  // Moves wall time alone, as an administrator or NTP does.
  void step_wall(Duration by) {
    wall_ms_ += std::chrono::duration_cast<std::chrono::milliseconds>(by).count();
  }

 private:
  std::atomic<std::int64_t> mono_{Duration(std::chrono::hours(1)).count()};
  std::atomic<std::int64_t> wall_ms_{1'795'434'163'482};  // 2026-11-23T11:42:43.482Z
};

}  // namespace holdfast::test
