// SPDX-License-Identifier: Apache-2.0
#include "common/search/codes.hpp"

#include "common/text/ascii.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>
#include <array>

namespace holdfast::search {

namespace {

constexpr std::size_t kLongestCode = 64;  // bytes, as the longest word
// A word of more is a hash or the like, which nobody writes in parts.
constexpr std::size_t kMostParts = 8;
// More are looked for as one only if whole words are.
constexpr std::size_t kMostCut = 4;
// Of which each division into words is tried.
constexpr std::size_t kMostDivided = 4;

bool is_number(char c) {
  return c >= '0' && c <= '9';
}

bool letters_meet_digits(std::string_view before, std::string_view after) {
  return is_number(before.back()) != is_number(after.front());
}

// Of an alphabet, without signs: "c++" has no parts.
bool may_have_parts(const Token& word) {
  return word.script != Script::Han && word.script != Script::Hangul &&
         word.script != Script::SouthEast &&
         std::all_of(word.text.begin(), word.text.end(), [](char c) {
           return text::is_alphanumeric(c) || static_cast<unsigned char>(c) >= 0x80;
         });
}

// A blank, also one that breaks no line; or the end of a line.
bool is_one_blank(std::string_view gap) {
  constexpr std::array<std::string_view, 5> kBlanks{" ", "\t", "\u00A0", "\u2009", "\u202F"};
  if (std::find(kBlanks.begin(), kBlanks.end(), gap) != kBlanks.end()) return true;
  return gap.find_first_not_of(" \t\r\n") == std::string_view::npos &&
         std::count(gap.begin(), gap.end(), '\n') == 1;
}

bool hang_together(std::string_view text, const Token& before, const Token& after) {
  if (after.begin < before.end || !may_have_parts(after)) return false;
  const std::string_view gap = text.substr(before.end, after.begin - before.end);
  if (letters_meet_digits(before.text, after.text)) {
    if (gap.empty() || is_one_blank(gap)) return true;
  }
  if (gap.empty()) return false;
  const auto [c, length] = text::decode_utf8(gap);
  return length == gap.size() && is_joiner(c);
}

bool groups_digits(std::string_view gap) {
  constexpr std::array<std::string_view, 10> kSeparators{
      ",", ".", "'", "_", "\u2019", "\u066C", "\u00A0", "\u2007", "\u2009", "\u202F"};
  return std::find(kSeparators.begin(), kSeparators.end(), gap) != kSeparators.end();
}

// Between the groups of a telephone number: one sign, a blank, or both, with brackets.
bool may_stand_in_number(std::string_view gap) {
  constexpr std::string_view kNoBreak = "\u00A0";
  if (gap == kNoBreak) return true;
  return !gap.empty() && gap.size() <= 3 && gap.find_first_not_of(" -./()") == gap.npos &&
         gap.find("  ") == gap.npos;
}

Joined as_one(const std::vector<Token>& words, std::size_t first, std::size_t last) {
  Joined joined;
  joined.word = words[first];
  joined.word.to_stem.clear();
  joined.word.text.clear();
  for (std::size_t i = first; i <= last; ++i)
    joined.word.text += words[i].text;
  joined.word.end = words[last].end;
  joined.first = first;
  joined.last = last;
  return joined;
}

void add_parts(Code& code, std::string_view word, std::size_t place) {
  const std::size_t before = code.size();
  for (std::size_t begin = 0; begin < word.size();) {
    std::size_t end = begin + 1;
    while (end < word.size() && is_number(word[end]) == is_number(word[begin]))
      ++end;
    code.push_back({word.substr(begin, end - begin), place, begin == 0, end == word.size()});
    begin = end;
  }
  if (code.size() - before > kMostParts) {
    code.resize(before);
    code.push_back({word, place, true, true});
  }
}

}  // namespace

bool is_joiner(char32_t c) {
  switch (c) {
    case U'-':
    case U'_':
    case U'.':
    case U'/':
    case U':':
    case U'\'':
    case U'@':
    case U'&':
    case 0x2044:  // of fractions
    case 0x2010:
    case 0x2011:
    case 0x2019:
    // What is typed for an apostrophe, and what is one: in Ukrainian, Uzbek, Hawaiian, Armenian,
    // and in Arabic and Hebrew names.
    case U'`':
    case 0x00B4:
    case 0x02B9:
    case 0x02BB:
    case 0x02BC:
    case 0x02BD:
    case 0x02BE:
    case 0x02BF:
    case 0x055A:
    case 0x2018:
    case 0x201B:
    case 0xA78B:
    case 0xA78C:
    // Arabic decimal and thousands separators.
    case 0x066B:
    case 0x066C: return true;
    default: return false;
  }
}

std::vector<Code> codes_in(std::string_view text, const std::vector<Token>& words) {
  std::vector<Code> codes;
  for (std::size_t first = 0; first < words.size();) {
    std::size_t end = first + 1;
    if (!may_have_parts(words[first])) {
      first = end;
      continue;
    }
    while (end < words.size() && hang_together(text, words[end - 1], words[end]))
      ++end;
    Code code;
    for (std::size_t i = first; i < end; ++i)
      add_parts(code, words[i].text, i);
    const auto meet = [](const CodePart& a, const CodePart& b) {
      return letters_meet_digits(a.text, b.text);
    };
    if (std::adjacent_find(code.begin(), code.end(), meet) != code.end())
      codes.push_back(std::move(code));
    first = end;
  }
  return codes;
}

std::vector<Joined> parts_joined(const Code& code, const std::vector<Token>& words) {
  std::vector<Joined> all;
  for (std::size_t first = 0; first < code.size(); ++first) {
    std::string name(code[first].text);
    bool meet = false;
    for (std::size_t last = first + 1; last < code.size() && last - first < kMostParts; ++last) {
      meet = meet || letters_meet_digits(code[last - 1].text, code[last].text);
      name += code[last].text;
      if (name.size() > kLongestCode) break;
      const bool whole = code[first].begins_word && code[last].ends_word;
      const bool is_word = whole && code[first].word == code[last].word;
      if (!meet || is_word || (!whole && last - first >= kMostCut)) continue;
      Joined joined;
      joined.first = code[first].word;
      joined.last = code[last].word;
      joined.cuts_words = !whole;
      joined.word.text = name;
      joined.word.begin = words[joined.first].begin;
      joined.word.end = words[joined.last].end;
      all.push_back(std::move(joined));
    }
  }
  return all;
}

std::vector<Joined> grouped_numbers(std::string_view text, const std::vector<Token>& words) {
  std::vector<Joined> numbers;
  const auto is_digits = [](const Token& word) {
    return std::all_of(word.text.begin(), word.text.end(), is_number);
  };
  for (std::size_t first = 0, end = 0; first < words.size(); first = end) {
    end = first + 1;
    if (!is_digits(words[first])) continue;
    Joined number;
    number.word = words[first];
    bool by_three = words[first].text.size() <= 3 && words[first].text.front() != '0';
    std::string_view separator;
    for (; end < words.size() && is_digits(words[end]); ++end) {
      if (words[end].begin < number.word.end) break;
      const auto gap = text.substr(number.word.end, words[end].begin - number.word.end);
      if (!groups_digits(gap) || (!separator.empty() && gap != separator)) break;
      separator = gap;
      by_three = by_three && words[end].text.size() == 3;
      number.word.text += words[end].text;
      number.word.end = words[end].end;
    }
    if (!by_three || end - first < 2 || end - first > kMostParts) continue;
    number.first = first;
    number.last = end - 1;
    numbers.push_back(std::move(number));
  }
  return numbers;
}

std::vector<Joined> numbers_in_groups(std::string_view text, const std::vector<Token>& words) {
  constexpr std::size_t kLeastDigits = 7;   // of a telephone
  constexpr std::size_t kMostDigits = 19;   // of a card
  constexpr std::size_t kMostLetters = 34;  // of an account
  constexpr std::size_t kGroup = 4;
  const auto gap_before = [&](std::size_t i) {
    if (words[i].begin < words[i - 1].end) return std::string_view();
    return text.substr(words[i - 1].end, words[i].begin - words[i - 1].end);
  };
  const auto is_digits = [](const Token& word) { return text::all_of(word.text, is_number); };
  const auto is_country = [](const std::string& word) {
    return word.size() == kGroup && text::is_alpha(word[0]) && text::is_alpha(word[1]) &&
           is_number(word[2]) && is_number(word[3]);
  };
  std::vector<Joined> numbers;
  for (std::size_t first = 0, end = 0; first < words.size(); first = end) {
    end = first + 1;
    const bool by_four = is_country(words[first].text);
    if (!by_four && !is_digits(words[first])) continue;
    std::size_t size = words[first].text.size();
    for (; end < words.size(); ++end) {
      const std::string& word = words[end].text;
      const std::string_view gap = gap_before(end);
      if (by_four ? gap != " " || word.size() > kGroup || words[end - 1].text.size() != kGroup ||
                        !text::all_of(word, text::is_alphanumeric)
                  : !may_stand_in_number(gap) || !is_digits(words[end])) {
        break;
      }
      size += word.size();
    }
    const bool is_long_enough =
        by_four ? end - first > 2 && size > 2 * kGroup : end - first > 1 && size >= kLeastDigits;
    const bool is_short_enough =
        by_four ? size <= kMostLetters : size <= kMostDigits && end - first <= kMostParts;
    if (is_long_enough && is_short_enough) numbers.push_back(as_one(words, first, end - 1));
  }
  return numbers;
}

std::vector<std::vector<std::string>> spellings_of(const Code& code,
                                                   const std::vector<Token>& words) {
  std::vector<std::vector<std::string>> spellings(1);
  for (std::size_t i = code.front().word; i <= code.back().word; ++i)
    spellings[0].push_back(words[i].text);
  // Bit i of a way: a word ends after part i. Many parts only as one word, and as one each.
  const bool few = code.size() <= kMostDivided;
  const std::size_t ways = few ? std::size_t{1} << (code.size() - 1) : 2;
  for (std::size_t way = 0; way < ways; ++way) {
    std::vector<std::string> spelling(1);
    for (std::size_t i = 0; i < code.size(); ++i) {
      spelling.back() += code[i].text;
      const bool ends = few ? (way >> i & 1U) != 0 : way == 1;
      if (ends && i + 1 < code.size()) spelling.emplace_back();
    }
    if (spelling != spellings[0]) spellings.push_back(std::move(spelling));
  }
  return spellings;
}

}  // namespace holdfast::search
