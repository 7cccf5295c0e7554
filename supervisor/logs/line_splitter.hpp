// SPDX-License-Identifier: Apache-2.0
#pragma once

// LineSplitter: a stream of bytes cut into lines, whatever the sizes of the reads. A line longer
// than the cap is passed on in pieces, so that what a program prints never decides how much memory
// we need. Pure; one per stream.

#include "supervisor/logs/log_line.hpp"

#include <cstring>
#include <string>
#include <string_view>

namespace holdfast::supervisor::logs {

class LineSplitter {
 public:
  static constexpr std::size_t kCap = 64 * 1024;

  // Calls on_line(LinePart) for each line (or piece) that is complete now. The views last for the
  // call only.
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

  // Passes on a line that has not ended yet; what follows is taken as its continuation.
  template <class OnLine>
  void flush(OnLine&& on_line, bool at_end) {
    if (partial_.empty()) return;
    on_line(LinePart{partial_, inside_, !at_end});
    inside_ = !at_end;
    partial_.clear();
    partial_.shrink_to_fit();  // idle streams hold nothing
  }

  bool has_partial() const { return !partial_.empty(); }

 private:
  template <class OnLine>
  void end_line(std::string_view line, OnLine&& on_line) {
    // The end of a flushed or cut line may be empty: the newline alone, which says nothing.
    if (!inside_ || !line.empty()) on_line(LinePart{line, inside_, false});
    inside_ = false;
  }

  template <class OnLine>
  void keep(std::string_view text, OnLine&& on_line) {
    while (partial_.size() + text.size() > kCap) {
      const std::size_t room = kCap - partial_.size();
      partial_.append(text.substr(0, room));
      text.remove_prefix(room);
      on_line(LinePart{partial_, true, true});
      inside_ = true;
      partial_.clear();
    }
    partial_.append(text);
  }

  std::string partial_;
  bool inside_ = false;  // a piece of the current line has been passed on
};

}  // namespace holdfast::supervisor::logs
