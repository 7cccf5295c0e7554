// SPDX-License-Identifier: Apache-2.0
#include "common/search/tokens.hpp"

#include "common/search/codes.hpp"
#include "common/search/fold.hpp"
#include "common/search/hebrew.hpp"
#include "common/search/korean.hpp"
#include "common/search/letters.hpp"
#include "common/search/printed_form.hpp"
#include "common/search/word_parts.hpp"
#include "common/text/ascii.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace holdfast::search {

namespace {

// Longer ones are told apart by their beginnings only.
constexpr std::size_t kLongestWord = 64;
constexpr std::size_t kMostJoined = 8;

bool is_run_script(Script script) {
  return script == Script::Han || script == Script::Hangul || script == Script::SouthEast;
}

bool is_sign(char32_t c) {
  return c == U'+' || c == U'#';
}

bool is_digit(char32_t c) {
  return c >= U'0' && c <= U'9';
}

bool is_hyphen(char32_t c) {
  return c == U'-' || c == 0xAD || c == 0x2010 || c == 0x2011;
}

bool is_white(char c) {
  return text::kWhitespace.find(c) != std::string_view::npos;
}

bool has_cases(Script script) {
  return script == Script::Latin || script == Script::Greek || script == Script::Cyrillic ||
         script == Script::Armenian;
}

// Where the line after the one that ends at `at` begins, without its indentation; `at` if none
// does.
std::size_t next_line(std::string_view text, std::size_t at) {
  constexpr std::string_view kBlanks = " \t\f";
  std::size_t next = text.find_first_not_of(kBlanks, at);
  if (next == std::string_view::npos) return at;
  const std::size_t line_end = next;
  if (text[next] == '\r') ++next;
  if (next < text.size() && text[next] == '\n') ++next;
  if (next == line_end) return at;
  return std::min(text.find_first_not_of(kBlanks, next), text.size());
}

// One pass over a text.
class Tokeniser {
 public:
  explicit Tokeniser(std::string_view text) : text_(text) {}

  Tokens run() {
    for (std::size_t at = 0; at < text_.size();) {
      if (const std::size_t end = word_.empty() ? plain_word(at) : at; end != at) {
        at = take_plain(at, end);
        continue;
      }
      if (!word_.empty() && script_ == Script::Hebrew) {
        if (const std::size_t mark = hebrew_mark(text_, at)) {
          at += mark;
          continue;
        }
      }
      const auto [c, length] = text::decode_utf8(text_.substr(at));
      if (is_hyphen(c) && ends_with_letter(at)) {
        if (const auto rest = rest_of_broken(at + length, script_)) {
          end_word();
          join_pending_ = is_broken_ = true;
          at = *rest;
          continue;
        }
      }
      take_plainly(c, at, at + length);
      at += length;
    }
    end_word();
    end_join();
    return std::move(out_);
  }

 private:
  // The end of a word of ASCII letters and digits, or `at`: most of most texts. What comes after it
  // must not change it: a mark over its last letter, the sign of "c++".
  std::size_t plain_word(std::size_t at) const {
    std::size_t end = at;
    while (end < text_.size() && text::is_alphanumeric(text_[end]))
      ++end;
    if (end == text_.size()) return end;
    const auto next = static_cast<unsigned char>(text_[end]);
    return next >= 0x80 || is_sign(next) ? at : end;
  }

  // What take() does with each of its characters, and with the one after it.
  std::size_t take_plain(std::size_t begin, std::size_t end) {
    if (!join_pending_) end_join();
    const std::string_view word = text_.substr(begin, end - begin);
    const bool latin = std::any_of(word.begin(), word.end(), text::is_alpha);
    Token token;
    token.script = latin ? Script::Latin : Script::Other;
    token.begin = begin;
    token.end = end;
    token.text = text::to_lower(word.substr(0, kLongestWord));
    if (latin) {
      token.to_stem = token.text;
      out_.guess.count(token.to_stem);
    }
    add_to_join(std::move(token));
    if (latin && text::is_alpha(text_[end - 1]) && text_.substr(end).starts_with('-')) {
      if (const auto rest = rest_of_broken(end + 1, Script::Latin)) {
        join_pending_ = is_broken_ = true;
        return *rest;
      }
    }
    join_pending_ = end < text_.size() && is_joiner(static_cast<unsigned char>(text_[end]));
    if (!join_pending_) end_join();
    return std::min(end + 1, text_.size());
  }

  bool ends_with_letter(std::size_t at) const {
    return !word_.empty() && end_of_word() == at && is_letter(word_.back()) &&
           !is_digit(word_.back());
  }

  // Where the word goes on that a hyphen before `at` breaks at the end of a line, if one does: with
  // a small letter of the same script.
  std::optional<std::size_t> rest_of_broken(std::size_t at, Script script) const {
    const std::size_t next = next_line(text_, at);
    if (next == at || next == text_.size() || !has_cases(script)) return std::nullopt;
    char32_t c = text::decode_utf8(text_.substr(next)).value;
    if (const std::u32string plain = spelled_plainly(c); !plain.empty()) c = plain.front();
    if (script_of(c) != script || to_lower(c) != c) return std::nullopt;
    return next;
  }

  void take_plainly(char32_t c, std::size_t begin, std::size_t end) {
    const std::u32string lowered = lowered_to_line(c);
    if (!lowered.empty()) return take_raised(lowered, begin, end);
    const std::u32string drawn = drawn_as_one(c);
    if (!drawn.empty()) return take_drawn(drawn, begin, end);
    const std::u32string plain = spelled_plainly(c);
    if (plain.empty()) return take(c, begin, end);
    for (const char32_t part : plain)
      take(part, begin, end);
  }

  // A fraction or what stands in a circle is no part of the word before or after it: "1\u00BD" is
  // not eleven halves.
  void take_drawn(const std::u32string& drawn, std::size_t begin, std::size_t end) {
    end_word();
    end_join();
    Token picture;
    picture.text = text_.substr(begin, end - begin);
    picture.begin = begin;
    picture.end = end;
    out_.emoji.push_back(std::move(picture));
    for (const char32_t c : drawn) {
      if (is_letter(c)) {
        take(c, begin, end);
      } else {
        end_word();
        join_pending_ = is_joiner(c) && joined_words_ > 0;
      }
    }
    end_word();
    end_join();
  }

  // A superscript or subscript, which is no part of a word but of what is joined to it.
  void take_raised(const std::u32string& lowered, std::size_t begin, std::size_t end) {
    const bool adjacent = word_.empty() ? raised_end_ == begin : end_of_word() == begin;
    const bool is_power = !word_.empty() && is_digit(word_.back()) && is_digit(lowered.front());
    const bool after_raised = word_.empty();
    // By itself, it is what is looked for: a note's number.
    if (begin == 0 || is_white(text_[begin - 1])) return take_drawn(lowered, begin, end);
    end_word();
    if (!adjacent || is_power || joined_words_ == 0 ||
        !std::all_of(lowered.begin(), lowered.end(), is_letter)) {
      return end_join();
    }
    if (after_raised) {
      add_joined();  // "SO\u2084\u00B2" also without its charge
    } else {
      ++join_parts_;
    }
    std::u32string letters;
    for (const char32_t c : lowered)
      append_letter(letters, c);
    join_text_ += to_utf8(fold(letters));
    join_end_ = raised_end_ = end;
    join_pending_ = has_raised_ = true;
  }

  void take(char32_t c, std::size_t begin, std::size_t end) {
    if (is_invisible(c) || is_vowel_point(c) || is_inside_words(c)) {
      if (!word_.empty() && end_of_word() == begin) ends_.back() = end;  // what follows is adjacent
      return;
    }
    if (!is_letter(c)) {
      take_other(c, begin, end);
      if (is_emoji(c)) add_emoji(c, begin, end);
      return;
    }
    c = ascii_digit(c);
    if (!word_.empty() && is_sign(word_.back())) {
      if (word_.size() == 2) drop_sign();  // "a+b" is a sum
      end_word();
    }
    const Script script = script_of(c);
    if (!word_.empty() && !goes_on(script)) end_word();
    if (word_.empty()) {
      begin_ = begin;
      script_ = script;
      // Adjacent runs of different scripts are not one name.
      if (!join_pending_) end_join();
      join_pending_ = false;
    } else if (script_ == Script::Other) {
      script_ = script;
    }
    const std::size_t before = word_.size();
    append_letter(word_, c);
    if (word_.size() != before) ends_.push_back(end);
    ends_.back() = end;
    offsets_.resize(word_.size(), begin);
  }

  void take_other(char32_t c, std::size_t begin, std::size_t end) {
    const bool adjacent = !word_.empty() && end_of_word() == begin;
    if (adjacent && is_sign(c) && is_short_name()) {
      word_.push_back(c);
      ends_.push_back(end);
      offsets_.push_back(begin);
      return;
    }
    end_word();
    if (adjacent && is_joiner(c)) {
      join_pending_ = true;
    } else {
      end_join();
    }
  }

  void add_emoji(char32_t c, std::size_t begin, std::size_t end) {
    const std::string picture = to_utf8(std::u32string_view(&c, 1));
    const bool is_half = is_half_of_flag(c);
    if (is_half && half_flag_end_ == begin) {
      out_.emoji.back().text += picture;
      out_.emoji.back().end = end;
      half_flag_end_ = std::string_view::npos;
      return;
    }
    Token token;
    token.text = picture;
    token.begin = begin;
    token.end = end;
    out_.emoji.push_back(std::move(token));
    half_flag_end_ = is_half ? end : std::string_view::npos;
  }

  void drop_sign() {
    word_.pop_back();
    ends_.pop_back();
    offsets_.pop_back();
  }

  // "c++", "c#", "f#", "g++": a letter or two before the signs.
  bool is_short_name() const {
    const auto signs = std::count_if(word_.begin(), word_.end(), is_sign);
    return script_ == Script::Latin && signs < 2 &&
           word_.size() - static_cast<std::size_t>(signs) <= 2;
  }

  bool goes_on(Script script) const {
    if (is_run_script(script) || is_run_script(script_)) return script == script_;
    return script == script_ || script == Script::Other || script_ == Script::Other;
  }

  std::size_t end_of_word() const { return ends_.back(); }

  void end_word() {
    if (word_.empty()) return;
    if (is_run_script(script_)) {
      end_join();
      add_runs();
    } else {
      add_word();
    }
    word_.clear();
    ends_.clear();
    offsets_.clear();
  }

  void add_word() {
    Token token;
    token.script = script_;
    token.begin = begin_;
    token.end = end_of_word();
    if (word_.size() > kLongestWord) word_.resize(kLongestWord);
    std::u32string folded = fold(word_);
    if (folded.empty()) return;
    token.text = to_utf8(folded);
    if (script_ != Script::Other) token.to_stem = to_utf8(word_);
    if (script_ == Script::Latin) out_.guess.count(token.to_stem);
    add_to_join(std::move(token));
  }

  void add_runs() {
    const std::size_t first_run = out_.words.size();
    // What follows a number or a name without a space is a counter or a particle.
    const bool begins = out_.words.empty() || out_.words.back().end != begin_;
    add_all_runs();
    if (script_ == Script::Hangul && begins && out_.words.size() > first_run &&
        is_short_noun(word_)) {
      out_.words[first_run].to_stem = to_utf8(std::u32string_view(word_).substr(0, 1));
    }
  }

  void add_all_runs() {
    const std::size_t size = script_ == Script::SouthEast ? 3 : 2;
    if (word_.size() <= size) return add_run(0, word_.size());
    for (std::size_t first = 0; first + size <= word_.size(); ++first)
      add_run(first, size);
    for (std::size_t shorter = 1; shorter < size; ++shorter) {
      for (std::size_t first = 0; first + shorter <= word_.size(); ++first) {
        if (size == 3 && shorter == 1) break;  // a letter, not a word
        out_.pieces.push_back(to_utf8(fold(std::u32string_view(word_).substr(first, shorter))));
      }
    }
  }

  void add_run(std::size_t first, std::size_t size) {
    if (size == 2 && script_ != Script::SouthEast && word_.size() == 2) {
      out_.pieces.push_back(to_utf8(fold(std::u32string_view(word_).substr(0, 1))));
      out_.pieces.push_back(to_utf8(fold(std::u32string_view(word_).substr(1, 1))));
    }
    Token token;
    token.script = script_;
    token.begin = offsets_[first];
    token.end = ends_[first + size - 1];
    token.text = to_utf8(fold(std::u32string_view(word_).substr(first, size)));
    if (!token.text.empty()) out_.words.push_back(std::move(token));
  }

  // Adds a word, which what is joined goes on or begins with.
  void add_to_join(Token token) {
    if (joined_words_ == 0) {
      join_first_ = out_.words.size();
      join_text_.clear();
      join_parts_ = 0;
      has_broken_ = false;
    }
    if (joined_words_ == 0 || token.begin != raised_end_) {
      end_raised();
      raised_first_ = out_.words.size();
      raised_text_ = join_text_.size();
    }
    join_text_ += token.text;
    join_end_ = token.end;
    out_.words.push_back(std::move(token));
    ++joined_words_;
    ++join_parts_;
    if (std::exchange(is_broken_, false) && joined_words_ >= 2) {
      add_broken();
      has_broken_ = true;
    }
  }

  // Words with superscripts or subscripts, without what is joined to them by signs.
  void end_raised() {
    if (!std::exchange(has_raised_, false)) return;
    Joined joined;
    joined.first = raised_first_;
    joined.last = out_.words.size() - 1;
    joined.word.text = join_text_.substr(raised_text_);
    joined.word.begin = out_.words[raised_first_].begin;
    joined.word.end = join_end_;
    joined.is_read_as_one = true;
    if (joined.word.text.size() <= kLongestWord) out_.joined.push_back(std::move(joined));
  }

  // The last two words are the halves of one, which has other forms as any word.
  void add_broken() {
    Joined joined;
    joined.last = out_.words.size() - 1;
    joined.first = joined.last - 1;
    const Token& half = out_.words[joined.first];
    const Token& rest = out_.words[joined.last];
    joined.word = half;
    joined.word.text += rest.text;
    joined.word.to_stem += rest.to_stem;
    joined.word.end = rest.end;
    joined.is_read_as_one = true;
    if (joined.word.text.size() <= kLongestWord) out_.joined.push_back(std::move(joined));
  }

  // What ends here may be several words joined by signs.
  void end_join() {
    join_pending_ = false;
    end_raised();
    if (joined_words_ == 2 && join_parts_ == 2 && has_broken_) joined_words_ = 0;  // is there
    add_joined();
    joined_words_ = 0;
  }

  void add_joined() {
    if (joined_words_ == 0 || join_parts_ < 2 || join_parts_ > kMostJoined) return;
    Joined joined;
    joined.first = join_first_;
    joined.last = join_first_ + joined_words_ - 1;
    joined.word.text = join_text_;
    joined.word.begin = out_.words[join_first_].begin;
    joined.word.end = join_end_;
    if (joined.word.text.size() <= kLongestWord) out_.joined.push_back(std::move(joined));
  }

  const std::string_view text_;
  Tokens out_;
  std::u32string word_;
  std::vector<std::size_t> offsets_;  // where each character of word_ begins
  std::vector<std::size_t> ends_;     // and ends
  std::size_t begin_ = 0;
  Script script_ = Script::Other;
  bool join_pending_ = false;
  std::size_t joined_words_ = 0;  // words at the end of out_ that hang together
  std::size_t join_first_ = 0;    // the first of them
  std::size_t join_parts_ = 0;    // of join_text_: words, superscripts, subscripts
  std::string join_text_;
  std::size_t join_end_ = 0;
  std::size_t raised_end_ = 0;    // of the last superscript or subscript
  bool has_raised_ = false;       // since the word below
  std::size_t raised_first_ = 0;  // the first of words with nothing but these in between
  std::size_t raised_text_ = 0;   // where it begins in join_text_
  bool is_broken_ = false;        // the next word is the rest of the last one
  bool has_broken_ = false;       // something of what is joined was
  std::size_t half_flag_end_ = std::string_view::npos;
};

}  // namespace

Tokens tokenise(std::string_view text) {
  Tokens tokens = Tokeniser(text).run();
  for (const Code& code : codes_in(text, tokens.words)) {
    for (Joined& joined : parts_joined(code, tokens.words))
      tokens.joined.push_back(std::move(joined));
  }
  for (auto* const find : {grouped_numbers, numbers_in_groups, parts_of_words}) {
    for (Joined& joined : find(text, tokens.words))
      tokens.joined.push_back(std::move(joined));
  }
  // Words joined by a sign may be a code, or a number.
  const auto place = [](const Joined& joined) {
    return std::tie(joined.first, joined.last, joined.word.text);
  };
  std::stable_sort(tokens.joined.begin(), tokens.joined.end(),
                   [&](const Joined& a, const Joined& b) { return place(a) < place(b); });
  const auto end =
      std::unique(tokens.joined.begin(), tokens.joined.end(),
                  [&](const Joined& a, const Joined& b) { return place(a) == place(b); });
  tokens.joined.erase(end, tokens.joined.end());
  return tokens;
}

LanguageSet languages_of(const Token& token, LanguageSet latin) {
  if (token.to_stem.empty()) return {};
  LanguageSet one;
  switch (token.script) {
    case Script::Latin: return latin;
    case Script::Cyrillic: one.add(Language::Russian); break;
    case Script::Greek: one.add(Language::Greek); break;
    case Script::Arabic: one.add(Language::Arabic); break;
    case Script::Devanagari: one.add(Language::Hindi); break;
    case Script::Armenian: one.add(Language::Armenian); break;
    case Script::Tamil: one.add(Language::Tamil); break;
    default: break;
  }
  return one;
}

}  // namespace holdfast::search
