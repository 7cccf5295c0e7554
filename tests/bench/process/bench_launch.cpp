// SPDX-License-Identifier: Apache-2.0

// bench_launch [COUNT]: microseconds from the call to a running program (its exec has succeeded),
// beside a bare fork and exec that waits for the exec in the same way and does nothing else.

#include "supervisor/process/launcher.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

using namespace holdfast;
using namespace holdfast::supervisor::process;

namespace {

pid_t bare_launch() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
  const pid_t pid = ::fork();
  if (pid == 0) {
    char* const arguments[] = {const_cast<char*>("true"), nullptr};
    ::execv("/bin/true", arguments);
    ::_exit(127);
  }
  ::close(ends[1]);
  char byte = 0;
  if (::read(ends[0], &byte, 1) != 0) std::abort();
  ::close(ends[0]);
  return pid;
}

pid_t full_launch(Launcher& launcher) {
  LaunchSpec spec;
  spec.executable = "/bin/true";
  spec.argv = {"true"};
  spec.envp = {"LISTEN_PID=", "LISTEN_FDS=0", "PATH=/usr/bin:/bin"};
  auto launched = launcher.launch(spec);
  if (!launched) std::abort();
  return launched->pid;
}

template <class Launch>
void measure(const char* name, int count, Launch&& launch) {
  std::vector<double> times;
  for (int i = 0; i < count; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const pid_t pid = launch();
    times.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin)
            .count());
    ::waitpid(pid, nullptr, 0);
  }
  std::sort(times.begin(), times.end());
  fmt::print("{:<24} p50 {:>7.0f} us   p90 {:>7.0f} us   least {:>7.0f} us\n", name,
             times[times.size() / 2], times[times.size() * 9 / 10], times.front());
}

}  // namespace

int main(int argc, char** argv) {
  const int count = std::max(argc > 1 ? std::atoi(argv[1]) : 1000, 1);
  Launcher launcher;
  measure("bare fork and exec", count, bare_launch);
  measure("launcher", count, [&] { return full_launch(launcher); });
}
