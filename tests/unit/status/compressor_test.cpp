// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/compressor.hpp"

#include "common/http/content_coding.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/api/gunzip.hpp"

#include <future>
#include <thread>

using namespace holdfast;
using namespace holdfast::supervisor::status;
using api::test::gunzip;

namespace {

struct Answered {
  http::Response response;
  std::thread::id thread;
};

Answered ask(Compressor& compressor, http::Response response, const std::string& accept) {
  const http::Handler handler =
      compressor.wrap([&](const std::shared_ptr<http::Request>&, const http::Responder& respond) {
        respond(std::move(response));
      });
  auto request = std::make_shared<http::Request>();
  request->method = "GET";
  if (!accept.empty()) request->headers.add("Accept-Encoding", accept);
  std::promise<Answered> answered;
  handler(request, [&](http::Response given) {
    answered.set_value({std::move(given), std::this_thread::get_id()});
  });
  return answered.get_future().get();
}

std::string coding(const http::Response& response) {
  const std::string* value = response.headers.find("Content-Encoding");
  return value == nullptr ? "" : *value;
}

const char* const kExposition = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace

TEST_CASE("answers are compressed for who accepts that: large ones on another thread") {
  Compressor compressor;
  for (const std::size_t size : {std::size_t{5000}, Compressor::kInline + 1}) {
    const std::string text(size, 'x');
    const Answered zipped =
        ask(compressor, http::Response::text(200, text, kExposition), "gzip, deflate");
    CHECK(coding(zipped.response) == "gzip");
    CHECK(gunzip(zipped.response.body) == text);
    CHECK((zipped.thread == std::this_thread::get_id()) == (size <= Compressor::kInline));
    const Answered plain = ask(compressor, http::Response::text(200, text, kExposition), "");
    CHECK(coding(plain.response).empty());
    CHECK(plain.response.body == text);
    CHECK(plain.thread == std::this_thread::get_id());
    CHECK(*plain.response.headers.find("Vary") == "Accept-Encoding");
  }
}

TEST_CASE("short answers, errors and streams are sent as they are") {
  Compressor compressor;
  CHECK(coding(ask(compressor, http::Response::json(200, "{}"), "gzip").response).empty());
  CHECK(coding(ask(compressor, http::Response::json(503, std::string(5000, ' ')), "gzip").response)
            .empty());
  struct Endless final : http::BodyStream {
    bool read(std::string&) override { return true; }
    void on_news(std::function<void()>) override {}
  };
  http::Response stream = http::Response::text(200, std::string(5000, 'x'), "text/event-stream");
  stream.stream = std::make_shared<Endless>();
  CHECK(coding(ask(compressor, std::move(stream), "gzip").response).empty());
}
