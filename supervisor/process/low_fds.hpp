// SPDX-License-Identifier: Apache-2.0
#pragma once

// LowFds: descriptors with low numbers that are held in reserve. For the moment of a launch they
// become copies of what the child is given. A child that needs no descriptor above them neither
// copies the rest of our table nor closes it at its exec: with a thousand programs these are three
// thousand descriptors, and half of what a start costs.
//
// Threads: one. Owns the reserved descriptors.

#include "common/os/fd.hpp"

#include <vector>

namespace holdfast::supervisor::process {

class LowFds {
 public:
  // Above the targets of a usual program: 0 to 2, and a few sockets from 3 upward.
  static constexpr int kFirst = 16;
  static constexpr std::size_t kCount = 16;

  LowFds();  // throws std::system_error when /dev/null cannot be opened

  // The first number above all of them.
  unsigned end() const;
  // Whether this many sources fit, above all targets.
  bool fit(std::size_t sources, int last_target) const;
  int null() const { return row_.front().get(); }

  // Makes descriptor `index` (from 0) a copy of `source` until clear(). On failure returns false
  // and leaves errno set.
  bool put(std::size_t index, int source);
  int at(std::size_t index) const { return row_[index + 1].get(); }
  void clear();

 private:
  std::vector<Fd> row_;  // the first is always /dev/null, the others while they are unused
  std::vector<std::size_t> used_;
};

}  // namespace holdfast::supervisor::process
