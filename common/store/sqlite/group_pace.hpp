// SPDX-License-Identifier: Apache-2.0
#pragma once

// GroupPace: how long writes that need no sync wait for others to share their commit.
//
// A queue worker that is given a thousand jobs a second would make three thousand commits of them:
// each claim, each result and each step of merging the index one of its own. Every commit takes the
// lock of all writers, reads again what other processes have changed, and writes a page for each
// table and index that it touches. So beyond some hundred commits of single writes a second they
// are spread evenly, and what comes meanwhile shares the next one. Up to that rate, and after a
// pause, nothing waits; nor while a backlog is drained, whose commits are of many writes.
//
// The rule is the virtual scheduling algorithm of a leaky bucket (ITU-T I.371, "GCRA"), in which a
// commit costs the less the more writes share it, and pays for others beyond kEnough. Pure; one
// thread.

#include "common/base/clock.hpp"

#include <chrono>
#include <cstddef>

namespace holdfast::store::sqlite {

class GroupPace {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(4);
  static constexpr int kBurst = 16;          // commits of one write that nothing holds back
  static constexpr std::size_t kEnough = 8;  // writes that are worth a commit at any time

  // For how long a group of `waiting` writes that need no sync is kept open. Zero: commit it now.
  Duration wait(MonoTime now, std::size_t waiting) const;
  // A group of so many, at least one, is being committed.
  void took(MonoTime now, std::size_t writes);

 private:
  MonoTime due_{};  // of the next commit of one write, at an even rate
};

}  // namespace holdfast::store::sqlite
