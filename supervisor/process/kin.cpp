// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/kin.hpp"

#include "common/os/proc.hpp"

#include <utility>

namespace holdfast::supervisor::process {

Kin::Kin(pid_t root, pid_t except, std::string entry)
    : root_(root), except_(except), entry_(std::move(entry)) {}

// The start of a process that was seen a moment ago is not read again.
std::map<pid_t, std::int64_t> Kin::descendants() const {
  std::map<pid_t, std::int64_t> found;
  std::vector<pid_t> parents{root_};
  while (!parents.empty()) {
    const pid_t parent = parents.back();
    parents.pop_back();
    for (const pid_t pid : child_processes(parent)) {
      if (pid == except_ || found.contains(pid)) continue;
      const auto known = seen_.find(pid);
      const std::int64_t started = known != seen_.end() ? known->second : process_started(pid);
      if (started == 0) continue;  // it has ended
      found.emplace(pid, started);
      parents.push_back(pid);
    }
  }
  return found;
}

void Kin::look() {
  seen_ = descendants();
}

void Kin::look_once_more() {
  seen_.merge(descendants());
}

std::vector<pid_t> Kin::left() {
  struct Process {
    pid_t pid;
    ProcessStat stat;
  };
  std::vector<Process> all;
  std::map<pid_t, std::int64_t> alive;
  for (const pid_t pid : list_processes()) {
    auto stat = read_process_stat(pid);
    if (!stat || pid == except_ || pid == root_) continue;
    alive.emplace(pid, static_cast<std::int64_t>(stat->start_ticks));
    if (!stat->dead()) all.push_back({pid, std::move(*stat)});
  }
  // A session outlives its leader, whose pid is not reused as long; unless it was, and leads
  // another.
  const auto is_seen = [&](pid_t pid, bool or_ended) {
    const auto seen = seen_.find(pid);
    if (seen == seen_.end()) return false;
    const auto now = alive.find(pid);
    return now == alive.end() ? or_ended : now->second == seen->second;
  };
  std::set<pid_t> ours;
  for (const Process& process : all) {
    if (is_seen(process.pid, false) || is_seen(process.stat.session, true) ||
        has_environment_entry(process.pid, entry_)) {
      ours.insert(process.pid);
    }
  }
  for (bool grown = true; std::exchange(grown, false);) {
    for (const Process& process : all) {
      if (ours.contains(process.stat.parent) && ours.insert(process.pid).second) grown = true;
    }
  }
  for (const Process& process : all) {
    if (ours.contains(process.pid)) seen_.insert_or_assign(process.pid, alive.at(process.pid));
  }
  return {ours.begin(), ours.end()};
}

}  // namespace holdfast::supervisor::process
