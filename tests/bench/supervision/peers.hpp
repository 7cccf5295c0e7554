// SPDX-License-Identifier: Apache-2.0
#pragma once

// The supervisors under measurement. Each is configured to keep the same children running, with the
// fastest settings that are still honest (explained where they are made) and defaults otherwise.

#include "tests/bench/common/supervisor_process.hpp"
#include "tests/support/stack.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::bench {

struct Workload {
  int children = 1;
  bool one_program_each = false;  // Holdfast: a program per child instead of replicas of one
  bool notifies = false;          // Holdfast: ready by READY=1 instead of as soon as it runs
  bool stubborn = false;          // the children ignore SIGTERM
  long lines = 0;                 // that each child writes; into `log` of the directory
  std::chrono::milliseconds stop_timeout{10'000};
};

class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string name() const = 0;
  // Writes its configuration into `directory`, which is empty, and starts it. The children report
  // to `stamps`.
  virtual std::unique_ptr<SupervisorProcess> start(const Workload& workload,
                                                   const std::filesystem::path& directory,
                                                   const std::filesystem::path& stamps) const = 0;
  // The command that shows the state of all programs; empty if there is none.
  virtual std::vector<std::string> status(const std::filesystem::path& directory) const {
    (void)directory;
    return {};
  }
  // How long a child must have run to be restarted at once after its death.
  virtual std::chrono::milliseconds settles_in() const { return std::chrono::milliseconds(200); }
};

// In the order of the tables: floor, supervisord, s6, Holdfast; those that are installed.
std::vector<std::unique_ptr<Peer>> installed_peers();
std::unique_ptr<Peer> holdfast_peer();

using test::bin_dir;

}  // namespace holdfast::bench
