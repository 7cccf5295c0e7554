// SPDX-License-Identifier: Apache-2.0
#pragma once

// Gzip responses for clients that accept them (RFC 9110, 8.4 and 12.5.3).
// - JSON and text with status 200, from 1 KiB on: below that the overhead outweighs the gain.
// - `Vary: Accept-Encoding` on every response that could have been compressed.
// - A strong ETag identifies bytes: that of a compressed response ends in "-gzip".
// - Level 1, as in nginx: half the size for a tenth of the time of level 9.
// A response must not combine secrets with input that the client chose (BREACH); none does.
//
// Threads: pure functions. encode() takes about 10 ms per MiB: not on the event loop for large
// bodies.

#include "common/http/message.hpp"

#include <string>
#include <string_view>

namespace holdfast::api {

constexpr std::size_t kMinGzipBytes = 1u << 10;

// Whether Accept-Encoding accepts gzip and does not prefer identity.
bool accepts_gzip(const http::Headers& headers);

std::string gzip(std::string_view bytes);

void encode(const http::Request& request, http::Response& response);

}  // namespace holdfast::api
