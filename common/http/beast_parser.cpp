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
  explicit Impl(std::uint64_t limit) : max_body_bytes(limit) { restart(); }

  void restart() {
    response = {};
    parser.emplace();
    parser->header_limit(kMaxResponseHead);
    parser->body_limit(max_body_bytes);
    parser->eager(true);
    parser->headers = &response.headers;
    parser->body = &response.body;
  }

  std::uint64_t max_body_bytes;
  std::optional<ResponseCollector> parser;
  Response response;
};

ResponseParser::ResponseParser(std::uint64_t max_body_bytes)
    : impl_(std::make_unique<Impl>(max_body_bytes)) {}
ResponseParser::~ResponseParser() = default;

bool ResponseParser::done() const {
  return impl_->parser->is_done();
}

bool ResponseParser::head_done() const {
  return impl_->parser->is_header_done() && impl_->parser->status / 100 != 1;
}

Result<std::size_t> ResponseParser::feed(std::string_view bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && !done()) {
    error_code error;
    const std::size_t taken =
        impl_->parser->put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
    used += taken;
    if (error == BeastError::body_limit) {
      return fail(ErrorKind::ResourceExhausted,
                  fmt::format("the response is longer than {} bytes", impl_->max_body_bytes));
    }
    if (error && error != BeastError::need_more) {
      return fail(ErrorKind::DataLoss, "the response is not valid HTTP: " + error.message());
    }
    if (done() && impl_->parser->status / 100 == 1) impl_->restart();
    if (error == BeastError::need_more || taken == 0) break;
  }
  return used;
}

Result<void> ResponseParser::finish() {
  if (!impl_->parser->got_some()) {
    return fail(ErrorKind::Unavailable, "the connection closed without a response");
  }
  error_code error;
  impl_->parser->put_eof(error);
  if (error) return fail(ErrorKind::DataLoss, "the response is truncated");
  return {};
}

Response ResponseParser::take() {
  impl_->response.status = impl_->parser->status;
  return std::move(impl_->response);
}

}  // namespace holdfast::http
