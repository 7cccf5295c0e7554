// SPDX-License-Identifier: Apache-2.0
// Events as server-sent events: identifiers, continuation, heartbeats, limits.
#include "supervisor/status/event_feed.hpp"
#include "tests/support/catch.hpp"

#include <fmt/format.h>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::status;

namespace {

void append(EventLog& events, const std::string& message) {
  events.append({0, WallTime{}, "crashed", "api-worker", "api-worker.0", 3, message});
}

std::string read(http::BodyStream& stream) {
  std::string out;
  REQUIRE(stream.read(out));
  return out;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

}  // namespace

TEST_CASE("A stream sends each event once, with an id of this run") {
  boost::asio::io_context io;
  EventLog events;
  append(events, "one");
  append(events, "two\nlines");
  const auto stream = std::make_shared<EventStream>(io, events, "77", 1);
  const std::string text = read(*stream);
  CHECK(text.starts_with("retry: 1000\n\nid: 77-2\ndata: {\"seq\":2,"));
  CHECK(text.find("two\\nlines") != std::string::npos);
  CHECK(text.ends_with("}\n\n"));
  CHECK(count(text, "\n") == 5);
  CHECK(read(*stream).empty());
  append(events, "three");
  CHECK(read(*stream).starts_with("id: 77-3\n"));
}

TEST_CASE("A stream sends many events in batches") {
  boost::asio::io_context io;
  EventLog events;
  for (int i = 0; i < 250; ++i)
    append(events, "again");
  const auto stream = std::make_shared<EventStream>(io, events, "1", 0);
  CHECK(count(read(*stream), "data: ") == 100);
  CHECK(count(read(*stream), "data: ") == 100);
  CHECK(count(read(*stream), "data: ") == 50);
}

TEST_CASE("An idle stream sends a comment periodically") {
  boost::asio::io_context io;
  EventLog events;
  const auto stream =
      std::make_shared<EventStream>(io, events, "1", 0, std::chrono::milliseconds(1));
  read(*stream);
  int woken = 0;
  stream->on_news([&] {
    CHECK(read(*stream) == ":\n\n");
    if (++woken == 3) stream->on_news({});
  });
  io.run();  // ends: a stream nobody reads keeps no timer
  CHECK(woken == 3);
}

TEST_CASE("Last-Event-ID: one of this run continues, one of another run starts over") {
  struct Row {
    std::string id;
    std::optional<std::uint64_t> expected;
  };
  const std::vector<Row> table{
      {"77-5", 5},        {"76-5", 0},         {"77-", std::nullopt},  {"77-5x", std::nullopt},
      {"", std::nullopt}, {"5", std::nullopt}, {"77--5", std::nullopt}};
  for (const Row& row : table) {
    CAPTURE(row.id);
    CHECK(position_of(row.id, "77") == row.expected);
  }
}

TEST_CASE("The feed continues at Last-Event-ID, otherwise after the given number") {
  boost::asio::io_context io;
  EventLog events;
  for (int i = 1; i <= 5; ++i)
    append(events, "again");
  EventFeed feed(io, events, "77");
  const auto first_of = [&](std::uint64_t after, const std::string* id) {
    const std::string text = read(*feed.stream(after, id).stream);
    return text.substr(text.find("id: ") + 4, 4);
  };
  const std::string here = "77-4";
  const std::string elsewhere = "12-4000";
  const std::string nonsense = "x";
  CHECK(first_of(2, nullptr) == "77-3");
  CHECK(first_of(2, &here) == "77-5");
  CHECK(first_of(2, &elsewhere) == "77-1");
  CHECK(first_of(2, &nonsense) == "77-3");
  CHECK(feed.before_last(2) == 3);
  CHECK(feed.before_last(100) == 0);
}

TEST_CASE("The feed limits the number of readers, and accepts another when one leaves") {
  boost::asio::io_context io;
  EventLog events;
  EventFeed feed(io, events, "1");
  std::vector<http::Response> readers;
  for (std::size_t i = 0; i < EventFeed::kMostStreams; ++i)
    readers.push_back(feed.stream(0, nullptr));
  CHECK(readers.back().status == 200);
  CHECK(*readers.back().headers.find("Content-Type") == "text/event-stream");
  const http::Response refused = feed.stream(0, nullptr);
  CHECK(refused.status == 503);
  CHECK(refused.headers.find("Retry-After") != nullptr);
  readers.pop_back();
  CHECK(feed.stream(0, nullptr).status == 200);
}

TEST_CASE("An event wakes its readers, on the thread of the io_context") {
  boost::asio::io_context io;
  EventLog events;
  EventFeed feed(io, events, "1");
  const auto response = feed.stream(0, nullptr);
  std::string heard;
  response.stream->on_news([&] {
    heard = read(*response.stream);
    response.stream->on_news({});
  });
  append(events, "news");
  CHECK(heard.empty());
  io.run();
  CHECK(heard.find("news") != std::string::npos);
}
