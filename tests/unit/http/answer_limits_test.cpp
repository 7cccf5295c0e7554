// SPDX-License-Identifier: Apache-2.0
// What an answer may have besides its body: both clients read it within the same limits.
#include "common/http/client.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/http/harness.hpp"

#include <atomic>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

namespace {

using Client = Result<Response> (*)(const std::string& url);

FetchOptions patient() {
  FetchOptions options;
  options.deadline = std::chrono::milliseconds(kPatienceMs);
  return options;
}

Result<Response> by_fetch(const std::string& url) {
  return fetch("GET", url, {}, "", patient());
}

Result<Response> by_async_get(const std::string& url) {
  Loop loop;
  std::promise<Result<Response>> promise;
  async_get(loop.io, url, {}, patient(),
            [&](Result<Response> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

// As proxies do that are asked to connect to a server.
Result<Response> by_proxy(const std::string& url) {
  const auto proxy = net::parse_url(url);
  FetchOptions options = patient();
  options.proxy = net::ProxyUrl{"127.0.0.1", proxy->port, "", ""};
  return fetch("GET", "https://server.example/", {}, "", options);
}

const std::string kHead = "HTTP/1.1 200 OK\r\n";
const std::string kChunked = kHead + "Transfer-Encoding: chunked\r\n\r\n";

std::string times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i)
    all += text;
  return all;
}

}  // namespace

TEST_CASE(
    "an answer without an end, of whatever part, is given up before it takes memory or time") {
  struct Row {
    const char* what;
    std::string first;
    std::string for_ever;
    ErrorKind kind = ErrorKind::ResourceExhausted;
  };
  const Row table[] = {
      {"a status line", "HTTP/1.1 200 ", std::string(1000, 'a')},
      {"the name of a field", kHead, std::string(1000, 'a')},
      {"the value of a field", kHead + "A: ", std::string(1000, 'a')},
      {"fields", kHead, "A: b\r\n"},
      {"a chunk's extension", kChunked + "1;", std::string(1000, 'x')},
      {"chunks with extensions", kChunked, "1;" + std::string(1000, 'x') + "\r\na\r\n"},
      {"the last chunk's extension", kChunked + "0;", std::string(1000, 'x')},
      {"trailers", kChunked + "0\r\n", "A: b\r\n"},
      {"a trailer", kChunked + "0\r\nA: ", std::string(1000, 'x')},
      {"interim answers", "", "HTTP/1.1 100 Continue\r\n\r\n", ErrorKind::DataLoss},
      {"early hints", "", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", ErrorKind::DataLoss},
  };
  const Client client = GENERATE(by_fetch, by_async_get, by_proxy);
  for (const Row& row : table) {
    CAPTURE(row.what);
    std::atomic<std::size_t> sent{0};
    {
      ScriptedPeer peer([&](RawClient& connection) {
        read_request_head(connection);
        const std::string piece =
            times(1 + static_cast<int>(8000 / row.for_ever.size()), row.for_ever);
        for (bool taken = connection.send(row.first); taken; taken = connection.send(piece))
          sent += piece.size();
      });
      const auto answer = client(peer.url());
      // A proxy's answer ends with its head.
      if (client == by_proxy && row.first.starts_with(kChunked)) {
        CHECK_FALSE(answer);
        continue;
      }
      REQUIRE_FALSE(answer);
      INFO(answer.error().message);
      CHECK(answer.error().kind == row.kind);
    }
    CHECK(sent < 32u << 20);  // what the kernel's buffers hold, at most
  }
}

TEST_CASE("an answer that ends is taken, as long as its head may be") {
  const std::pair<std::string, std::string> table[] = {
      // the answer, the body in it
      {"HTTP/1.1 200 " + std::string(40'000, 'a') + "\r\nContent-Length: 1\r\n\r\nx", "x"},
      {kHead + "A: " + std::string(60'000, 'a') + "\r\nContent-Length: 1\r\n\r\nx", "x"},
      {"HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", "x"},  // without the space of RFC 9112, 4
      {times(8, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") + kHead +
           "Content-Length: 1\r\n\r\nx",
       "x"},
      {kChunked + "1;" + std::string(60'000, 'x') + "\r\na\r\n0\r\n\r\n", "a"},
      {kChunked + times(100'000, "1\r\na\r\n") + "0\r\nA: b\r\n\r\n", std::string(100'000, 'a')},
  };
  const Client client = GENERATE(by_fetch, by_async_get);
  for (const auto& [bytes, body] : table) {
    CAPTURE(bytes.substr(0, 60));
    ScriptedPeer peer(answering(bytes));
    const auto answer = client(peer.url());
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->body == body);
  }
}
