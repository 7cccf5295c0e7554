// SPDX-License-Identifier: Apache-2.0
// Bodies in gzip: unfolded as they arrive, and no further than the limits allow.
#include "common/http/content_coding.hpp"
#include "common/http/request_reader.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

using namespace holdfast::http;
using Step = RequestReader::Step;

namespace {

// Text that shrinks as text does.
std::string prose(std::size_t size) {
  std::string text;
  for (unsigned i = 0, x = 1; text.size() < size; ++i, x = x * 1664525 + 1013904223)
    text += fmt::format("word{} ", (x >> 16) % 997);
  text.resize(size);
  return text;
}

struct Sent {
  Step step = Step::NeedMore;
  std::string body;
  Refusal refusal;
  std::uint64_t most_held = 0;
  bool coded = false;  // the request says that its body still is
};

struct Fixture {
  Fixture() { limits.gzip_bodies = true; }

  // In pieces of at most `piece` bytes, until the reader has had enough.
  Sent send(const std::string& bytes, std::size_t piece = 1u << 20,
            const std::shared_ptr<BodyBudget>& budget = nullptr) {
    RequestReader reader(limits, peer, budget);
    Sent sent;
    std::string_view rest = bytes;
    while (!rest.empty() && sent.step != Step::Refused && sent.step != Step::Complete) {
      const auto room = reader.prepare();
      const std::size_t count = std::min({room.size(), rest.size(), piece});
      std::memcpy(room.data(), rest.data(), count);
      reader.commit(count);
      rest.remove_prefix(count);
      while ((sent.step = reader.advance()) == Step::HeadAccepted) {
      }
      sent.most_held = std::max<std::uint64_t>(sent.most_held, reader.request()->body.capacity());
    }
    sent.body = reader.request()->body;
    sent.refusal = reader.refusal();
    CHECK(sent.step != Step::HeadAccepted);
    sent.coded = reader.request()->headers.find("Content-Encoding") != nullptr;
    return sent;
  }

  ServerLimits limits;
  Peer peer{"10.0.0.1", 1234, false};
};

std::string noise(unsigned size) {
  std::string bytes;
  for (unsigned i = 0, x = 1; i < size; ++i, x = x * 1664525 + 1013904223)
    bytes += static_cast<char>(x >> 24);
  return bytes;
}

std::string with_length(const std::string& body, const std::string& coding = "gzip") {
  return fmt::format(
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: {}\r\nContent-Length: {}\r\n"
      "\r\n{}",
      coding, body.size(), body);
}

std::string in_chunks(const std::string& body, std::size_t size) {
  std::string text =
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += size) {
    const std::string chunk = body.substr(at, size);
    text += fmt::format("{:x}\r\n{}\r\n", chunk.size(), chunk);
  }
  return text + "0\r\n\r\n";
}

}  // namespace

TEST_CASE_METHOD(Fixture, "a body in gzip reaches the handler as it was before") {
  for (const std::string& text : {std::string("hello"), prose(100'000), std::string(5000, 'x')}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, std::size_t{1u << 20}}) {
      INFO(text.size() << " bytes in pieces of " << piece);
      CHECK(send(with_length(gzip(text)), piece).body == text);
      const Sent sent = send(in_chunks(gzip(text), 700), piece);
      CHECK(sent.body == text);
      CHECK_FALSE(sent.coded);
    }
  }
  CHECK(send(with_length(gzip("hello"), "x-GZIP")).body == "hello");
  CHECK(send(with_length(gzip("hello"), "identity, gzip,")).body == "hello");
  CHECK(send(with_length(gzip("hel") + gzip("lo"))).body == "hello");  // two members
}

TEST_CASE_METHOD(Fixture, "gzip that is damaged, cut off, or none is refused with 400") {
  const std::string good = gzip(prose(1000));
  std::string bad_sum = good;
  bad_sum[bad_sum.size() - 6] = static_cast<char>(bad_sum[bad_sum.size() - 6] ^ 1);
  for (const std::string& bad :
       {std::string("plain text"), good.substr(0, good.size() - 1), good.substr(0, 5), bad_sum,
        good + "rest", good + std::string(1, '\0')}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1u << 20}}) {
      const Sent sent = send(with_length(bad), piece);
      CHECK(sent.step == Step::Refused);
      CHECK(sent.refusal.status == 400);
    }
  }
}

TEST_CASE_METHOD(Fixture, "the limit on bodies is one on what comes out") {
  limits.max_body_bytes = 100'000;
  CHECK(send(with_length(gzip(prose(100'000)))).step == Step::Complete);
  const Sent one_more = send(with_length(gzip(prose(100'001))));
  CHECK(one_more.step == Step::Refused);
  CHECK(one_more.refusal.status == 413);
  CHECK(send(in_chunks(gzip(prose(200'000)), 100)).refusal.status == 413);
}

TEST_CASE_METHOD(Fixture, "a bomb is refused after a few bytes of it, whatever it would become") {
  limits.max_body_bytes = 1u << 30;
  const std::string bomb = gzip(std::string(50u << 20, '\0'));
  REQUIRE(bomb.size() < 300'000);
  for (const std::string& request : {with_length(bomb), in_chunks(bomb, 4000)}) {
    const Sent sent = send(request);
    CHECK(sent.step == Step::Refused);
    CHECK(sent.refusal.status == 413);
    CHECK(sent.most_held <= 8u << 20);
  }
  // What is small may shrink as far as it can.
  CHECK(send(with_length(gzip(std::string(60'000, ' ')))).step == Step::Complete);
}

TEST_CASE_METHOD(Fixture, "a bomb behind an honest beginning is held no longer than the budget") {
  limits.max_body_bytes = 1u << 30;
  const auto budget = std::make_shared<BodyBudget>(1u << 20);
  const Sent sent = send(with_length(gzip(noise(200'000)) + gzip(std::string(30u << 20, '\0'))),
                         1u << 20, budget);
  CHECK(sent.step == Step::Refused);
  CHECK(sent.refusal.status == 503);
  CHECK(sent.most_held <= 2u << 20);
  CHECK(budget->used() == 0);
}

TEST_CASE_METHOD(Fixture, "a body in gzip may come in chunks as small as one that is not") {
  limits.max_body_bytes = 6u << 20;
  for (const std::size_t size : {64, 512}) {
    const Sent sent = send(in_chunks(gzip(noise(5u << 20)), size));
    INFO("chunks of " << size << ": " << sent.refusal.detail);
    CHECK(sent.step == Step::Complete);
    CHECK(sent.body == noise(5u << 20));
  }
}

TEST_CASE_METHOD(Fixture, "gzip that becomes nothing is read no further than the limit of bodies") {
  limits.max_body_bytes = 100'000;
  const std::string empty_member = gzip("");
  const std::string text = gzip("hello");
  constexpr std::size_t kHeader = 10;
  constexpr std::string_view kEmptyBlock("\0\0\0\xFF\xFF", 5);
  std::string blocks = text.substr(0, kHeader);
  std::string members;
  while (blocks.size() < limits.max_body_bytes)
    blocks += kEmptyBlock;
  while (members.size() < limits.max_body_bytes)
    members += empty_member;
  blocks += text.substr(kHeader);
  members += text;
  for (const std::string& body : {blocks, members}) {
    limits.max_body_bytes = 100'000;
    for (const std::size_t chunk : {1000, 50'000}) {
      const Sent sent = send(in_chunks(body, chunk));
      CHECK(sent.step == Step::Refused);
      CHECK(sent.refusal.status == 413);
    }
    CHECK(send(with_length(body)).refusal.status == 413);
    // Within the limit it is only an odd way to say hello.
    limits.max_body_bytes = 200'000;
    CHECK(send(in_chunks(body, 1000)).body == "hello");
  }
}

TEST_CASE_METHOD(Fixture, "other codings, and gzip where it is not asked for, stay as they are") {
  CHECK(send(with_length("brotli", "br")).body == "brotli");
  CHECK(send(with_length("brotli", "br")).coded);
  CHECK(send(with_length(gzip("twice"), "gzip, gzip")).body == gzip("twice"));
  limits.gzip_bodies = false;
  RequestReader reader(limits, peer);
  const std::string request = with_length(gzip("x"));
  const auto room = reader.prepare();
  std::memcpy(room.data(), request.data(), request.size());
  reader.commit(request.size());
  REQUIRE(reader.advance() == Step::HeadAccepted);
  REQUIRE(reader.advance() == Step::Complete);
  CHECK(reader.request()->body == gzip("x"));
}

TEST_CASE_METHOD(Fixture, "what follows a body in gzip is the next request") {
  RequestReader reader(limits, peer);
  const std::string both = with_length(gzip("one")) + "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
  const auto room = reader.prepare();
  std::memcpy(room.data(), both.data(), both.size());
  reader.commit(both.size());
  REQUIRE(reader.advance() == Step::HeadAccepted);
  REQUIRE(reader.advance() == Step::Complete);
  CHECK(reader.request()->body == "one");
  reader.start_next();
  REQUIRE(reader.advance() == Step::Complete);
  CHECK(reader.request()->path == "/2");
}
