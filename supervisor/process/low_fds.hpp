// SPDX-License-Identifier: Apache-2.0
#pragma once

// LowFds: a row of descriptors with low numbers, held open so that whatever a child is given can be
// put there for the moment of its launch. A child that needs nothing above the row does not copy
// the rest of our table, nor close it at its exec: with a thousand programs that is three thousand
// descriptors, and half of what a start costs.
//
// Threads: one. Owns the row.

#include "common/os/fd.hpp"

#include <vector>

namespace holdfast::supervisor::process {

class LowFds {
 public:
  // Above the targets of any usual program: 0 to 2, and a socket or two from 3 upward.
  static constexpr int kFirst = 16;
  static constexpr std::size_t kCount = 16;

  LowFds();  // throws std::system_error when /dev/null cannot be opened

  // The first number above the row.
  unsigned end() const;
  // Whether so many sources find a place above all targets.
  bool fit(std::size_t sources, int last_target) const;
  int null() const { return row_.front().get(); }

  // Makes place `index` (from 0) a copy of `source`, until clear(): false with errno.
  bool put(std::size_t index, int source);
  int at(std::size_t index) const { return row_[index + 1].get(); }
  void clear();

 private:
  std::vector<Fd> row_;  // the first stays /dev/null; so does each that is not in use
  std::vector<std::size_t> used_;
};

}  // namespace holdfast::supervisor::process
