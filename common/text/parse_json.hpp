// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON of others. Nothing that it may be is an error for whoever reads it: it is discarded.
//
// Threads: pure functions.

#include <nlohmann/json.hpp>

#include <string_view>

namespace holdfast::text {

// is_discarded() unless all of `text` is one value. nlohmann's parser takes a NUL for the end of
// the text, and would not look at what follows.
template <class Json = nlohmann::json>
Json parse_json(std::string_view text, bool with_comments = false) {
  if (text.find('\0') != std::string_view::npos) return Json(Json::value_t::discarded);
  return Json::parse(text, nullptr, false, with_comments);
}

}  // namespace holdfast::text
