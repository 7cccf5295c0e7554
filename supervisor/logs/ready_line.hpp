// SPDX-License-Identifier: Apache-2.0
#pragma once

// ReadyLine: looks in one stream of a worker's output for the line that means "ready"
// (`ready_log`). It matches what a person sees: the whole line, however many pieces and seconds it
// took to arrive, without colours and line-end characters.
//
// Threads: the log thread. A search is linear in the line, and a line counts up to kMaxVisible.

#include "common/text/pattern.hpp"
#include "supervisor/logs/log_line.hpp"

#include <string>
#include <utility>

namespace holdfast::supervisor::logs {

class ReadyLine {
 public:
  static constexpr std::size_t kMaxVisible = 16 * 1024;  // bytes of one line that are matched

  explicit ReadyLine(text::Pattern pattern) : pattern_(std::move(pattern)) {}

  // The next line or piece of one. Returns whether the line matches as far as it is known: a
  // prompt that is never followed by a newline is seen as well.
  bool matches(const LinePart& part);

 private:
  bool search(std::string_view line) const;

  text::Pattern pattern_;
  std::string line_;  // the pieces of the current line so far
};

}  // namespace holdfast::supervisor::logs
