// SPDX-License-Identifier: Apache-2.0
#pragma once

// LineTail: the last lines that a process wrote, for its crash report. Grows with use up to a
// bound, so that a thousand quiet programs cost nothing.
//
// Threads: one at a time; pure.

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::logs {

class LineTail {
 public:
  static constexpr std::size_t kKept = 8 * 1024;  // bytes: a stack trace and some context
  // Of what Holdfast's own workers write to stderr, which is little until they print the stacks of
  // all their threads.
  static constexpr std::size_t kKeptOfStacks = 64 * 1024;

  // Whole lines, each ended by a newline and none longer than kKept. `kept`: what is to be left.
  void append(std::string_view lines, std::size_t kept = kKept);

  // Newest last. A line that was partly discarded is left out.
  std::vector<std::string> last(std::size_t count) const;

 private:
  std::string text_;  // whole lines, each ended by '\n'
};

// The two streams of one process, kept apart so that stdout never displaces the stack trace on
// stderr, whichever was read first.
struct ProcessTail {
  LineTail out;
  LineTail err;

  // The last lines of stdout, then those of stderr, which make up to three quarters.
  std::vector<std::string> last(std::size_t count) const;
};

}  // namespace holdfast::supervisor::logs
