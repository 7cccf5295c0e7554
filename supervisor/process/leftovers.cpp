// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/leftovers.hpp"

#include "common/os/proc.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

namespace holdfast::supervisor::process {

namespace {

constexpr long kSearchIntervalNs = 10'000'000;  // grandchildren become ours without a SIGCHLD

struct Process {
  pid_t pid = 0;
  std::string name;
};

void reap_children() {
  siginfo_t info{};
  while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0)
    info = {};
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// By their parent's pid: /proc/PID/task/TID/children would be shorter, but not every kernel has it.
std::vector<Process> living_children() {
  std::vector<Process> result;
  for (const pid_t pid : list_processes()) {
    auto stat = read_process_stat(pid);
    if (stat && stat->parent == ::getpid() && !stat->dead()) {
      result.push_back({pid, std::move(stat->name)});
    }
  }
  return result;
}

void wait_for_change() {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  const timespec interval{0, kSearchIntervalNs};
  ::sigtimedwait(&child, nullptr, &interval);
}

}  // namespace

Leftovers end_leftovers(const Clock& clock, MonoTime deadline) {
  Leftovers result;
  const MonoTime kill_at = clock.mono() + (deadline - clock.mono()) / 2;
  std::set<pid_t> terminated;
  for (;;) {
    reap_children();
    if (!has_children()) return result;
    const MonoTime now = clock.mono();
    if (now >= deadline) break;
    // None of these pids can be reused meanwhile: only this thread could reap them.
    for (const Process& process : living_children()) {
      if (terminated.insert(process.pid).second) {
        result.found.push_back(fmt::format("{} (pid {})", process.name, process.pid));
        ::kill(process.pid, SIGTERM);
        ::kill(process.pid, SIGCONT);
      }
      if (now < kill_at) continue;
      ::kill(process.pid, SIGKILL);
      result.killed = true;
    }
    wait_for_change();
  }
  result.gone = false;
  return result;
}

}  // namespace holdfast::supervisor::process
