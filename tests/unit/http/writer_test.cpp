// SPDX-License-Identifier: Apache-2.0
#include "common/http/response_writer.hpp"
#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::http;

namespace {

std::string head_of(const Response& response, const WriteOptions& options = {}) {
  std::string head = "left over from the answer before";
  write_head(response, options, head);
  return head;
}

}  // namespace

TEST_CASE("A response head is written as RFC 9112 has it") {
  Response response = Response::text(200, "hello");
  response.headers.add("X-A", "1");
  CHECK(head_of(response, {.date = "Sun, 06 Nov 1994 08:49:37 GMT"}) ==
        "HTTP/1.1 200 OK\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "X-A: 1\r\n"
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Content-Length: 5\r\n"
        "\r\n");
}

TEST_CASE("Framing is the server's alone, whatever a handler says") {
  Response response;
  response.body = "abc";
  response.headers.add("content-length", "99");
  response.headers.add("Transfer-Encoding", "chunked");
  response.headers.add("Connection", "close");
  response.headers.add("Keep-Alive", "timeout=5");
  response.headers.add("Date", "yesterday");
  CHECK(head_of(response, {.close = true, .date = "today"}) ==
        "HTTP/1.1 200 OK\r\nDate: yesterday\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
  CHECK(asks_to_close(response));
}

TEST_CASE("Some responses have no body") {
  std::string head;
  Response response;
  response.body = "abc";
  CHECK(write_head(response, {}, head));
  CHECK_FALSE(write_head(response, {.to_head = true}, head));
  CHECK(head.find("Content-Length: 3\r\n") != std::string::npos);
  for (const int status : {204, 304}) {
    response.status = status;
    CHECK_FALSE(write_head(response, {}, head));
    CHECK(head.find("Content-Length") == std::string::npos);
  }
}

TEST_CASE("A status that cannot end an exchange becomes 500") {
  Response response;
  for (const int status : {0, -1, 100, 101, 600, 99999}) {
    response.status = status;
    CAPTURE(status);
    CHECK(head_of(response).substr(0, 13) == "HTTP/1.1 500 ");
  }
  response.status = 299;
  CHECK(head_of(response).substr(0, 13) == "HTTP/1.1 299 ");
}

TEST_CASE("Dates are written in the one format that HTTP has") {
  CHECK(http_date(from_unix_ms(784111777000)) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http_date(from_unix_ms(0)) == "Thu, 01 Jan 1970 00:00:00 GMT");
}
