// SPDX-License-Identifier: Apache-2.0
#pragma once

// LineSplitter: splits a stream of bytes into lines, whatever the sizes of the reads. A line longer
// than the cap is passed on in pieces, so that no program's output decides how much memory we use.
//
// Threads: one at a time; one per stream. Pure.

#include "supervisor/logs/log_line.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace holdfast::supervisor::logs {

class LineSplitter {
 public:
  static constexpr std::size_t kCap = 64 * 1024;

  // Calls on_line(LinePart) for each line (or piece) that is now complete. The views are valid
  // during the call only.
  template <class OnLine>
  void feed(std::string_view chunk, OnLine&& on_line) {
    while (!chunk.empty()) {
      const void* found = std::memchr(chunk.data(), '\n', chunk.size());
      if (found == nullptr) return keep(chunk, on_line);
      const std::size_t length =
          static_cast<std::size_t>(static_cast<const char*>(found) - chunk.data());
      if (partial_.empty() && length <= kCap) {
        end_line(chunk.substr(0, length), on_line);
      } else {
        keep(chunk.substr(0, length), on_line);
        end_line(partial_, on_line);
        partial_.clear();
      }
      chunk.remove_prefix(length + 1);
    }
  }

  // Passes on the unfinished line. Unless `at_end`, what follows is its continuation.
  template <class OnLine>
  void flush(OnLine&& on_line, bool at_end) {
    if (partial_.empty()) return;
    on_line(LinePart{partial_, inside_, !at_end, !inside_, true});
    inside_ = !at_end;
    partial_.clear();
    partial_.shrink_to_fit();  // idle streams use no memory
  }

  bool has_partial() const { return !partial_.empty(); }

 private:
  template <class OnLine>
  void end_line(std::string_view line, OnLine&& on_line) {
    // After a flushed or split line, the rest may be just the newline: nothing to pass on.
    if (!inside_ || !line.empty()) on_line(LinePart{line, inside_, false, !inside_});
    inside_ = false;
  }

  template <class OnLine>
  void keep(std::string_view text, OnLine&& on_line) {
    while (partial_.size() + text.size() > kCap) {
      const std::size_t room = kCap - partial_.size();
      partial_.append(text.substr(0, room));
      text.remove_prefix(room);
      on_line(LinePart{partial_, true, true, !inside_});
      inside_ = true;
      partial_.clear();
    }
    partial_.append(text);
  }

  std::string partial_;
  bool inside_ = false;  // part of the current line has been passed on
};

}  // namespace holdfast::supervisor::logs
