// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/stack_joiner.hpp"

#include "common/text/ascii.hpp"
#include "supervisor/logs/text_level.hpp"

#include <algorithm>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::size_t kMostBlanks = 3;

bool is_blank(std::string_view line) {
  return text::trim(line).empty();
}

bool is_inner(std::string_view line) {
  return line.starts_with(' ') || line.starts_with('\t');
}

// Whether the line may be about an error, in any case: "error", "exception", "traceback", "fatal",
// "panic", "critical", "severe", "throwable", "uncaught", "goroutine". One pass, for it is asked of
// each line.
bool may_speak_of_error(std::string_view line) {
  const auto follows = [line](std::size_t at, std::string_view rest) {
    return text::equals_ignoring_case(line.substr(at + 1, rest.size()), rest);
  };
  for (std::size_t i = 0; i + 3 < line.size(); ++i) {
    switch (line[i]) {
      case 'r':
      case 'R':
        if (follows(i, "ror") || follows(i, "ace") || follows(i, "itical")) return true;
        break;
      case 'x':
      case 'X':
        if (follows(i, "cep")) return true;
        break;
      case 'f':
      case 'F':
        if (follows(i, "atal")) return true;
        break;
      case 'p':
      case 'P':
        if (follows(i, "anic")) return true;
        break;
      case 'h':
      case 'H':
        if (follows(i, "row")) return true;
        break;
      case 'v':
      case 'V':
        if (follows(i, "ere")) return true;
        break;
      case 'n':
      case 'N':
        if (follows(i, "caught") || follows(i, "handled")) return true;
        break;
      case 'g':
        if (follows(i, "oroutine")) return true;
        break;
      default: break;
    }
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
