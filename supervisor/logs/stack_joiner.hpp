// SPDX-License-Identifier: Apache-2.0
#pragma once

// StackJoiner: makes one record of the lines of a stack trace that a program writes as plain text.
// What belongs together is told by how such lines look (stack_text.hpp): frames, what is indented
// below an error, "Caused by", the rest of a panic. Everything else passes through as it comes, one
// line at a time, and nothing changes its order.
//
// A line that something may follow is held until the next line, flush(), or the caller's patience
// (kPatience) ends. A record that grows beyond kMaxLines or kMaxBytes is passed on in parts, all
// but the last with `continues`.
//
// Threads: one at a time; one joiner per stream. Pure.

#include "supervisor/logs/log_line.hpp"
#include "supervisor/logs/stack_text.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace holdfast::supervisor::logs {

class StackJoiner {
 public:
  static constexpr std::size_t kMaxLines = 512;
  static constexpr std::size_t kMaxBytes = 32 * 1024;
  static constexpr std::chrono::milliseconds kPatience{200};

  // `hold_all`: any plain line may have frames after it, as on standard error. Otherwise only those
  // that speak of an error are held.
  explicit StackJoiner(bool hold_all) : hold_all_(hold_all) {}

  // Calls emit(LinePart, std::string_view time) for what is complete now. A record of more than one
  // line has its newlines in `text`, and `lines`. The views are valid during the call only.
  template <class Emit>
  void feed(const LinePart& part, std::string_view time, Emit&& emit) {
    const bool whole = !part.piece && part.first && !part.continues;
    const std::string_view line =
        part.text.ends_with('\r') ? part.text.substr(0, part.text.size() - 1) : part.text;
    if (!whole || begins_json(line)) {
      flush(emit);
      emit(part, time);
      return;
    }
    if (lines_ > 0) {
      if (continues(line)) {
        const bool full =
            lines_ + blanks_ >= kMaxLines || text_.size() + blanks_ + line.size() >= kMaxBytes;
        if (full) pass_on(true, emit);
        append(line, time);
        return;
      }
      flush(emit);
    }
    if (!begin(line)) {
      emit(part, time);
      return;
    }
    append(line, time);
  }

  // Passes on what is held.
  template <class Emit>
  void flush(Emit&& emit) {
    if (lines_ > 0) pass_on(false, emit);
    for (; blanks_ > 0; --blanks_)
      emit(LinePart{}, std::string_view(time_));
    reset();
  }

  bool holds() const { return lines_ > 0; }

 private:
  static bool begins_json(std::string_view line);
  bool begin(std::string_view line);
  bool continues(std::string_view line);
  bool continues_kind(std::string_view line);
  void append(std::string_view line, std::string_view time);
  void reset();

  template <class Emit>
  void pass_on(bool more, Emit&& emit) {
    LinePart part;
    part.text = text_;
    part.continues = more;
    part.lines = lines_;
    part.stack = lines_ > 1 && (framed_ || kind_ != StackKind::None);
    if (lines_ > 0) emit(part, std::string_view(time_));
    text_.clear();
    lines_ = 0;
  }

  const bool hold_all_;
  StackKind kind_ = StackKind::None;
  std::string text_;
  std::string time_;
  std::size_t lines_ = 0;
  std::size_t blanks_ = 0;      // blank lines after it, which belong to it if something follows
  bool framed_ = false;         // it has frames
  bool has_exception_ = false;  // its exception has been named
  bool linked_ = false;         // "During handling of the above exception, …" came last
  bool in_braces_ = false;      // Node shows the properties of an error in braces
};

}  // namespace holdfast::supervisor::logs
