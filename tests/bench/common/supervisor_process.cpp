// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/common/supervisor_process.hpp"

#include "tests/bench/common/measure.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include <fstream>
#include <stdexcept>

namespace holdfast::bench {

namespace {

constexpr auto kPatience = std::chrono::seconds(90);

// Before the launch, so that no descendant is missed.
std::int64_t adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  return now_ns();
}

std::vector<pid_t> children() {
  std::vector<pid_t> result;
  std::ifstream text("/proc/thread-self/children");
  for (pid_t pid = 0; text >> pid;)
    result.push_back(pid);
  return result;
}

}  // namespace

SupervisorProcess::SupervisorProcess(const std::vector<std::string>& argv,
                                     const std::map<std::string, std::string>& environment,
                                     const std::filesystem::path& output)
    : started_ns_(adopt_orphans()), process_(argv, environment, output) {}

bool SupervisorProcess::all_gone() {
  if (!process_.poll()) return false;
  for (const pid_t pid : children())
    ::waitpid(pid, nullptr, WNOHANG);
  return children().empty();
}

double SupervisorProcess::stop() {
  const std::int64_t began = now_ns();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  process_.signal(SIGTERM);
  while (!all_gone()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("the supervisor does not stop");
    }
    const timespec moment{0, 100'000};
    ::nanosleep(&moment, nullptr);
  }
  return ms_between(began, now_ns());
}

SupervisorProcess::~SupervisorProcess() {
  process_.kill();
  while (!all_gone()) {
    for (const pid_t pid : children())
      ::kill(pid, SIGKILL);
    ::poll(nullptr, 0, 1);
  }
}

}  // namespace holdfast::bench
