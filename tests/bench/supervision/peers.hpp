// SPDX-License-Identifier: Apache-2.0
#pragma once

// The supervisors under measurement, each told in its own configuration to keep the same children
// running. Each gets its fastest honest settings, said where they are made, and keeps its defaults
// in everything else.

#include <sys/types.h>

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
  std::chrono::milliseconds stop_timeout{10'000};
};

// A supervisor that runs; killed with all that it left behind when it goes out of scope. One at a
// time: what outlives its parent is adopted by this process, and waited for.
class Running {
 public:
  Running(const std::vector<std::string>& argv,
          const std::map<std::string, std::string>& environment,
          const std::filesystem::path& output);
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();

  pid_t pid() const { return pid_; }
  std::int64_t started_ns() const { return started_ns_; }
  // SIGTERM, then until neither it nor any descendant is left. Milliseconds.
  double stop();

 private:
  bool all_gone();

  pid_t pid_ = -1;
  std::int64_t started_ns_ = 0;
};

class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string name() const = 0;
  // Its configuration and whatever else it wants in `directory`, which is fresh. `stamps` is where
  // the children report.
  virtual std::unique_ptr<Running> start(const Workload& workload,
                                         const std::filesystem::path& directory,
                                         const std::filesystem::path& stamps) const = 0;
  // The command that shows the state of everything; empty: it has none.
  virtual std::vector<std::string> status(const std::filesystem::path& directory) const {
    (void)directory;
    return {};
  }
  // How long a child must have run for its death to be answered at once.
  virtual std::chrono::milliseconds settles_in() const { return std::chrono::milliseconds(200); }
};

// In the order of the tables: floor, supervisord, s6, Holdfast; those that are installed.
std::vector<std::unique_ptr<Peer>> installed_peers();
std::unique_ptr<Peer> holdfast_peer();

std::filesystem::path bin_dir();

}  // namespace holdfast::bench
