// SPDX-License-Identifier: Apache-2.0
#pragma once

// Kin: the processes that descend from one, remembered from one look to the next. After its end
// nothing says any more whose a process was that cleared its environment, left its session and lost
// its parent: only who saw it before knows.
//
// Threads: one.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace holdfast::supervisor::process {

class Kin {
 public:
  // The descendants of `root`, other than `except`. `entry`: a "NAME=value" in the environment by
  // which more of them are known.
  Kin(pid_t root, pid_t except, std::string entry);

  // Looks at the tree. Some ten microseconds for each process in it.
  void look();
  // The same when the root has ended or is about to: forgets nothing that was seen before.
  void look_once_more();

  // What is left of them, found by all that is known: those that were seen, their sessions,
  // whatever descends from either, and those with the entry. Reads all of /proc.
  std::vector<pid_t> left();

  std::size_t size() const { return seen_.size(); }

 private:
  std::map<pid_t, std::int64_t> descendants() const;  // pid, start_ticks

  const pid_t root_;
  const pid_t except_;
  const std::string entry_;
  std::map<pid_t, std::int64_t> seen_;
};

}  // namespace holdfast::supervisor::process
