// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/stem.hpp"

#include <string_view>

namespace holdfast::embedding {

namespace {

constexpr std::size_t kKept = 4;

// Takes `suffix` off if it is there and enough stays.
bool take(std::u32string_view& word, std::u32string_view suffix) {
  if (!word.ends_with(suffix) || word.size() < kKept + suffix.size()) return false;
  word.remove_suffix(suffix.size());
  return true;
}

void take_plural(std::u32string_view& word) {
  if (take(word, U"ies")) return;
  if (word.ends_with(U"ss") || word.ends_with(U"us") || word.ends_with(U"is")) return;
  take(word, U"s");
}

}  // namespace

std::size_t stem_length(std::span<const char32_t> letters) {
  std::u32string_view word(letters.data(), letters.size());
  take_plural(word);
  if (!take(word, U"ing") && !take(word, U"ed") && !take(word, U"e")) take(word, U"y");
  return word.size();
}

}  // namespace holdfast::embedding
