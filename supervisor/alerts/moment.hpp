// SPDX-License-Identifier: Apache-2.0
#pragma once

// Moment: now, on both clocks. Waits and windows are measured on the monotonic one; what people
// read, and what outlives the supervisor, is wall time.
//
// Threads: a value.

#include "common/base/clock.hpp"

namespace holdfast::supervisor::alerts {

struct Moment {
  MonoTime mono{};
  WallTime wall{};

  WallTime wall_of(MonoTime time) const {
    return wall + std::chrono::duration_cast<WallTime::duration>(time - mono);
  }
  // A time of an earlier life. One that seems to lie ahead, because the clock was set, is now.
  MonoTime mono_of(WallTime time) const { return time >= wall ? mono : mono - (wall - time); }
};

inline Moment moment_of(const Clock& clock) {
  return {clock.mono(), clock.wall()};
}

}  // namespace holdfast::supervisor::alerts
