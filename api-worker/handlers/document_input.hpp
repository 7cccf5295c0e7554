// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a client may send as a document, checked before anything is stored.
//
// - application/json: {"title","content","metadata"}; nothing else, no name twice, not nested
//   deeper than 32. `content` is required. The title, if it is missing, is the first line of the
//   content that is not blank, cut to 500 characters.
// - text/plain (UTF-8): the body is the content; the title is ?title= or the first line.
//
// Statuses: 415 for any other type, 400 for what is no JSON (with the position), 422 for JSON that
// is no document, listing everything that is wrong with it.
//
// Threads: pure functions.

#include "api-worker/edge/problem.hpp"
#include "common/http/message.hpp"
#include "common/store/types.hpp"

namespace holdfast::api {

constexpr std::size_t kMaxTitleCharacters = 500;
constexpr std::size_t kMaxMetadataBytes = 16u << 10;

// Fills in title, content and metadata; the rest is the caller's. The body is used up: text becomes
// the content as it is, and JSON is freed once it is parsed.
tl::expected<store::NewDocument, ProblemDetails> parse_document(const http::Request& head,
                                                                std::string body);

}  // namespace holdfast::api
