// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/stack_joiner.hpp"

#include "common/text/ascii.hpp"
#include "common/text/byte_block.hpp"
#include "supervisor/logs/text_level.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::size_t kMostBlanks = 3;

bool is_blank(std::string_view line) {
  return text::trim(line).empty();
}

bool is_inner(std::string_view line) {
  return line.starts_with(' ') || line.starts_with('\t');
}

// A word that a line about an error has, and two letters of it that are rare next to each other.
struct ErrorWord {
  std::string_view word;
  std::size_t pair;
};

constexpr std::array kErrorWords{ErrorWord{"rror", 0},      ErrorWord{"xcep", 0},
                                 ErrorWord{"fatal", 0},     ErrorWord{"panic", 0},
                                 ErrorWord{"severe", 1},    ErrorWord{"hrow", 0},
                                 ErrorWord{"nhand", 0},     ErrorWord{"critical", 0},
                                 ErrorWord{"traceback", 4}, ErrorWord{"ncaught", 4}};

bool has_error_word_at(std::string_view line, std::size_t pair) {
  return std::any_of(kErrorWords.begin(), kErrorWords.end(), [&](const ErrorWord& word) {
    return pair >= word.pair &&
           text::equals_ignoring_case(line.substr(pair - word.pair, word.word.size()), word.word);
  });
}

template <std::size_t kWord>
text::ByteMarks pair_in(text::ByteBlock first, text::ByteBlock second) {
  constexpr ErrorWord kError = kErrorWords[kWord];
  constexpr unsigned char kFirst = kError.word[kError.pair];
  constexpr unsigned char kSecond = kError.word[kError.pair + 1];
  return (first == kFirst) & (second == kSecond);
}

// Where the pair of one of the words begins.
template <std::size_t... kWord>
text::ByteMarks pairs_in(text::ByteBlock first, text::ByteBlock second,
                         std::index_sequence<kWord...>) {
  return (pair_in<kWord>(first, second) | ...);
}

// Whether the line may be about an error, in any case. It is asked of each line.
bool may_speak_of_error(std::string_view line) {
  constexpr unsigned char kToLower = 0x20;  // of letters; what else it changes does no harm
  bool found = false;
  text::for_each_block(line, 0, [&](const char* block, std::size_t at) {
    const text::ByteMarks pairs =
        pairs_in(text::load_block(block) | kToLower, text::load_block(block + 1) | kToLower,
                 std::make_index_sequence<kErrorWords.size()>());
    if (!text::any(pairs)) return true;
    for (std::size_t i = text::first_of(pairs); i < text::kByteBlock && !found; ++i)
      found = pairs[i] != 0 && has_error_word_at(line, at + i);
    return !found;
  });
  if (found) return true;
  return line.starts_with("** (") || line.starts_with("goroutine ");
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
