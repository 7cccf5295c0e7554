// SPDX-License-Identifier: Apache-2.0
#include "common/search/word_parts.hpp"

#include "common/search/letters.hpp"
#include "common/text/ascii.hpp"
#include "common/text/utf8.hpp"

#include <cstddef>

namespace holdfast::search {

namespace {

namespace ascii = holdfast::text;

// A word of more is a hash, or text in Base64.
constexpr std::size_t kMostWordParts = 8;
constexpr std::size_t kMostRuns = 4;  // of how many parts several are one, too
constexpr std::size_t kLeastName = 3;
constexpr std::size_t kLeastUnit = 2;  // beside digits: "10km"
constexpr std::size_t kLeastDigits = 3;

struct Part {
  std::size_t begin = 0;  // in the word
  std::size_t end = 0;
};

// Whether a part begins at `at`: "get|User", "HTTP|Server", "Python|3", "10|km".
bool begins_part(std::string_view word, std::size_t at) {
  const char before = word[at - 1];
  if (ascii::is_digit(before) != ascii::is_digit(word[at])) return true;
  if (!ascii::is_upper(word[at])) return false;
  const bool after_small = ascii::is_lower(before);
  const bool before_small = at + 1 < word.size() && ascii::is_lower(word[at + 1]);
  return after_small || (ascii::is_upper(before) && before_small);
}

std::vector<Part> parts_of(std::string_view word) {
  std::vector<Part> parts{{0, 0}};
  for (std::size_t at = 1; at < word.size(); ++at) {
    if (!begins_part(word, at)) continue;
    if (parts.size() == kMostWordParts) return {};
    parts.back().end = at;
    parts.push_back({at, 0});
  }
  parts.back().end = word.size();
  return parts;
}

bool says_something(std::string_view word, const Part& part) {
  const std::size_t size = part.end - part.begin;
  if (ascii::is_digit(word[part.begin])) return size >= kLeastDigits;
  const bool is_unit = (part.begin > 0 && ascii::is_digit(word[part.begin - 1])) ||
                       (part.end < word.size() && ascii::is_digit(word[part.end]));
  return size >= (is_unit ? kLeastUnit : kLeastName);
}

// Without what readers do not see.
std::string visible(std::string_view text) {
  std::string seen;
  for (std::size_t at = 0; at < text.size();) {
    const auto [c, length] = ascii::decode_utf8(text.substr(at));
    if (!is_invisible(c)) seen += text.substr(at, length);
    at += length;
  }
  return seen;
}

Joined cut_of(std::string_view word, const Token& token, std::size_t place, std::size_t begin,
              std::size_t end) {
  Joined cut;
  cut.first = cut.last = place;
  cut.cuts_words = true;
  cut.word.script = token.script;
  cut.word.text = ascii::to_lower(word.substr(begin, end - begin));
  cut.word.begin = token.begin;
  cut.word.end = token.end;
  return cut;
}

void add_cuts(std::string_view word, const Token& token, std::size_t place,
              std::vector<Joined>& cuts) {
  const std::vector<Part> parts = parts_of(word);
  if (parts.size() < 2) return;
  for (std::size_t first = 0; first < parts.size(); ++first) {
    if (says_something(word, parts[first]))
      cuts.push_back(cut_of(word, token, place, parts[first].begin, parts[first].end));
    if (parts.size() > kMostRuns) continue;
    for (std::size_t last = first + 1; last < parts.size(); ++last) {
      if (last - first + 1 < parts.size())
        cuts.push_back(cut_of(word, token, place, parts[first].begin, parts[last].end));
    }
  }
}

bool is_version(std::string_view word) {
  return word.size() >= 2 && (word[0] == 'v' || word[0] == 'V') &&
         ascii::all_of(word.substr(1), ascii::is_digit);
}

// "1.2.3" of "v1.2.3-rc1", and the "1".
void add_version(std::string_view text, const std::vector<Token>& words, std::size_t place,
                 std::vector<Joined>& cuts) {
  const std::string& word = words[place].text;
  Joined version = cut_of(word, words[place], place, 1, word.size());
  cuts.push_back(version);
  const auto is_digits = [](const Token& token) {
    return ascii::all_of(token.text, ascii::is_digit);
  };
  for (std::size_t next = place + 1; next < words.size() && is_digits(words[next]); ++next) {
    const std::size_t end = version.word.end;
    const bool follows =
        words[next].begin > end && visible(text.substr(end, words[next].begin - end)) == ".";
    if (!follows || next - place >= kMostWordParts) break;
    version.word.text += words[next].text;
    version.word.end = words[next].end;
    version.last = next;
  }
  if (version.last == place) return;
  version.cuts_words = false;  // people leave out the "v" as they like
  cuts.push_back(std::move(version));
}

}  // namespace

std::vector<Joined> parts_of_words(std::string_view text, const std::vector<Token>& words) {
  std::vector<Joined> cuts;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const Token& token = words[i];
    if (token.text.size() < 2 || !ascii::all_of(token.text, ascii::is_alphanumeric)) continue;
    const std::string_view source = text.substr(token.begin, token.end - token.begin);
    const std::string unhidden = source.size() == token.text.size() ? "" : visible(source);
    const std::string_view word = unhidden.empty() ? source : std::string_view(unhidden);
    // As it stands there: nothing was folded, or left out at its end.
    if (word.size() != token.text.size() || !ascii::all_of(word, ascii::is_alphanumeric)) continue;
    if (is_version(word)) {
      add_version(text, words, i, cuts);
    } else {
      add_cuts(word, token, i, cuts);
    }
  }
  return cuts;
}

}  // namespace holdfast::search
