// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entity tags of documents, and conditional requests (RFC 9110, 8.8.3, 13).
//
// A document's tag is its version followed by its status and time of change: "3-ready-18c2f4". So a
// polling client sees the status change, while If-Match compares the version alone: that the same
// text became searchable meanwhile is not a lost update.
// The tag of the content is the version alone, "3". The tag of a compressed response ends in
// "-gzip".
//
// Proxies that compress make tags weak (nginx, Caddy) or append their coding (Apache, Jetty); a
// client that sends such a tag back means the version in it all the same.
//
// The conditions in the order of RFC 9110, 13.2.2: If-Match, then If-None-Match.
//
// Threads: pure functions.

#include "api-worker/edge/problem.hpp"
#include "common/http/message.hpp"
#include "common/store/types.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::api {

std::string document_tag(const store::Document& document);
std::string content_tag(const store::Document& document);

// If-None-Match by weak comparison: the client's tag that matches `tag`, as the client wrote it.
// Nothing if no tag matches, or if the field is missing or malformed.
std::optional<std::string> none_match(const http::Headers& headers, std::string_view tag);

// The 304 response with the tag that none_match() found, and the Cache-Control that the 200 would
// have (RFC 9110, 15.4.5).
http::Response not_modified(const std::string& tag, std::string_view cache_control);

// If-Match of a GET on what has `tag` and no versions: 412 unless it names the tag; 400 if the
// field is malformed.
std::optional<ProblemDetails> check_if_match(const http::Headers& headers, std::string_view tag);

// If-Match: the versions that the client accepts; unset without the field or with "*". Tags of
// another server match no version. ProblemDetails (400) if the field is malformed: ignoring it
// would lose the update that it protects.
tl::expected<store::Versions, ProblemDetails> if_match(const http::Headers& headers);

// Both conditions of a request that changes a document, which must exist in any case: the version
// must be named by If-Match and must not be named by If-None-Match, whose "*" names every version.
tl::expected<store::Condition, ProblemDetails> write_condition(const http::Headers& headers);

// The response to a request whose condition does not hold.
ProblemDetails precondition_failed();

}  // namespace holdfast::api
