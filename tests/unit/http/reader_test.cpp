// SPDX-License-Identifier: Apache-2.0
#include "common/http/request_reader.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <cstring>

using namespace holdfast::http;
using Step = RequestReader::Step;

namespace {

void put(RequestReader& reader, std::string_view bytes) {
  const auto room = reader.prepare();
  REQUIRE(room.size() >= std::min<std::size_t>(bytes.size(), 1));
  std::memcpy(room.data(), bytes.data(), bytes.size());
  reader.commit(bytes.size());
}

// Feeds byte by byte; the head's acceptance is passed over.
Step feed_slowly(RequestReader& reader, std::string_view bytes) {
  Step step = Step::NeedMore;
  for (const char byte : bytes) {
    put(reader, std::string_view(&byte, 1));
    while ((step = reader.advance()) == Step::HeadAccepted) {
    }
    if (step == Step::Refused) break;
  }
  return step;
}

struct Fixture {
  ServerLimits limits;
  Peer peer{"10.0.0.1", 1234, false};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "A request that comes byte by byte is the same request") {
  RequestReader reader(limits, peer);
  CHECK(reader.idle());
  REQUIRE(feed_slowly(reader,
                      "\r\nPOST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nX-A:  v \r\n"
                      "Content-Length: 5\r\n\r\nhello") == Step::Complete);
  const Request& request = *reader.request();
  CHECK(request.method == "POST");
  CHECK(request.target == "/a%20b?x=1");
  CHECK(request.path == "/a b");
  CHECK(*request.query_value("x") == "1");
  CHECK(*request.headers.find("x-a") == "v");
  CHECK(request.body == "hello");
  CHECK(request.peer.address == "10.0.0.1");
  CHECK(reader.keep_alive());
  CHECK_FALSE(reader.has_unused_bytes());
}

TEST_CASE_METHOD(Fixture, "A chunked body that comes byte by byte is put together") {
  RequestReader reader(limits, peer);
  REQUIRE(feed_slowly(reader,
                      "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n"
                      "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Late: 1\r\n\r\n") == Step::Complete);
  CHECK(reader.request()->body == "hello world");
  CHECK(reader.request()->headers.find("X-Late") == nullptr);
}

TEST_CASE_METHOD(Fixture, "What follows a request is kept for the next one") {
  RequestReader reader(limits, peer);
  put(reader,
      "POST /1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nbc"
      "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nrest");
  REQUIRE(reader.advance() == Step::HeadAccepted);
  REQUIRE(reader.advance() == Step::Complete);
  CHECK(reader.request()->body == "a");
  reader.start_next();
  CHECK_FALSE(reader.idle());
  REQUIRE(reader.advance() == Step::HeadAccepted);
  REQUIRE(reader.advance() == Step::Complete);
  CHECK(reader.request()->body == "bc");
  reader.start_next();
  REQUIRE(reader.advance() == Step::Complete);
  CHECK(reader.request()->path == "/3");
  CHECK_FALSE(reader.keep_alive());
  CHECK(reader.has_unused_bytes());
}

TEST_CASE_METHOD(Fixture, "The body limit may depend on the head") {
  limits.body_limit = [](const Request& head) -> std::uint64_t {
    return head.path == "/big" ? 8 : 2;
  };
  const auto step = [&](const std::string& path, const std::string& framing_and_body) {
    RequestReader reader(limits, peer);
    put(reader, "POST " + path + " HTTP/1.1\r\nHost: h\r\n" + framing_and_body);
    Step last = reader.advance();
    while (last == Step::HeadAccepted)
      last = reader.advance();
    return last == Step::Refused ? reader.refusal().status : last == Step::Complete ? 200 : 0;
  };
  const std::string sized = "Content-Length: 3\r\n\r\nabc";
  const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
  CHECK(step("/big", sized) == 200);
  CHECK(step("/small", sized) == 413);
  CHECK(step("/big", chunked) == 200);
  CHECK(step("/small", chunked) == 413);
  CHECK(step("/small", "Content-Length: 3\r\n\r\n") == 413);  // before a byte of it came
}

TEST_CASE_METHOD(Fixture, "White space may stand before a chunk extension, and nowhere else") {
  const auto status = [&](const std::string& line) {
    RequestReader reader(limits, peer);
    put(reader, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + line +
                    "\r\na\r\n0\r\n\r\n");
    REQUIRE(reader.advance() == Step::HeadAccepted);
    return reader.advance() == Step::Complete ? 200 : reader.refusal().status;
  };
  for (const char* good : {"1;x", "1 ;x", "1 \t; x = y", "1; x=\"a b\"", "01 ;"})
    CHECK(status(good) == 200);
  for (const char* bad : {"1 ", "1\t", " 1", " ;x", "1 1;x", ";x"})
    CHECK(status(bad) == 400);
}

TEST_CASE_METHOD(Fixture, "An endless chunk line or trailer is cut off") {
  limits.max_header_bytes = 1024;
  RequestReader reader(limits, peer);
  const std::string junk(4000, 'x');
  SECTION("chunk extension") {
    put(reader, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;");
  }
  SECTION("trailer") {
    put(reader, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ");
  }
  REQUIRE(reader.advance() == Step::HeadAccepted);
  REQUIRE(reader.advance() == Step::NeedMore);
  put(reader, junk);
  REQUIRE(reader.advance() == Step::Refused);
  CHECK(reader.refusal().status == 431);
}

TEST_CASE_METHOD(Fixture, "100-continue is owed once, and only while nothing of the body is here") {
  const std::string head =
      "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n";
  RequestReader waiting(limits, peer);
  put(waiting, head);
  REQUIRE(waiting.advance() == Step::HeadAccepted);
  CHECK(waiting.take_continue());
  CHECK_FALSE(waiting.take_continue());

  RequestReader eager(limits, peer);
  put(eager, head + "a");
  REQUIRE(eager.advance() == Step::HeadAccepted);
  CHECK_FALSE(eager.take_continue());
}

TEST_CASE_METHOD(Fixture, "Expect is a list, of which 100-continue alone is understood") {
  struct Row {
    const char* lines;
    bool refused, asks;
  };
  for (const Row& row : {Row{"Expect:\r\n", false, false}, Row{"Expect: ,\r\n", false, false},
                         Row{"Expect: , 100-continue ,\r\n", false, true},
                         Row{"Expect: 100-continue\r\nExpect: 100-Continue\r\n", false, true},
                         Row{"Expect:\r\nExpect: 100-continue\r\n", false, true},
                         Row{"Expect: 100-continue\r\nExpect: x\r\n", true, false},
                         Row{"Expect: x, 100-continue\r\n", true, false},
                         Row{"Expect: 100-continue;p=1\r\n", true, false}}) {
    INFO(row.lines);
    RequestReader reader(limits, peer);
    put(reader,
        std::string("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n") + row.lines + "\r\n");
    REQUIRE(reader.advance() == (row.refused ? Step::Refused : Step::HeadAccepted));
    if (row.refused) CHECK(reader.refusal().status == 417);
    if (!row.refused) CHECK(reader.take_continue() == row.asks);
  }
}

TEST_CASE_METHOD(Fixture, "An absolute target is taken apart, and its authority is the host") {
  RequestReader reader(limits, peer);
  put(reader, "GET http://example.org:80/a?b=c HTTP/1.1\r\nHost: other\r\n\r\n");
  REQUIRE(reader.advance() == Step::Complete);
  CHECK(reader.request()->path == "/a");
  CHECK(*reader.request()->headers.find("Host") == "example.org:80");
  reader.start_next();
  put(reader, "GET HTTP://example.org?b=c HTTP/1.1\r\nHost: other\r\n\r\n");
  REQUIRE(reader.advance() == Step::Complete);
  CHECK(reader.request()->path == "/");
  CHECK(*reader.request()->query_value("b") == "c");
  reader.start_next();
  put(reader, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(reader.advance() == Step::Complete);
  CHECK(reader.request()->path == "*");
}

TEST_CASE_METHOD(Fixture, "HTTP/1.0 needs no Host and ends with its answer") {
  RequestReader reader(limits, peer);
  put(reader, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  REQUIRE(reader.advance() == Step::Complete);
  CHECK_FALSE(reader.keep_alive());
}

TEST_CASE_METHOD(Fixture, "A refused request tells what was understood of it") {
  RequestReader reader(limits, peer);
  put(reader, "DELETE /x HTTP/1.1\r\nHost: h\r\nX-Request-ID: 7\r\nContent-Length: x\r\n\r\n");
  REQUIRE(reader.advance() == Step::Refused);
  CHECK(reader.refusal().status == 400);
  CHECK(reader.request()->method == "DELETE");
  CHECK(reader.request()->peer.address == "10.0.0.1");
  CHECK(reader.advance() == Step::Refused);
}

TEST_CASE_METHOD(Fixture, "Bodies share a budget: what does not fit is 503 and frees its part") {
  const auto budget = std::make_shared<BodyBudget>(10);
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\n";
  const std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  RequestReader first(limits, peer, budget);
  REQUIRE(feed_slowly(first, head + "12345678") == Step::Complete);
  CHECK(budget->used() == 8);

  RequestReader announced(limits, peer, budget);
  REQUIRE(feed_slowly(announced, head) == Step::NeedMore);
  announced.body_belongs_to("another client");
  CHECK(budget->used() == 8);  // what is announced takes nothing
  CHECK(feed_slowly(announced, "12") == Step::NeedMore);
  CHECK(budget->used() == 10);
  CHECK(feed_slowly(announced, "3") == Step::Refused);
  CHECK(announced.refusal().status == 503);
  CHECK(announced.request()->body.empty());
  CHECK(budget->used() == 8);

  {
    RequestReader chunks(limits, peer, budget);
    REQUIRE(feed_slowly(chunks, chunked) == Step::NeedMore);
    chunks.body_belongs_to("another client");
    CHECK(feed_slowly(chunks, "2\r\nab\r\n") == Step::NeedMore);
    CHECK(budget->used() == 10);
    CHECK(feed_slowly(chunks, "1\r\nc\r\n") == Step::Refused);
    CHECK(chunks.refusal().status == 503);
  }
  first.start_next();
  CHECK(budget->used() == 0);
  {
    RequestReader gone(limits, peer, budget);
    REQUIRE(feed_slowly(gone, head + "12345678") == Step::Complete);
    CHECK(budget->used() == 8);
  }
  CHECK(budget->used() == 0);
}
