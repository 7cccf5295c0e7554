// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/text_level.hpp"

#include "common/text/ascii.hpp"
#include "supervisor/logs/head_bits.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::size_t kHead = 160;
static_assert(kHead <= HeadBits::kLongest);
constexpr std::size_t kHeadOfJson = 2048;
constexpr std::size_t kMostWords = 7;

struct Word {
  std::string_view name;
  log::Level level;
};

constexpr std::array kWords{
    Word{"trace", log::Level::Trace},     Word{"debug", log::Level::Debug},
    Word{"verbose", log::Level::Debug},   Word{"fine", log::Level::Debug},
    Word{"info", log::Level::Info},       Word{"information", log::Level::Info},
    Word{"notice", log::Level::Info},     Word{"warn", log::Level::Warn},
    Word{"warning", log::Level::Warn},    Word{"error", log::Level::Error},
    Word{"err", log::Level::Error},       Word{"severe", log::Level::Error},
    Word{"critical", log::Level::Error},  Word{"crit", log::Level::Error},
    Word{"fatal", log::Level::Error},     Word{"panic", log::Level::Error},
    Word{"alert", log::Level::Error},     Word{"emerg", log::Level::Error},
    Word{"emergency", log::Level::Error}, Word{"wrn", log::Level::Warn},
    Word{"ftl", log::Level::Error},       Word{"eror", log::Level::Error}};

constexpr std::size_t kLongest = 11;

// By the first letter: which lengths the names that begin with it have, as bits. Nearly every word
// of nearly every line is ruled out by it.
constexpr std::array<std::uint16_t, 26> kLengths = [] {
  std::array<std::uint16_t, 26> lengths{};
  for (const Word& word : kWords) {
    std::uint16_t& bits = lengths[static_cast<std::size_t>(word.name.front() - 'a')];
    bits = static_cast<std::uint16_t>(bits | 1u << word.name.size());
  }
  return lengths;
}();

std::optional<log::Level> level_named(std::string_view word) {
  if (word.size() < 3 || word.size() > kLongest) return std::nullopt;
  const auto letter = static_cast<std::size_t>(text::to_lower(word.front()) - 'a');
  if (letter >= kLengths.size() || (kLengths[letter] >> word.size() & 1u) == 0) return std::nullopt;
  for (const Word& known : kWords) {
    if (text::equals_ignoring_case(word, known.name)) return known.level;
  }
  return std::nullopt;
}

bool is_upper_word(std::string_view word) {
  return text::all_of(word, text::is_upper);
}

bool is_space(char c) {
  return c == ' ' || c == '\t';
}

// Without colours (ECMA-48's SGR), where there are any.
std::string_view without_colours(std::string_view head, std::string& buffer) {
  if (head.find('\x1b') == std::string_view::npos) return head;
  buffer.clear();
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head[i] != '\x1b') {
      buffer.push_back(head[i]);
      continue;
    }
    while (i < head.size() && !text::is_alpha(head[i]))
      ++i;
  }
  return buffer;
}

// "E1129 10:00:00.000000"
std::optional<log::Level> glog_level(std::string_view line) {
  constexpr std::size_t kDate = 5;
  if (line.size() <= kDate || line[kDate] != ' ' ||
      !text::all_of(line.substr(1, kDate - 1), text::is_digit))
    return std::nullopt;
  switch (line.front()) {
    case 'I': return log::Level::Info;
    case 'W': return log::Level::Warn;
    case 'E':
    case 'F': return log::Level::Error;
    default: return std::nullopt;
  }
}

// sd-daemon(3): "<3>" at the beginning, for programs that log to the journal.
std::optional<log::Level> priority(std::string_view line) {
  if (line.size() < kPriorityPrefix || line[0] != '<' || line[2] != '>') return std::nullopt;
  switch (line[1]) {
    case '0':
    case '1':
    case '2':
    case '3': return log::Level::Error;
    case '4': return log::Level::Warn;
    case '5':
    case '6': return log::Level::Info;
    case '7': return log::Level::Debug;
    default: return std::nullopt;
  }
}

// What valgrind and the sanitizers put first: "==7==ERROR: …".
void skip_process(std::string_view& head) {
  if (!head.starts_with("==")) return;
  const auto end = head.find_first_not_of("0123456789", 2);
  if (end == 2 || end == std::string_view::npos || !head.substr(end).starts_with("==")) return;
  head.remove_prefix(end + 2);
}

// "level=error", "lvl=\"warn\""
std::optional<log::Level> assigned_level(std::string_view head) {
  for (const std::string_view key : {"level=", "lvl=", "severity="}) {
    const auto at = head.find(key);
    if (at == std::string_view::npos || (at > 0 && !is_space(head[at - 1]))) continue;
    std::string_view value = head.substr(at + key.size());
    if (value.starts_with('"')) value.remove_prefix(1);
    std::size_t end = 0;
    while (end < value.size() && text::is_alpha(value[end]))
      ++end;
    return level_named(value.substr(0, end));
  }
  return std::nullopt;
}

// JSON that is none, with a NaN in it or cut off: "{"level":"error",". Numbers are pino's.
std::optional<log::Level> level_of_torn_json(std::string_view head) {
  for (const std::string_view key : {"\"level\"", "\"severity\"", "\"levelname\"", "\"lvl\"",
                                     "\"log.level\"", "\"level_name\"", "\"loglevel\"", "\"@l\""}) {
    const auto at = head.find(key);
    if (at == std::string_view::npos) continue;
    std::string_view value = text::trim(head.substr(at + key.size()));
    if (!value.starts_with(':')) continue;
    value = text::trim(value.substr(1));
    if (value.starts_with('"')) {
      value.remove_prefix(1);
      return level_named(value.substr(0, value.find('"')));
    }
    if (value.starts_with("50") || value.starts_with("60")) return log::Level::Error;
    if (value.starts_with("40")) return log::Level::Warn;
    return std::nullopt;
  }
  return std::nullopt;
}

// .NET's console: "fail: Shop.Orders[7]". Of its names these are nobody else's.
std::optional<log::Level> dotnet_level(std::string_view head) {
  constexpr std::size_t kName = 6;
  if (head.size() <= kName || head.substr(4, 2) != ": ") return std::nullopt;
  const std::string_view category =
      head.substr(kName, std::min(head.find_first_of(" \t\n", kName), head.size()) - kName);
  if (!category.ends_with(']') || category.find('[') == std::string_view::npos) return std::nullopt;
  if (head.starts_with("fail")) return log::Level::Error;
  if (head.starts_with("dbug")) return log::Level::Debug;
  if (head.starts_with("trce")) return log::Level::Trace;
  return std::nullopt;
}

// Monolog's "app.ERROR:", after its time.
std::optional<log::Level> channel_level(std::string_view word) {
  const std::size_t dot = word.rfind('.');
  if (!word.ends_with(':') || dot == std::string_view::npos) return std::nullopt;
  const std::string_view level = word.substr(dot + 1, word.size() - dot - 2);
  return is_upper_word(level) ? level_named(level) : std::nullopt;
}

// What may stand before a level: times, ids, what is in brackets, separators. They show it early.
bool is_header_word(std::string_view head, HeadBits& bits, std::size_t at, std::size_t end) {
  constexpr std::size_t kEarly = 32;
  const std::size_t early = std::min(end, at + kEarly);
  if (bits.header_mark(at, early) < early) return true;
  const std::string_view word = head.substr(at, end - at);
  if (word.find_first_not_of("-:,.#*=") == std::string_view::npos) return true;
  return word == "UTC" || word == "GMT" || word == "AM" || word == "PM" ||
         (word.size() == 2 && word[1] == ',');  // Ruby's "E,"
}

struct Place {
  bool first = false;      // of the line
  bool in_header = false;  // nothing but times and the like before it
  char before = ' ';
  char after = ' ';
};

bool states_level(std::string_view word, const Place& place) {
  const bool enclosed = (place.before == '[' && place.after == ']') ||
                        (place.before == '(' && place.after == ')') ||
                        (place.before == '<' && place.after == '>') ||
                        (place.before == ':' && place.after == ']');  // Apache's "[core:error]"
  if (enclosed) return true;
  if (place.before == '\t' && place.after == '\t') return true;  // zap
  const bool upper = is_upper_word(word);
  if (place.first && place.after == ':') return true;
  if (!upper) return false;
  if (place.before == ' ' && place.after == '/') return place.in_header;  // celery's "ERROR/Main"
  if (place.before == '[' || place.before == '|') return place.in_header;
  if (!is_space(place.before)) return false;
  return place.in_header || place.after == ':';
}

// "app - ERROR - no route": between separators, whatever stands before them.
bool is_between_dashes(std::string_view head, std::size_t begin, std::size_t end) {
  return begin >= 3 && head.substr(begin - 3, 3) == " - " && head.substr(end, 3) == " - ";
}

// After the header: a word in lower case states no level unless something sets it apart.
bool is_mere_text(std::string_view head, std::size_t at) {
  return text::is_lower(head[at]) && at >= 3 && head[at - 1] == ' ' && head[at - 2] != '-';
}

}  // namespace

bool has_priority(std::string_view line) {
  return priority(line).has_value();
}

std::optional<log::Level> text_level(std::string_view line) {
  std::string buffer;
  std::string_view head = without_colours(line.substr(0, kHead), buffer);
  if (const auto level = priority(head)) return level;
  skip_process(head);
  if (head.starts_with("{\"")) return level_of_torn_json(line.substr(0, kHeadOfJson));
  if (head.starts_with("PHP Fatal error:") || head.starts_with("PHP Parse error:"))
    return log::Level::Error;
  if (head.size() < 3) return std::nullopt;
  if (const auto level = glog_level(head)) return level;
  if (const auto level = dotnet_level(head)) return level;
  if (head.find('=') != std::string_view::npos) {
    if (const auto level = assigned_level(head)) return level;
  }
  HeadBits bits(head);
  bool in_header = true;
  std::size_t at = 0;
  for (std::size_t words = 0; words < kMostWords && at < head.size(); ++words) {
    at = bits.no_space(at, head.size());
    if (at == head.size()) break;
    const std::size_t end = bits.space(at, head.size());
    if (!in_header && is_mere_text(head, at)) {
      at = end;
      continue;
    }
    // The letters of the word, which may be enclosed or followed by more.
    std::size_t from = bits.letter(at, end);
    // Apache names its module first.
    if (head[at] == '[' && head[end - 1] == ']' && text::is_alpha(head[end - 2])) {
      const auto colon = head.substr(at, end - at).find(':');
      if (colon != std::string_view::npos) from = at + colon + 1;
    }
    const std::size_t to = bits.no_letter(from, std::min(end, from + kLongest + 1));
    const std::string_view word = head.substr(from, to - from);
    if (const auto level = level_named(word)) {
      const Place place{from == 0, in_header, from > 0 ? head[from - 1] : ' ',
                        to < head.size() ? head[to] : ' '};
      if (states_level(word, place) || is_between_dashes(head, from, to)) return level;
    }
    if (in_header && head[end - 1] == ':') {
      if (const auto level = channel_level(head.substr(at, end - at))) return level;
    }
    in_header = in_header && is_header_word(head, bits, at, end);
    at = end;
  }
  return std::nullopt;
}

}  // namespace holdfast::supervisor::logs
