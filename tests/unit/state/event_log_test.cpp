// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/event_log.hpp"

#include "tests/support/catch.hpp"

#include <atomic>
#include <thread>

using namespace holdfast;
using namespace holdfast::supervisor;

namespace {

EventRecord named(std::string kind) {
  EventRecord record;
  record.kind = std::move(kind);
  return record;
}

}  // namespace

TEST_CASE("events are numbered from 1 and read from a number onward") {
  EventLog log;
  for (const char* kind : {"a", "b", "c"})
    log.append(named(kind));
  REQUIRE(log.last_seq() == 3);
  const auto rest = log.since(1, 10);
  REQUIRE(rest.size() == 2);
  REQUIRE(rest[0].seq == 2);
  REQUIRE(rest[0].kind == "b");
  REQUIRE(log.since(0, 1).at(0).kind == "a");
  REQUIRE(log.since(3, 10).empty());
}

TEST_CASE("an event consumer that is slow can tell from the numbers what it has missed") {
  EventLog log(4);
  for (int i = 0; i < 10; ++i)
    log.append(named(std::to_string(i)));
  const auto rest = log.since(2, 10);
  REQUIRE(rest.size() == 4);  // bounded, however slow the reader is
  REQUIRE(rest.front().seq == 7);
  REQUIRE(rest.back().seq == 10);
}

TEST_CASE("a program that restarts all the time evicts its own events and nobody else's") {
  EventLog log(8);
  const auto from = [](std::string program) {
    EventRecord record = named("process_exited");
    record.program = std::move(program);
    return record;
  };
  for (const char* const program : {"quiet", "", "web", "web"})
    log.append(from(program));
  for (int i = 0; i < 100; ++i)
    log.append(from("loud"));
  std::vector<std::string> kept;
  for (const EventRecord& event : log.since(0, 100))
    kept.push_back(event.program);
  CHECK(kept ==
        std::vector<std::string>{"quiet", "", "web", "web", "loud", "loud", "loud", "loud"});
  CHECK(log.since(log.last_seq() - 1, 1).size() == 1);  // the newest is always there
  CHECK(log.since(log.before_last(5), 100).front().program == "web");
  CHECK(log.since(log.before_last(5), 100).size() == 5);
  CHECK(log.before_last(0) == log.last_seq());
  CHECK(log.before_last(100) == 0);
}

TEST_CASE("of programs with one event each, the one with the oldest makes room") {
  EventLog log(2);
  for (const char* const program : {"c", "b", "a"}) {
    EventRecord record = named("process_exited");
    record.program = program;
    log.append(record);
  }
  const auto kept = log.since(0, 10);
  REQUIRE(kept.size() == 2);
  CHECK(kept[0].program == "b");
  CHECK(kept[1].program == "a");
}

TEST_CASE("readers and writers of many threads see each number once, in order") {
  EventLog log(100'000);
  std::atomic<int> heard{0};
  log.listen([&](const EventRecord&) { ++heard; });
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int n = 0; n < 500; ++n)
        log.append(named("x"));
    });
  }
  std::uint64_t after = 0;
  while (after < 2000) {
    for (const EventRecord& record : log.since(after, 50))
      REQUIRE(record.seq == ++after);
  }
  for (std::thread& writer : writers)
    writer.join();
  REQUIRE(heard == 2000);
}
