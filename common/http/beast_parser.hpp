// SPDX-License-Identifier: Apache-2.0
#pragma once

// Beast's message parsers behind plain types: beast_parser.cpp is the one file that sees them.
// Where they are too lenient, HeadScanner checks before and check_head() after them. ChunkDecoder
// decodes chunked request bodies.
// No I/O; one thread at a time; throws nothing but bad_alloc.

#include "common/base/result.hpp"
#include "common/http/message.hpp"
#include "common/http/refusal.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::http {

class RequestParser {
 public:
  RequestParser();
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Parses a complete head, up to its empty line, into request.method, .target and .headers.
  std::optional<Refusal> parse_head(std::string_view head, Request& request);
  int version_minor() const;  // of the last head
  bool keep_alive() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class ResponseParser {
 public:
  enum class Body {
    AsSaid,  // by the fields
    None,    // whatever the fields say: the answer to HEAD, and of a proxy to CONNECT
  };
  explicit ResponseParser(std::uint64_t max_body_bytes, Body body = Body::AsSaid);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  // Returns the number of bytes used; the rest, never more than 64 KiB, must be passed again,
  // followed by more. Interim (1xx) responses are skipped. DataLoss: this is no HTTP, or more than
  // 8 of those. ResourceExhausted: a body that is too long, a head of more than 64 KiB, or too much
  // of what is neither: chunk extensions, trailers, the heads of interim responses.
  Result<std::size_t> feed(std::string_view bytes);
  // The peer has closed: completes a body delimited by that, otherwise an error.
  Result<void> finish();
  bool done() const;
  bool head_done() const;  // of the final response
  std::size_t body_size() const;
  bool keep_alive() const;  // the connection can be used for another request, once done()
  Response take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::http
