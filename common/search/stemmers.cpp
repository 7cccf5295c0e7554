// SPDX-License-Identifier: Apache-2.0
#include "common/search/stemmers.hpp"

#include <libstemmer.h>

#include <string>

namespace holdfast::search {

Stemmers::Stemmers() = default;
Stemmers::~Stemmers() = default;
Stemmers::Stemmers(Stemmers&&) noexcept = default;
Stemmers& Stemmers::operator=(Stemmers&&) noexcept = default;

void Stemmers::Delete::operator()(sb_stemmer* stemmer) const {
  sb_stemmer_delete(stemmer);
}

std::string_view Stemmers::stem(Language language, std::string_view word) {
  auto& stemmer = stemmers_[static_cast<std::size_t>(language)];
  if (!stemmer) {
    stemmer.reset(sb_stemmer_new(std::string(name_of(language)).c_str(), "UTF_8"));
    if (!stemmer) return word;
  }
  const auto* const stemmed =
      sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()),
                      static_cast<int>(word.size()));
  if (stemmed == nullptr) return word;  // out of memory
  return {reinterpret_cast<const char*>(stemmed),
          static_cast<std::size_t>(sb_stemmer_length(stemmer.get()))};
}

}  // namespace holdfast::search
