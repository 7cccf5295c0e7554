// SPDX-License-Identifier: Apache-2.0
#include "common/search/arabic.hpp"

#include <array>
#include <utility>

namespace holdfast::search {

std::vector<std::string> arabic_forms(std::string_view word) {
  constexpr std::size_t kLetterBytes = 2;
  constexpr std::size_t kLeast = 3 * kLetterBytes;  // of a word
  constexpr std::string_view kArticle = "ال";
  constexpr std::string_view kHa = "ه";
  constexpr std::string_view kTaMarbuta = "ة";
  // In the order in which they stand before a word, at most one of each.
  constexpr std::array<std::string_view, 2> kPrefixes{"وف", "بكل"};
  std::vector<std::string> forms{std::string(word)};
  const auto add = [&](std::string_view rest) {
    const bool has_article =
        rest.starts_with(kArticle) && rest.size() >= kArticle.size() + kLeast - kLetterBytes;
    std::string form(has_article ? "" : kArticle);
    form += rest;
    // Many write the feminine ending without its dots. With the article it is no pronoun.
    if (form.ends_with(kHa)) form.replace(form.size() - kLetterBytes, kLetterBytes, kTaMarbuta);
    forms.push_back(std::move(form));
  };
  add(word);
  for (const std::string_view prefixes : kPrefixes) {
    if (word.size() < kLeast + kLetterBytes ||
        prefixes.find(word.substr(0, kLetterBytes)) == std::string_view::npos)
      continue;
    word.remove_prefix(kLetterBytes);
    add(word);
  }
  return forms;
}

}  // namespace holdfast::search
