// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a client may send as a document, checked before anything is stored.
//
// - application/json: {"title","content","metadata"} and no other name, none repeated, nested at
//   most 32 levels. `content` is required. A missing title becomes the first line of the content
//   that is not blank, cut to 500 characters.
// - text/plain (UTF-8): the body is the content; the title is ?title= or the first line.
//
// Statuses: 415 for any other type, 400 for invalid JSON (with the position), 422 for JSON that is
// not a valid document, listing everything that is wrong with it.
//
// Threads: pure functions.

#include "api-worker/edge/problem.hpp"
#include "common/http/message.hpp"
#include "common/store/types.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace holdfast::api {

constexpr std::size_t kMaxTitleCharacters = 500;
constexpr std::size_t kMaxMetadataBytes = 16u << 10;

// The id in a path. UUIDs are compared without case (RFC 9562, 4).
std::string document_id(const std::string& path_value);

// 404 if the id cannot be a document's: no body is read to find out.
std::optional<ProblemDetails> check_document_path(const std::vector<std::string>& path_values);

// 415 unless the head announces one of the two types, and text in UTF-8.
std::optional<ProblemDetails> check_document_type(const http::Request& head);

// Fills in title, content and metadata; the caller sets the rest. Consumes the body: text becomes
// the content without a copy, and JSON is freed once it is parsed.
tl::expected<store::NewDocument, ProblemDetails> parse_document(const http::Request& head,
                                                                std::string body);

// The same of JSON that is parsed already, at `at` in the body ("#", "#/documents/3"). Takes the
// texts out of it. Everything that is wrong with it otherwise.
tl::expected<store::NewDocument, std::vector<FieldError>> read_document(nlohmann::json& body,
                                                                        const std::string& at);

}  // namespace holdfast::api
