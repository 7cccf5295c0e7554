// SPDX-License-Identifier: Apache-2.0
#pragma once

// LogLevels: the log levels that an administrator has chosen at run time, until the next reload:
// of the supervisor's own lines (and with it, the level below which lines of foreign programs are
// left out), and of Holdfast's workers.
//
// Threads: the main loop.

#include "common/base/result.hpp"
#include "common/log/logger.hpp"
#include "supervisor/core/fleet.hpp"
#include "supervisor/engine/processes.hpp"
#include "supervisor/logs/log_relay.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor {

class LogLevels {
 public:
  // All of it outlives the object.
  LogLevels(const log::Logger& log, logs::LogRelay& relay, Processes& processes)
      : log_(log), relay_(relay), processes_(processes) {}

  // `level`: nothing for `configured`. Returns what was done, for people. Nothing is done if one of
  // the names stands for nothing, or for a program that is not Holdfast's.
  Result<std::string> choose(const std::vector<std::string>& names, std::optional<log::Level> level,
                             const core::FleetView& view, log::Level configured);
  // A new configuration is in force.
  void reset(log::Level configured);

  // By program ("api-worker"), by worker ("api-worker.0"), or "holdfast".
  const std::map<std::string, log::Level>& chosen() const { return chosen_; }

 private:
  void set_own(log::Level level);
  void note(const std::string& name, std::optional<log::Level> level);

  const log::Logger& log_;
  logs::LogRelay& relay_;
  Processes& processes_;
  std::map<std::string, log::Level> chosen_;
};

}  // namespace holdfast::supervisor
