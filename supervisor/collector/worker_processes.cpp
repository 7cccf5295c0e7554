// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/worker_processes.hpp"

#include "common/os/proc.hpp"

namespace holdfast::supervisor::collector {

namespace {

constexpr Duration kOrphansFresh = std::chrono::seconds(1);
constexpr std::size_t kMostProcesses = 4096;  // of one worker: a fork bomb must not hold us up

}  // namespace

void WorkerProcesses::find_orphans() {
  const MonoTime now = clock_.mono();
  if (orphans_at_ != MonoTime{} && now - orphans_at_ < kOrphansFresh) return;
  orphans_at_ = now;
  orphans_.clear();
  for (const pid_t pid : child_processes(supervisor_)) {
    const auto stat = read_process_stat(pid);
    // The first process of a worker leads a session; an orphan is in that of another.
    if (stat && stat->session != pid && !stat->dead()) orphans_[stat->session].push_back(pid);
  }
}

std::vector<pid_t> WorkerProcesses::others_of(pid_t leader) {
  if (leader == supervisor_) return {};  // its children are the workers
  std::vector<pid_t> others = child_processes(leader);
  find_orphans();
  if (const auto found = orphans_.find(leader); found != orphans_.end()) {
    others.insert(others.end(), found->second.begin(), found->second.end());
  }
  for (std::size_t i = 0; i < others.size() && others.size() < kMostProcesses; ++i) {
    const auto children = child_processes(others[i]);
    others.insert(others.end(), children.begin(), children.end());
  }
  return others;
}

}  // namespace holdfast::supervisor::collector
