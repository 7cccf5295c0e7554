// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/stack_joiner.hpp"

#include "common/text/ascii.hpp"
#include "supervisor/logs/text_level.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::size_t kMostBlanks = 3;

bool is_blank(std::string_view line) {
  return text::trim(line).empty();
}

bool is_inner(std::string_view line) {
  return line.starts_with(' ') || line.starts_with('\t');
}

// Parts of the words that a line about an error has: "error", "traceback", "critical", "exception",
// "fatal", "panic", "throwable", "severe", "uncaught", "unhandled", "goroutine".
constexpr std::array<std::string_view, 11> kErrorParts{"rror",    "race",     "ritical",  "xcep",
                                                       "fatal",   "panic",    "hrow",     "vere",
                                                       "ncaught", "nhandled", "goroutine"};
constexpr std::size_t kShortestPart = 4;

// Of two letters next to each other, in any case; others may get the same number.
constexpr std::size_t pair_of(char a, char b) {
  return static_cast<std::size_t>(a & 31) << 5 | static_cast<std::size_t>(b & 31);
}

// How far beyond a pair of letters the next one is that can end the first four of a part (Wu and
// Manber, "A fast algorithm for multi-pattern searching", 1994).
constexpr std::array<std::uint8_t, 1024> kShifts = [] {
  std::array<std::uint8_t, 1024> shifts{};
  shifts.fill(kShortestPart - 1);
  for (const std::string_view part : kErrorParts) {
    for (std::size_t end = 1; end < kShortestPart; ++end) {
      std::uint8_t& shift = shifts[pair_of(part[end - 1], part[end])];
      shift = std::min(shift, static_cast<std::uint8_t>(kShortestPart - 1 - end));
    }
  }
  return shifts;
}();

// Whether the line may be about an error, in any case. It is asked of each line, and most pairs of
// letters let it go on by three.
bool may_speak_of_error(std::string_view line) {
  for (std::size_t at = kShortestPart - 1; at < line.size();) {
    const std::size_t shift = kShifts[pair_of(line[at - 1], line[at])];
    if (shift > 0) {
      at += shift;
      continue;
    }
    const std::string_view rest = line.substr(at + 1 - kShortestPart);
    for (const std::string_view part : kErrorParts) {
      if (text::equals_ignoring_case(rest.substr(0, part.size()), part)) return true;
    }
    ++at;
  }
  return line.starts_with("** (");
}

}  // namespace

bool StackJoiner::begins_json(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && line[first] == '{' && !line.ends_with('{');
}

// Whether the line is held, for something may follow it.
bool StackJoiner::begin(std::string_view line) {
  if (is_blank(line)) return false;
  framed_ = is_frame(line);
  // What names no error is looked at no further.
  const bool suspect = may_speak_of_error(line);
  kind_ = suspect || hold_all_ ? stack_begins(line) : StackKind::None;
  if (!suspect && !framed_ && !hold_all_) return false;
  has_exception_ = kind_ == StackKind::Rust ? !line.ends_with(':') : is_exception(line);
  return true;
}

bool StackJoiner::continues(std::string_view line) {
  if (in_braces_ && (is_inner(line) || line == "}")) {
    in_braces_ = line != "}";
    return true;
  }
  in_braces_ = false;
  if (is_blank(line)) {
    // Something may follow it, in all but plain lines.
    const bool open = kind_ != StackKind::None || framed_;
    if (!open || blanks_ == kMostBlanks) return false;
    ++blanks_;
    return true;
  }
  if (is_frame(line)) {
    framed_ = true;
    in_braces_ = line.ends_with(" {");
    return true;
  }
  const bool open = kind_ != StackKind::None || framed_;
  if (open && may_be_frame(line)) return framed_ = true;
  if (open && line.starts_with("Traceback ")) {
    // Of the line that told of it, or of what the exception led to; else it is another one.
    if (!linked_ && (kind_ != StackKind::Error || has_exception_)) return false;
    kind_ = StackKind::Python;
    has_exception_ = linked_ = false;
    return true;
  }
  if (open && is_link(line)) {
    linked_ = line.starts_with("During handling ") || line.starts_with("The above exception ");
    return true;
  }
  return continues_kind(line);
}

bool StackJoiner::continues_kind(std::string_view line) {
  const bool after_blank = blanks_ > 0;
  switch (kind_) {
    case StackKind::None: return framed_ && is_inner(line) && !after_blank;
    case StackKind::Error:
      if (is_inner(line)) return !after_blank;
      // A log line, and then its exception.
      if (has_exception_ || framed_ || after_blank || !is_exception(line)) return false;
      has_exception_ = true;
      return true;
    case StackKind::Python:
      if (is_inner(line)) return !after_blank;
      if (has_exception_ || after_blank) return false;
      has_exception_ = true;
      return true;
    case StackKind::Go:
      return is_inner(line) || is_go_function(line) || line.starts_with("panic: ") ||
             line.starts_with("runtime: ");
    case StackKind::Rust:
      if (is_inner(line)) return !after_blank;
      if (has_exception_ || after_blank) return false;
      has_exception_ = true;  // the message, on a line of its own
      return true;
    case StackKind::Node:
      if (is_inner(line)) return !after_blank || framed_;
      if (has_exception_) return false;
      has_exception_ = is_exception(line) || line.starts_with("Uncaught");
      return has_exception_;
  }
  return false;
}

void StackJoiner::append(std::string_view line, std::string_view time) {
  if (lines_ == 0) time_.assign(time);
  if (is_blank(line)) return;  // counted, until something follows
  for (; blanks_ > 0; --blanks_, ++lines_) {
    if (lines_ > 0) text_.push_back('\n');
  }
  if (lines_ > 0) text_.push_back('\n');
  text_.append(line);
  ++lines_;
}

void StackJoiner::reset() {
  kind_ = StackKind::None;
  lines_ = 0;
  blanks_ = 0;
  framed_ = has_exception_ = in_braces_ = linked_ = false;
  constexpr std::size_t kIdle = 1024;
  if (text_.capacity() > kIdle) std::string().swap(text_);  // idle streams use no memory
}

}  // namespace holdfast::supervisor::logs
