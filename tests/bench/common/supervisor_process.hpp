// SPDX-License-Identifier: Apache-2.0
#pragma once

// A supervisor under measurement, Holdfast or another: it is killed with everything that it left
// behind when the object is destroyed. One at a time: what outlives its parent is adopted by this
// process, which reaps it.

#include "tests/support/process.hpp"

#include <cstdint>

namespace holdfast::bench {

class SupervisorProcess {
 public:
  SupervisorProcess(const std::vector<std::string>& argv,
                    const std::map<std::string, std::string>& environment,
                    const std::filesystem::path& output);
  SupervisorProcess(const SupervisorProcess&) = delete;
  SupervisorProcess& operator=(const SupervisorProcess&) = delete;
  ~SupervisorProcess();

  pid_t pid() const { return process_.pid(); }
  std::int64_t started_ns() const { return started_ns_; }  // taken just before its launch
  // SIGTERM, then waits until neither it nor any descendant is left. Milliseconds.
  double stop();

 private:
  bool all_gone();

  std::int64_t started_ns_;
  test::Process process_;
};

}  // namespace holdfast::bench
