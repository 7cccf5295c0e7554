// SPDX-License-Identifier: Apache-2.0
#pragma once

// Answers as gzip, for clients that take it (RFC 9110, 8.4 and 12.5.3).
// - JSON and text of status 200, from 1 KiB on: below it, head and coding outweigh the gain.
// - `Vary: Accept-Encoding` on every answer that could have been compressed, whether it was or not.
// - A strong ETag names bytes: the compressed answer's ends in "-gzip".
// - Level 1, as nginx has it: half the size for a tenth of the time of level 9.
// An answer that holds secrets must not be compressed beside what a client chose; none does.
//
// Threads: pure functions. encode() takes about 10 ms per MiB: large bodies not on the loop.

#include "common/http/message.hpp"

#include <string>
#include <string_view>

namespace holdfast::api {

constexpr std::size_t kMinGzipBytes = 1u << 10;

// Whether Accept-Encoding takes gzip and does not like identity better.
bool accepts_gzip(const http::Headers& headers);

std::string gzip(std::string_view bytes);

void encode(const http::Request& request, http::Response& response);

}  // namespace holdfast::api
