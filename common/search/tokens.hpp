// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cuts a text into the units that search compares.
//
// - A word is a run of letters and digits, folded (fold.hpp). "c++" and "c#" are words, too.
// - Scripts without spaces, and Korean with its particles, are cut into overlapping runs of two
//   characters (three in Thai and its neighbours): "中文搜索" gives 中文, 文搜, 搜索.
// - Words joined by a hyphen, dot, slash or the like also count as one: "XK-4471" is xk, 4471, and
//   xk4471; so do the halves of a word that is broken at a line's end.
// - Parts of a name of letters and digits (codes.hpp) count as one, in words or across them: "GTX
//   1080Ti" is gtx, 1080ti, gtx1080, and gtx1080ti.
// - Digits grouped by three count as one number: "12,500" is 12, 500, and 12500; so do those of
//   telephones, cards and accounts.
// - Parts of words written as one count, too (word_parts.hpp): "getUserById" is getuserbyid, and
//   get, user, and more.
// - A fraction is as if typed, "\u00BD" as 1/2; what stands in a circle, and a superscript by
//   itself, is a word of its own. All of them are pictures, too.
// - Superscripts and subscripts are no part of a word, but of what it is joined to: "H\u2082O" is
//   h, o, and h2o. "10\u00B2" is only 10: 102 is another number.
// - What is no letter, digit or mark ends a word, in all scripts (letters.hpp). An emoji does, too,
//   and is something to look for; both halves of a flag are one.
//
// Threads: pure functions. Bytes that are not UTF-8 separate words.

#include "common/search/language.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::search {

struct Token {
  std::string text;  // as compared
  // Lower-cased, with its accents; of Korean a noun of one syllable, without particles. Empty where
  // nothing is to be stemmed.
  std::string to_stem;
  Script script = Script::Other;
  std::size_t begin = 0;  // in the text, in bytes
  std::size_t end = 0;
};

struct Joined {
  Token word;             // with something to stem only if it is one word broken at a line's end
  std::size_t first = 0;  // words[first] to words[last]
  std::size_t last = 0;
  bool cuts_words = false;  // begins or ends inside of one
  // What readers see as one word there: with its superscripts and subscripts, or broken at the end
  // of a line.
  bool is_read_as_one = false;
};

struct Tokens {
  std::vector<Token> words;  // in the order of the text
  std::vector<Joined> joined;
  std::vector<Token> emoji;         // and other pictures, between the words: they are none
  std::vector<std::string> pieces;  // the shorter runs of scripts without spaces
  LanguageGuess guess;
};

Tokens tokenise(std::string_view text);

// The languages that a token may be in, in a text whose Latin letters are in `latin`.
LanguageSet languages_of(const Token& token, LanguageSet latin);

}  // namespace holdfast::search
