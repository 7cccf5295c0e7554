// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entity tags of documents, and the conditions that clients make of them (RFC 9110, 8.8.3, 13).
//
// A document's tag begins with its version and goes on with what a version passes through while it
// is embedded: "3-ready-18c2f4". So a client that polls sees the change of status, and If-Match
// looks at the version alone: that the same text became searchable meanwhile is no lost update.
// The tag of the content is the version alone, "3". A compressed answer's ends in "-gzip".
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

// If-None-Match by weak comparison: the tag, as the client wrote it, that stands for `tag`. Nothing
// if the client has another, none, or sent what is no list of tags.
std::optional<std::string> none_match(const http::Headers& headers, std::string_view tag);

// 304 for what none_match() found.
http::Response not_modified(const std::string& tag);

// If-Match by strong comparison: the versions that the client means; unset without the field or
// with "*". A tag that is weak or none of ours names no version. A ProblemDetails (400) for what is
// no list of tags: to ignore it would be to lose the update that it protects.
tl::expected<store::Versions, ProblemDetails> if_match(const http::Headers& headers);

}  // namespace holdfast::api
