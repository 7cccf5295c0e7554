// SPDX-License-Identifier: Apache-2.0
// What a hostile or broken client sends, and the status that each gets.
#include "tests/support/catch.hpp"
#include "tests/unit/http/harness.hpp"

#include <atomic>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

namespace {

struct Hostile {
  const char* name;
  std::string bytes;
  int status;
};

std::string with(std::string_view fields, std::string_view body = "") {
  return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

std::string many_fields(int count) {
  std::string fields;
  for (int i = 0; i < count; ++i)
    fields += "A" + std::to_string(i) + ": 1\r\n";
  return fields;
}

std::vector<Hostile> hostile_requests() {
  using namespace std::string_literals;
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  return {
      {"bare LF in the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
      {"bare LF in the fields", "GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
      {"bare LF as the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
      {"bare CR in a field", with("A: b\rc\r\n"), 400},
      {"obs-fold", with("A: b\r\n c\r\n"), 400},
      {"obs-fold by tab", with("A:\r\n\tc\r\n"), 400},
      {"a folded first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
      {"space before the colon", with("A : b\r\n"), 400},
      {"no colon", with("A\r\n"), 400},
      {"empty field name", with(": b\r\n"), 400},
      {"NUL in a field", with("A: b\0c\r\n"s), 400},
      {"control character in a field", with("A: \x01\r\n"), 400},
      {"DEL in a field", with("A: \x7f\r\n"), 400},
      {"missing Host", "GET / HTTP/1.1\r\n\r\n", 400},
      {"two Hosts", with("Host: h\r\n"), 400},
      {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
      {"Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
      {"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
      {"CL and TE", with("Content-Length: 3\r\n" + chunked, "0\r\n\r\n"), 400},
      {"TE and CL", with(chunked + "Content-Length: 3\r\n", "0\r\n\r\n"), 400},
      {"two CLs that differ", with("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), 400},
      {"two CLs that agree", with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400},
      {"a list of CLs", with("Content-Length: 3, 3\r\n", "abc"), 400},
      {"signed CL", with("Content-Length: +3\r\n", "abc"), 400},
      {"negative CL", with("Content-Length: -3\r\n"), 400},
      {"hexadecimal CL", with("Content-Length: 0x3\r\n", "abc"), 400},
      {"empty CL", with("Content-Length:\r\n"), 400},
      {"huge CL", with("Content-Length: 99999999999999999999\r\n"), 400},
      {"unknown coding", with("Transfer-Encoding: gzip\r\n"), 501},
      {"unknown coding before chunked", with("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {"identity", with("Transfer-Encoding: identity\r\n"), 501},
      {"almost chunked", with("Transfer-Encoding: xchunked\r\n"), 501},
      {"chunked twice", with("Transfer-Encoding: chunked, chunked\r\n"), 400},
      {"two TE lines", with(chunked + chunked), 400},
      {"TE in HTTP/1.0", "POST / HTTP/1.0\r\n" + chunked + "\r\n0\r\n\r\n", 400},
      {"chunk size is no number", with(chunked, "x\r\na\r\n0\r\n\r\n"), 400},
      {"negative chunk size", with(chunked, "-1\r\na\r\n0\r\n\r\n"), 400},
      {"overflowing chunk size", with(chunked, "fffffffffffffffff\r\na\r\n"), 400},
      {"chunk longer than its size", with(chunked, "1\r\nab\r\n0\r\n\r\n"), 400},
      {"CL in a trailer", with(chunked, "0\r\nContent-Length: 5\r\n\r\n"), 400},
      {"too many trailers", with(chunked, "0\r\n" + many_fields(101) + "\r\n"), 431},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
      {"HTTP/0.9", "GET /\r\n", 400},
      {"no version number", "GET / HTTP\r\nHost: h\r\n\r\n", 400},
      {"another protocol", "GET / RTSP/1.0\r\n\r\n", 400},
      {"lower-case protocol", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
      {"TLS hello", "\x16\x03\x01\x02"s, 400},
      {"space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"method is no token", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"relative target", "GET a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"asterisk for GET", "GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"dot segments", "GET /a/../../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"encoded dot segments", "GET /%2e%2E/x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"encoded NUL", "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"bad escape", "GET /%g1 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"target that is not UTF-8", "GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"authority with a user", "GET http://a@b/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"long target", "GET /" + std::string(8200, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
      {"long target without an end", "GET /" + std::string(12000, 'a'), 414},
      {"large field", with("A: " + std::string(17 << 10, 'a') + "\r\n"), 431},
      {"large field without an end", "GET / HTTP/1.1\r\nA: " + std::string(17 << 10, 'a'), 431},
      {"101 fields", "GET / HTTP/1.1\r\nHost: h\r\n" + many_fields(100) + "\r\n", 431},
      {"100,000 fields", "GET / HTTP/1.1\r\nHost: h\r\n" + many_fields(100'000), 431},
      {"large body by CL", with("Content-Length: 2000000\r\n"), 413},
      {"large chunk", with(chunked, "1e8480\r\n"), 413},
      {"unknown expectation", with("Expect: 200-ok\r\nContent-Length: 1\r\n"), 417},
      {"malformed Connection", with("Connection: a b c\r\n"), 400},
  };
}

}  // namespace

TEST_CASE("Hostile requests are refused with the right status and never reach a handler") {
  std::atomic<int> handled{0};
  std::atomic<int> refused{0};
  TestServer server(
      [&](const std::shared_ptr<Request>&, const Responder& respond) {
        ++handled;
        respond(Response::text(200, "ok"));
      },
      {},
      [&](const Request& request, const Refusal& refusal) {
        ++refused;
        auto response = Response::text(refusal.status, refusal.detail);
        response.headers.add("X-Decorated", request.peer.address);
        return response;
      });
  int expected = 0;
  for (const auto& [name, bytes, status] : hostile_requests()) {
    INFO(name);
    RawClient client(server.port);
    client.send(bytes);
    const RawAnswer answer = client.read_answer();
    CHECK(answer.status == status);
    CHECK(answer.field("Connection") == "close");
    CHECK(answer.field("X-Decorated") == "127.0.0.1");
    CHECK_FALSE(answer.body.empty());
    client.finish_sending();
    CHECK(client.read_rest().empty());
    ++expected;
  }
  CHECK(handled == 0);
  CHECK(refused == expected);

  RawClient friendly(server.port);
  CHECK(friendly.ask(get("/")).status == 200);
}

TEST_CASE("What looks odd and is allowed is served") {
  TestServer server(echo_handler());
  const std::vector<std::string> requests{
      "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "GET / HTTP/1.1\r\nhost:   h  \r\nA:\r\n\r\n",
      "get-it / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /?a=" + std::string(8100, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [::1]:80\r\n" + many_fields(99) + "\r\n",
      "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: h\r\nA: \xe9\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 000\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx",
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
  };
  for (const auto& request : requests) {
    CAPTURE(request);
    RawClient client(server.port);
    const RawAnswer answer = client.ask(request);
    CHECK(answer.status == 200);
    CHECK(answer.field("Connection").empty());
  }
}
