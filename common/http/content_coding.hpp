// SPDX-License-Identifier: Apache-2.0
#pragma once

// Content codings (RFC 9110, 8.4 and 12.5.3): that of a request's body, and gzip responses for
// clients that accept them:
// - JSON and text with status 200, from 1 KiB on: below that the overhead outweighs the gain.
// - `Vary: Accept-Encoding` on every response that could have been compressed.
// - A strong ETag identifies bytes: that of a compressed response ends in "-gzip".
// - Level 1, as in nginx: half the size for a tenth of the time of level 9.
// A response must not combine secrets with input that the client chose (BREACH); none does.
//
// Threads: pure functions. encode() takes about 10 ms per MiB: not on the event loop for large
// bodies.

#include "common/http/message.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::http {

constexpr std::size_t kMinGzipBytes = 1u << 10;

// What Content-Encoding says of a body. The field is a list, possibly in several lines and with
// empty elements (RFC 9110, 5.6.1); "x-gzip" is gzip (8.4.1.3).
enum class BodyCoding : std::uint8_t {
  Identity,
  Gzip,
  Other,  // another coding, or several
};
BodyCoding body_coding(const Headers& headers);

// Whether Accept-Encoding accepts gzip and does not prefer identity.
bool accepts_gzip(const Headers& headers);

std::string gzip(std::string_view bytes);

// Whether encode() would compress the body.
bool is_worth_gzip(const Request& request, const Response& response);
void encode(const Request& request, Response& response);

}  // namespace holdfast::http
