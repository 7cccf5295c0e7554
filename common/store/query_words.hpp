// SPDX-License-Identifier: Apache-2.0
#pragma once

// The words of what people type into a search, for the full text of either engine: quotes and
// operators mean nothing. A Korean word is matched by its beginning, without the particle at its
// end: "바다가" and "바다" find "바다는".
//
// Threads: pure functions.

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::store {

struct QueryWord {
  std::string_view text;      // points into the query
  bool by_beginning = false;  // matches every word that begins so
};

// The first 64 distinct ones.
std::vector<QueryWord> query_words(std::string_view text);

}  // namespace holdfast::store
