// SPDX-License-Identifier: Apache-2.0
#include "common/http/beast_parser.hpp"

#include "common/http/head_scanner.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace holdfast::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using BeastError = beast::http::error;

std::string_view plain(beast::string_view text) {
  return {text.data(), text.size()};
}

constexpr std::uint32_t kNoHeadLimit = 0xFFFFFFFFU;  // HeadScanner has its own
constexpr std::uint32_t kMaxResponseHead = 64U << 10;
constexpr std::size_t kMaxUnused = kMaxResponseHead;
constexpr int kMaxInterim = 8;
// Of what a response has besides its body: as much as two heads, and for each byte of the body what
// a chunk of its own takes ("1\r\n" and "\r\n"), and a little more.
constexpr std::uint64_t kMaxFraming = 2 * kMaxResponseHead;
constexpr std::uint64_t kFramingOfByte = 8;

// What requests and responses have in common: collecting fields and body bytes.
template <bool IsRequest>
class Collector : public beast::http::basic_parser<IsRequest> {
 public:
  int version_minor = 1;
  bool head_done = false;
  std::size_t trailers = 0;
  Headers* headers = nullptr;
  std::string* body = nullptr;

 private:
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     error_code& error) override {
    // A trailer must not pass for a header field (RFC 9110, 6.5.1), and none is needed here.
    if (head_done) {
      if (++trailers > kMaxFields) error = BeastError::header_limit;
    } else if (!headers->add(plain(name), plain(value))) {
      error = BeastError::bad_value;
    }
  }
  void on_header_impl(error_code&) override { head_done = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view bytes, error_code&) override {
    body->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code&) override {
    body->append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}
};

class RequestCollector final : public Collector<true> {
 public:
  Request* request = nullptr;

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                       int version, error_code&) override {
    request->method.assign(method.data(), method.size());
    request->target.assign(target.data(), target.size());
    version_minor = version - 10;
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {}
};

class ResponseCollector final : public Collector<false> {
 public:
  int status = 0;

 private:
  void on_request_impl(beast::http::verb, beast::string_view, beast::string_view, int,
                       error_code&) override {}
  void on_response_impl(int code, beast::string_view, int, error_code&) override { status = code; }
};

Refusal refusal_for(const error_code& error) {
  if (error == BeastError::header_limit) return {431, "The header fields are too large."};
  if (error == BeastError::body_limit) return {413, "The request body is too large."};
  return {400, "The request is malformed: " + error.message() + "."};
}

}  // namespace

struct RequestParser::Impl {
  std::optional<RequestCollector> parser;
};

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {}
RequestParser::~RequestParser() = default;

std::optional<Refusal> RequestParser::parse_head(std::string_view head, Request& request) {
  RequestCollector& parser = impl_->parser.emplace();
  parser.header_limit(kNoHeadLimit);
  parser.body_limit(boost::none);  // known only once the head is parsed
  parser.request = &request;
  parser.headers = &request.headers;
  error_code error;
  parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error && error != BeastError::need_more) return refusal_for(error);
  if (!parser.is_header_done()) return Refusal{400, "The request head is incomplete."};
  return std::nullopt;
}

int RequestParser::version_minor() const {
  return impl_->parser->version_minor;
}
bool RequestParser::keep_alive() const {
  return impl_->parser->keep_alive();
}

struct ResponseParser::Impl {
  Impl(std::uint64_t limit, Body expected) : max_body_bytes(limit), body(expected) { restart(); }

  void restart() {
    response = {};
    line_done = false;
    parser.emplace();
    parser->header_limit(kMaxResponseHead);
    parser->body_limit(max_body_bytes);
    parser->eager(true);
    parser->skip(body == Body::None);
    parser->headers = &response.headers;
    parser->body = &response.body;
  }

  // Some servers leave out the space before a reason that is empty, on which Beast insists.
  std::size_t put(std::string_view bytes, error_code& error) {
    constexpr std::size_t kNoReason = std::string_view("HTTP/1.1 200\r\n").size();
    if (!line_done && bytes.size() < kNoReason) {
      error = BeastError::need_more;
      return 0;
    }
    if (!line_done && bytes[kNoReason - 2] == '\r' && bytes[kNoReason - 1] == '\n') {
      const std::string mended = std::string(bytes.substr(0, kNoReason - 2)) + " \r\n";
      line_done = parser->put(boost::asio::buffer(mended), error) == mended.size();
      if (!line_done) return 0;
      error = {};
      return kNoReason;
    }
    const std::size_t used = parser->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    line_done = line_done || used > 0;
    return used;
  }

  const std::uint64_t max_body_bytes;
  const Body body;
  std::optional<ResponseCollector> parser;
  Response response;
  bool line_done = false;     // of the response that is being read, the status line
  bool any_left = false;      // there are bytes that wait for more
  std::uint64_t framing = 0;  // bytes used that are no body
  int interim = 0;
};

ResponseParser::ResponseParser(std::uint64_t max_body_bytes, Body body)
    : impl_(std::make_unique<Impl>(max_body_bytes, body)) {}
ResponseParser::~ResponseParser() = default;

bool ResponseParser::done() const {
  return impl_->parser->is_done();
}

bool ResponseParser::head_done() const {
  return impl_->parser->is_header_done() && impl_->parser->status / 100 != 1;
}

std::size_t ResponseParser::body_size() const {
  return impl_->response.body.size();
}

bool ResponseParser::keep_alive() const {
  return impl_->parser->keep_alive();
}

Result<std::size_t> ResponseParser::feed(std::string_view bytes) {
  const auto too_much = [] {
    return fail(ErrorKind::ResourceExhausted,
                "the head, the trailers or the framing of the response is too long");
  };
  Impl& impl = *impl_;
  std::size_t used = 0;
  while (used < bytes.size() && !done()) {
    const std::size_t body_before = impl.response.body.size();
    error_code error;
    const std::size_t taken = impl.put(bytes.substr(used), error);
    used += taken;
    impl.framing += taken - (impl.response.body.size() - body_before);
    if (error == BeastError::body_limit) {
      return fail(ErrorKind::ResourceExhausted,
                  fmt::format("the response is longer than {} bytes", impl.max_body_bytes));
    }
    if (error == BeastError::header_limit ||
        impl.framing > kMaxFraming + kFramingOfByte * impl.response.body.size())
      return too_much();
    if (error && error != BeastError::need_more) {
      return fail(ErrorKind::DataLoss, "the response is not valid HTTP: " + error.message());
    }
    if (done() && impl.parser->status / 100 == 1) {
      if (++impl.interim > kMaxInterim)
        return fail(ErrorKind::DataLoss, "the response does not get beyond interim ones");
      impl.restart();
    }
    if (error == BeastError::need_more || taken == 0) break;
  }
  impl.any_left = used < bytes.size();
  if (!done() && bytes.size() - used > kMaxUnused) return too_much();
  return used;
}

Result<void> ResponseParser::finish() {
  if (!impl_->parser->got_some() && !impl_->any_left) {
    return fail(ErrorKind::Unavailable, "the connection closed without a response");
  }
  error_code error = BeastError::partial_message;
  if (impl_->parser->got_some()) impl_->parser->put_eof(error);
  if (error) return fail(ErrorKind::DataLoss, "the response is truncated");
  return {};
}

Response ResponseParser::take() {
  impl_->response.status = impl_->parser->status;
  return std::move(impl_->response);
}

}  // namespace holdfast::http
