// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/systemd_command.hpp"

#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "common/text/parse_json.hpp"
#include "supervisor/import/words.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace holdfast::supervisor::importer {

namespace {

constexpr std::string_view kSpaces = " \t\r\n";

bool ends_word(std::string_view text, std::size_t at) {
  return at >= text.size() || kSpaces.find(text[at]) != std::string_view::npos;
}

std::optional<unsigned> number_of(std::string_view digits, std::size_t length, int base) {
  unsigned value = 0;
  if (digits.size() != length) return {};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  const bool all = error == std::errc() && end == digits.data() + digits.size();
  return all && value != 0 ? std::optional(value) : std::nullopt;
}

std::string utf8_of(unsigned point) {
  if (point > 0x10FFFF) return {};
  const std::string json =
      point < 0x10000 ? fmt::format("\"\\u{:04x}\"", point)
                      : fmt::format("\"\\u{:04x}\\u{:04x}\"", 0xD800 + ((point - 0x10000) >> 10),
                                    0xDC00 + ((point - 0x10000) & 0x3FF));
  const auto text = text::parse_json<nlohmann::json>(json);
  return text.is_string() ? text.get<std::string>() : std::string();
}

// The escape sequence behind a '\': what it means, and its length. One that is not known stays.
std::pair<std::string, std::size_t> escape_sequence(std::string_view rest) {
  constexpr std::string_view kLetters = "abfnrtv\\\"'s";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"' ";
  if (rest.empty()) return {"\\", 0};
  if (const auto known = kLetters.find(rest.front()); known != std::string_view::npos)
    return {std::string(1, kMeanings[known]), 1};
  if (rest.front() == 'x') {
    if (const auto byte = number_of(rest.substr(1, 2), 2, 16))
      return {std::string(1, static_cast<char>(*byte)), 3};
  } else if (rest.front() == 'u' || rest.front() == 'U') {
    const std::size_t length = rest.front() == 'u' ? 4 : 8;
    if (const auto point = number_of(rest.substr(1, length), length, 16)) {
      if (std::string text = utf8_of(*point); !text.empty()) return {std::move(text), 1 + length};
    }
  } else if (const auto byte = number_of(rest.substr(0, 3), 3, 8); byte && *byte < 256) {
    return {std::string(1, static_cast<char>(*byte)), 3};
  }
  return {"\\", 0};
}

// The word that begins at `at`, which is moved behind it.
Result<std::string> next_word(std::string_view text, std::size_t& at) {
  std::string word;
  char quote = '\0';
  for (; at < text.size() && (quote != '\0' || !ends_word(text, at)); ++at) {
    const char c = text[at];
    if (c == '\\') {
      const auto [meant, length] = escape_sequence(text.substr(at + 1));
      word += meant;
      at += length;
    } else if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      word += c;
    }
  }
  if (quote != '\0')
    return fail(ErrorKind::InvalidArgument, fmt::format("a quote is not closed: {}", text));
  return word;
}

}  // namespace

Result<std::vector<std::string>> unit_words(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = text.find_first_not_of(kSpaces); at < text.size();
       at = text.find_first_not_of(kSpaces, at)) {
    HOLDFAST_TRY_ASSIGN(std::string word, next_word(text, at));
    words.push_back(std::move(word));
  }
  return words;
}

Result<std::vector<UnitCommand>> unit_commands(std::string_view text) {
  std::vector<UnitCommand> commands(1);
  std::size_t start = 0;
  const auto end_command = [&](std::size_t end) {
    commands.back().source = std::string(text::trim(text.substr(start, end - start)));
    if (commands.back().words.empty()) commands.pop_back();
  };
  for (std::size_t at = text.find_first_not_of(kSpaces); at < text.size();
       at = text.find_first_not_of(kSpaces, at)) {
    if (text[at] == ';' && ends_word(text, at + 1)) {
      end_command(at);
      commands.emplace_back();
      start = ++at;
    } else if (text.substr(at).starts_with("\\;") && ends_word(text, at + 2)) {
      commands.back().words.emplace_back(";");
      at += 2;
    } else {
      HOLDFAST_TRY_ASSIGN(std::string word, next_word(text, at));
      commands.back().words.push_back(std::move(word));
    }
  }
  end_command(text.size());
  return commands;
}

CommandWord command_word(std::string_view word) {
  // A shell splits its value into words, too.
  if (word.starts_with('$') && is_variable_name(word.substr(1)))
    return {"", std::string(word), true};
  CommandWord out;
  std::string quoted;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const std::string_view rest = word.substr(i);
    const auto close = rest.starts_with("${") ? rest.find('}') : std::string_view::npos;
    if (close != std::string_view::npos) {
      out.has_variables = true;
      // What is no name is never set.
      if (is_variable_name(rest.substr(2, close - 2))) quoted += rest.substr(0, close + 1);
      i += close;
      continue;
    }
    if (rest.starts_with("$$")) ++i;
    out.text += word[i];
    if (std::string_view("\"\\`$").find(word[i]) != std::string_view::npos) quoted += '\\';
    quoted += word[i];
  }
  out.for_shell = out.has_variables ? fmt::format("\"{}\"", quoted) : shell_quoted(out.text);
  return out;
}

}  // namespace holdfast::supervisor::importer
