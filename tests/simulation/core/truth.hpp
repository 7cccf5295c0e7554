// SPDX-License-Identifier: Apache-2.0
#pragma once

// Truth: the actual state of the simulated world, derived only from the actions taken and the
// events delivered, never from what the fleet reports about itself.

#include "supervisor/core/fleet.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace holdfast::supervisor::core::simulation {

struct Worker {
  bool spawned = false;  // Spawned was delivered
  bool ready = false;
  bool ready_early = false;
  bool stop_requested = false;     // a stop signal or SIGABRT was sent, or it announced its stop
  std::uint32_t max_starting = 0;  // when it was asked for
  bool served = false;             // it was ready
  bool restart = false;            // the process before it in its slot was ready
  bool exited = false;             // and left others behind, which are still there
  int leftover_signals = 0;        // since then
  bool after_shutdown = false;     // spawned after the shutdown began
  int stops = 0;
  int aborts = 0;
  int kills = 0;
  bool beats = false;  // it has sent a heartbeat
  bool said_hung = false;
  bool checking = false;     // a health check is under way
  std::uint32_t misses = 0;  // health checks that failed, in a row
  std::string command;       // that it was made from
  MonoTime ready_at{};
  MonoTime extended_until{};  // as it asked for what it is doing now
  MonoTime stop_requested_at{};
  std::int64_t pid = 0;
};

struct Truth {
  std::map<ProcessId, Worker> live;             // requested and not exited
  std::map<SlotId, std::uint64_t> incarnation;  // the highest ever requested
  std::vector<ProcessId> ended;
  std::map<SlotId, std::set<std::string>> served_with;  // the commands of those that were ready
  std::set<SlotId> last_served;          // slots whose last process to end had been ready
  std::set<std::uint32_t> rolling;       // programs between RollingStarted and its end
  std::map<std::uint64_t, int> replies;  // request -> answers
  std::map<std::string, std::uint32_t> wanted;
  std::vector<config::Program> programs;  // as last loaded
  std::uint32_t max_starting = 0;
  Duration shutdown_deadline{};

  std::optional<MonoTime> shutdown;
  std::optional<MonoTime> fast;
  bool hopeless_exit = false;
  bool forced = false;
  std::optional<Finish> finish;
  std::optional<MonoTime> armed;

  MonoTime kill_at() const {
    const MonoTime slow = *shutdown + shutdown_deadline / 30 * 25;
    return fast ? std::min(slow, *fast + std::chrono::seconds(2)) : slow;
  }
  MonoTime finish_at() const {
    const MonoTime slow = *shutdown + shutdown_deadline / 30 * 28;
    return fast ? std::min(slow, kill_at() + shutdown_deadline / 30 * 3) : slow;
  }
  const config::Program* configured(const std::string& name) const {
    for (const config::Program& program : programs) {
      if (program.name == name) return &program;
    }
    return nullptr;
  }
};

}  // namespace holdfast::supervisor::core::simulation
