// SPDX-License-Identifier: Apache-2.0
#pragma once

// The clock interface. Decisions take the time as an argument; only the outer layers ask a Clock.
// Monotonic time is for measuring and scheduling, wall time for people and for stored records.
//
// Threads: implementations are safe to call from any thread.

#include <chrono>
#include <string>

namespace holdfast {

using MonoTime = std::chrono::steady_clock::time_point;  // CLOCK_MONOTONIC
using WallTime = std::chrono::system_clock::time_point;
using Duration = std::chrono::nanoseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime mono() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  MonoTime mono() const override { return std::chrono::steady_clock::now(); }
  WallTime wall() const override { return std::chrono::system_clock::now(); }
};

// Milliseconds since the epoch, as in stored records.
std::int64_t to_unix_ms(WallTime time);
// WallTime counts nanoseconds and has only the years 1678 to 2261: what is beyond becomes the
// nearest that it has.
WallTime from_unix_ms(std::int64_t ms);

// RFC 3339 in UTC with milliseconds: "2026-11-23T11:42:43.482Z".
std::string format_rfc3339(WallTime time);
// The same of any time in the years 0000 to 9999; what is beyond becomes the first or the last.
std::string format_unix_ms(std::int64_t ms);

}  // namespace holdfast
