// SPDX-License-Identifier: Apache-2.0
#pragma once

// LineTail: the last lines that a process wrote, for the report of its crash. Grows with use up to
// a bound, so that a thousand quiet programs cost nothing. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::logs {

class LineTail {
 public:
  static constexpr std::size_t kKept = 8 * 1024;  // bytes: a stack trace and what led to it

  // Whole lines, each ended by a newline and none longer than kKept.
  void append(std::string_view lines);

  // The newest last; a line that is partly gone is left out.
  std::vector<std::string> last(std::size_t count) const;

 private:
  std::string text_;  // whole lines, each ended by '\n'
};

// The two streams of one process, kept apart: what it writes to stdout never pushes out the stack
// that it printed on stderr, whichever was read first.
struct ProcessTail {
  LineTail out;
  LineTail err;

  // The last lines of stdout, then those of stderr, which get up to three quarters.
  std::vector<std::string> last(std::size_t count) const;
};

}  // namespace holdfast::supervisor::logs
