// SPDX-License-Identifier: Apache-2.0
#pragma once

// What /proc says about a process under test.

#include <sys/types.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace holdfast::test {

struct ProcessStat {
  char state = '?';
  pid_t parent = 0;
  double cpu_seconds = 0;
};

inline ProcessStat stat_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  ProcessStat result;
  const auto paren = text.rfind(')');
  if (paren == std::string::npos) return result;
  std::istringstream fields(text.substr(paren + 1));
  std::string skipped;
  fields >> result.state >> result.parent;
  for (int field = 5; field <= 13; ++field)
    fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;  // fields 14 and 15 of proc(5)
  result.cpu_seconds = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return result;
}

inline std::size_t descriptors_of(pid_t pid) {
  std::size_t count = 0;
  std::error_code error;
  for (auto it = std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error);
       it != std::filesystem::directory_iterator(); it.increment(error)) {
    ++count;
  }
  return count;
}

inline std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> result;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto pid = static_cast<pid_t>(std::stol(name));
    if (stat_of(pid).parent == parent) result.push_back(pid);
  }
  return result;
}

inline std::size_t zombies_of(pid_t parent) {
  std::size_t count = 0;
  for (const pid_t pid : children_of(parent))
    count += stat_of(pid).state == 'Z' ? 1 : 0;
  return count;
}

inline std::uint64_t memory_kib_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
  }
  return 0;
}

}  // namespace holdfast::test
