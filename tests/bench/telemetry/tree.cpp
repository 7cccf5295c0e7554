// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/telemetry/tree.hpp"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace holdfast::bench {

namespace fs = std::filesystem;

std::vector<pid_t> tree_of(pid_t root) {
  std::vector<pid_t> result{root};
  for (std::size_t i = 0; i < result.size(); ++i) {
    std::error_code error;
    for (const auto& task :
         fs::directory_iterator(fmt::format("/proc/{}/task", result[i]), error)) {
      std::ifstream text(task.path() / "children");
      for (pid_t child = 0; text >> child;)
        result.push_back(child);
    }
  }
  return result;
}

double cpu_ms_of(const std::vector<pid_t>& processes) {
  double sum = 0;
  for (const pid_t pid : processes) {
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &used) != 0) continue;
    sum += static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
  }
  return sum;
}

double resident_mib(pid_t pid) {
  std::ifstream in(fmt::format("/proc/{}/statm", pid));
  double size = 0;
  double resident = 0;
  in >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

std::size_t descriptors_of(pid_t pid) {
  std::error_code error;
  const fs::directory_iterator open(fmt::format("/proc/{}/fd", pid), error);
  return static_cast<std::size_t>(std::distance(fs::begin(open), fs::end(open)));
}

}  // namespace holdfast::bench
