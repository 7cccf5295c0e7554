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

struct Children {
  std::vector<Process> living;
  std::set<pid_t> groups;  // of the dead ones, too
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
// Groups in a session of our own may have others than our descendants in them; the sessions that
// launched processes have begun have not.
Children look_at_children() {
  Children result;
  const pid_t session = ::getsid(0);
  for (const pid_t pid : list_processes()) {
    auto stat = read_process_stat(pid);
    if (!stat || stat->parent != ::getpid()) continue;
    if (stat->session != session) result.groups.insert(stat->group);
    if (!stat->dead()) result.living.push_back({pid, std::move(stat->name)});
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
  for (reap_children(); has_children(); reap_children()) {
    const MonoTime now = clock.mono();
    if (now >= deadline) {
      result.gone = false;
      break;
    }
    // None of these pids can be reused meanwhile: only this thread could reap them.
    const Children children = look_at_children();
    for (const Process& process : children.living) {
      if (terminated.insert(process.pid).second) {
        result.found.push_back(fmt::format("{} (pid {})", process.name, process.pid));
        ::kill(process.pid, SIGTERM);
        ::kill(process.pid, SIGCONT);
      }
      if (now < kill_at) continue;
      ::kill(process.pid, SIGKILL);
      result.killed = true;
    }
    // What forks and exits all the time is another process than the one that was looked at. A kill
    // of its group meets it, whichever it is by then; the dead ones have kept the group's number.
    for (const pid_t group : now >= kill_at ? children.groups : std::set<pid_t>())
      ::kill(-group, SIGKILL);
    wait_for_change();
  }
  return result;
}

}  // namespace holdfast::supervisor::process
