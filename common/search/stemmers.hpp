// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Snowball stemmers (libstemmer), made when first used.
//
// Threads: one at a time.

#include "common/search/language.hpp"

#include <array>
#include <memory>
#include <string_view>

struct sb_stemmer;

namespace holdfast::search {

class Stemmers {
 public:
  Stemmers();
  ~Stemmers();
  Stemmers(Stemmers&&) noexcept;
  Stemmers& operator=(Stemmers&&) noexcept;

  // The stem of a lower-cased UTF-8 word; valid until the next call. The word itself if this
  // libstemmer does not know the language.
  std::string_view stem(Language language, std::string_view word);

 private:
  struct Delete {
    void operator()(sb_stemmer* stemmer) const;
  };
  std::array<std::unique_ptr<sb_stemmer, Delete>, kLanguages> stemmers_;
};

}  // namespace holdfast::search
