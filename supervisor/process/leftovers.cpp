// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/leftovers.hpp"

#include "common/text/number.hpp"

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

constexpr long kLookAgainNs = 10'000'000;  // children of children arrive without a SIGCHLD

struct Process {
  pid_t pid = 0;
  std::string name;
};

void reap_the_dead() {
  siginfo_t info{};
  while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0)
    info = {};
}

bool any_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

// By the parent's pid in /proc/PID/stat, "4711 (any name) S 1 …": every kernel has that.
std::vector<Process> children() {
  std::vector<Process> result;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    const auto pid = text::parse_number<pid_t>(name);
    if (!pid) continue;
    std::ifstream file(entry.path() / "stat");
    std::string stat;
    if (!std::getline(file, stat)) continue;
    const auto open = stat.find('(');
    const auto close = stat.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    char state = 0;
    pid_t parent = 0;
    if (std::sscanf(stat.c_str() + close + 1, " %c %d", &state, &parent) != 2) continue;
    if (parent == ::getpid() && state != 'Z') {
      result.push_back({*pid, stat.substr(open + 1, close - open - 1)});
    }
  }
  return result;
}

void wait_a_moment() {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  const timespec moment{0, kLookAgainNs};
  ::sigtimedwait(&child, nullptr, &moment);
}

}  // namespace

Leftovers end_leftovers(const Clock& clock, MonoTime deadline) {
  Leftovers result;
  const MonoTime kill_at = clock.mono() + (deadline - clock.mono()) / 2;
  std::set<pid_t> told;
  for (;;) {
    reap_the_dead();
    if (!any_children()) return result;
    const MonoTime now = clock.mono();
    if (now >= deadline) break;
    // None of these pids can be given away in between: only we could reap them.
    for (const Process& process : children()) {
      if (told.insert(process.pid).second) {
        result.found.push_back(fmt::format("{} (pid {})", process.name, process.pid));
        ::kill(process.pid, SIGTERM);
        ::kill(process.pid, SIGCONT);
      }
      if (now < kill_at) continue;
      ::kill(process.pid, SIGKILL);
      result.killed = true;
    }
    wait_a_moment();
  }
  result.gone = false;
  return result;
}

}  // namespace holdfast::supervisor::process
