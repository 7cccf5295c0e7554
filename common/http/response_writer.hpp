// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns a Response into bytes. Pure; any thread.

#include "common/base/clock.hpp"
#include "common/http/message.hpp"

#include <string>
#include <string_view>

namespace holdfast::http {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), whatever the locale.
std::string http_date(WallTime time);

struct WriteOptions {
  bool to_head = false;     // the request was HEAD: the same head, no body
  bool close = false;       // say `Connection: close`
  std::string_view date{};  // for responses without a Date of their own
};

// Writes status line and fields to `head`, replacing its content. True if response.body follows.
// Framing fields (Content-Length, Transfer-Encoding, Connection, Keep-Alive) are written here only;
// those of the response are ignored. A response with a stream has no Content-Length: it ends with
// the connection.
bool write_head(const Response& response, const WriteOptions& options, std::string& head);

// The response asks for the connection to be closed, by its flag or by a Connection field.
bool asks_to_close(const Response& response);

}  // namespace holdfast::http
