// SPDX-License-Identifier: Apache-2.0
#pragma once

// Schedules: answers the core's PlanRun with the times of RunTimes, and plans anew when the wall
// clock is set or the machine has slept.
//
// Threads: one, that of the main loop.

#include "common/base/clock.hpp"
#include "common/config/config.hpp"
#include "common/log/logger.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/engine/run_memory.hpp"
#include "supervisor/engine/run_times.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace holdfast::supervisor {

class Schedules {
 public:
  // `tz`: the value of TZ, for timezone = "local". `feed` passes events to the core.
  Schedules(const Clock& clock, log::Logger& log, const std::filesystem::path& state_dir,
            const std::string& tz, std::function<void(core::Event)> feed);

  void plan(const core::PlanRun& request, const config::Config& config);
  // To be called every second or so: a clock that was set is noticed within that time.
  void check_clock();

 private:
  struct Entry {
    RunTimes times;
    bool remember;
  };
  Instant now() const { return {clock_.mono(), clock_.wall()}; }
  void answer(const std::string& program, const RunTimes& times,
              const std::optional<RunTimes::Plan>& plan);
  void remember(const std::string& program, const Entry& entry);

  const Clock& clock_;
  log::Logger& log_;
  const schedule::TimeZone local_;
  std::function<void(core::Event)> feed_;
  RunMemory memory_;
  std::map<std::string, Entry> entries_;
  Duration offset_;  // wall time minus monotonic time
};

}  // namespace holdfast::supervisor
