// SPDX-License-Identifier: Apache-2.0
#include "common/text/visible.hpp"

#include "common/text/ascii.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>

namespace holdfast::text {

namespace {

constexpr char kEscape = '\x1b';
constexpr char kBell = '\x07';
constexpr char kBackspace = '\b';

bool between(char c, char low, char high) {
  return c >= low && c <= high;
}

std::size_t count_while(std::string_view text, std::size_t at, char low, char high) {
  std::size_t end = at;
  while (end < text.size() && between(text[end], low, high))
    ++end;
  return end - at;
}

struct EscapeSequence {
  std::size_t length = 1;
  bool moves = false;  // the cursor, to somewhere else than the end of the text
};

// `text` begins with ESC [. A malformed sequence ends before the first byte that cannot be part of
// it, so that a newline or a letter is never swallowed.
EscapeSequence control_sequence(std::string_view text) {
  std::size_t at = 2;
  at += count_while(text, at, '\x30', '\x3f');  // parameters
  at += count_while(text, at, '\x20', '\x2f');  // intermediates
  if (at == text.size() || !between(text[at], '\x40', '\x7e')) return {at, false};
  return {at + 1, std::string_view("ABEFGHJf").find(text[at]) != std::string_view::npos};
}

// `text` begins with ESC and one of ] P X ^ _ : a string for the terminal, such as a title or a
// hyperlink's address. It ends with ESC \, and by custom with BEL.
std::size_t control_string(std::string_view text) {
  for (std::size_t at = 2; at < text.size(); ++at) {
    if (text[at] == kBell) return at + 1;
    if (text[at] == kEscape) return text.substr(at).starts_with("\x1b\\") ? at + 2 : at;
  }
  return text.size();
}

EscapeSequence escape_sequence(std::string_view text) {
  if (text.size() < 2) return {1, false};
  if (text[1] == '[') return control_sequence(text);
  if (std::string_view("]PX^_").find(text[1]) != std::string_view::npos) {
    return {control_string(text), false};
  }
  const std::size_t at = 1 + count_while(text, 1, '\x20', '\x2f');
  const bool complete = at < text.size() && between(text[at], '\x30', '\x7e');
  return {complete ? at + 1 : at, false};
}

void erase_last_character(std::string& text) {
  while (!text.empty() && is_utf8_continuation(text.back()))
    text.pop_back();
  if (!text.empty()) text.pop_back();
}

}  // namespace

std::vector<std::string> visible_texts(std::string_view line, std::size_t max_bytes) {
  std::vector<std::string> texts;
  std::string text;
  const auto finish_text = [&] {
    if (text.empty()) return;
    text = std::string(truncate_utf8(text, max_bytes));
    max_bytes -= text.size();
    if (!text.empty()) texts.push_back(std::move(text));
    text.clear();
  };
  while (!line.empty() && text.size() < max_bytes) {
    std::size_t length = utf8_sequence(line);
    const char first = line.front();
    if (first == kEscape) {
      const EscapeSequence sequence = escape_sequence(line);
      length = sequence.length;
      if (sequence.moves) finish_text();
    } else if (first == '\r') {
      finish_text();
    } else if (first == kBackspace) {
      erase_last_character(text);
    } else if (length == 0) {
      text += kReplacementUtf8;
      length = 1;
    } else if (length > 1 || first == '\t' || !is_control(first)) {
      text += line.substr(0, length);
    }
    line.remove_prefix(length);
  }
  finish_text();
  return texts;
}

}  // namespace holdfast::text
