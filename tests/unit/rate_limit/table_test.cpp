// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/rate_limit/support.hpp"

using namespace holdfast;
using namespace holdfast::rate_limit;
using namespace holdfast::rate_limit::test;

namespace {

const Policy kHundred{"default", 100, 1min};

}  // namespace

TEST_CASE("request 101 in a minute is refused, and told when to come back") {
  const TestTable table;
  for (std::uint32_t i = 1; i <= 100; ++i) {
    const RateDecision decision = table.take(kHundred, "192.0.2.1", kStart + i * 100ms);
    REQUIRE(decision.allowed);
    REQUIRE(decision.remaining == 100 - i);
  }
  const Duration now = kStart + 11s;
  const RateDecision refused = table.take(kHundred, "192.0.2.1", now);
  CHECK_FALSE(refused.allowed);
  CHECK(refused.remaining == 0);
  CHECK_FALSE(table.take(kHundred, "192.0.2.1", now + refused.relief - 1ns).allowed);
  CHECK(table.take(kHundred, "192.0.2.1", now + refused.relief).allowed);
}

TEST_CASE("the window slides: a burst at the end of one minute counts in the next") {
  const TestTable table;
  CHECK(table.burst(kHundred, "a", kStart + 59s) == 100);
  CHECK(table.burst(kHundred, "a", kStart + 61s) == 0);
  CHECK(table.burst(kHundred, "a", kStart + 118s) == 0);
  CHECK(table.burst(kHundred, "a", kStart + 125s) == 100);
}

TEST_CASE("refused requests do not count") {
  const TestTable table;
  CHECK(table.burst(kHundred, "a", kStart, 100'000) == 100);
  for (Duration at = 1s; at < 60s; at += 1s)
    REQUIRE(table.burst(kHundred, "a", kStart + at, 100) == 0);
  CHECK(table.burst(kHundred, "a", kStart + 65s) == 100);
}

TEST_CASE("clients, policies and windows are counted apart") {
  const TestTable table;
  CHECK(table.burst(kHundred, "a", kStart) == 100);
  CHECK(table.burst(kHundred, "b", kStart) == 100);
  CHECK(table.burst({"other", 7, 1min}, "a", kStart) == 7);
  CHECK(table.burst({"default", 100, 2min}, "a", kStart) == 100);
}

TEST_CASE("a limit that changes keeps the count") {
  const TestTable table;
  CHECK(table.burst({"default", 10, 1min}, "a", kStart) == 10);
  CHECK(table.burst({"default", 25, 1min}, "a", kStart) == 15);
  CHECK(table.burst({"default", 5, 1min}, "a", kStart) == 0);
}

TEST_CASE("looking at a key neither counts nor makes one") {
  const TestTable table(1);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(table.look(kHundred, "key " + std::to_string(i), kStart).remaining == 100);
  CHECK(table.burst(kHundred, "a", kStart) == 100);
  CHECK_FALSE(table.look(kHundred, "a", kStart).allowed);
}

TEST_CASE("a full set forgets the client with the fewest requests, and refuses nobody for it") {
  const TestTable table(1);  // eight slots
  CHECK(table.burst(kHundred, "heavy", kStart) == 100);
  for (int i = 0; i < 10'000; ++i)
    REQUIRE(table.take(kHundred, "random " + std::to_string(i), kStart + 1s).allowed);
  CHECK(table.burst(kHundred, "heavy", kStart + 2s) == 0);
}

TEST_CASE("slots whose window is over are reused before anybody is forgotten") {
  const TestTable table(1);
  for (int i = 0; i < 7; ++i)
    CHECK(table.burst(kHundred, "old " + std::to_string(i), kStart) == 100);
  CHECK(table.take(kHundred, "new", kStart + 2min).remaining == 99);
  for (int i = 0; i < 7; ++i)
    REQUIRE(table.take(kHundred, std::to_string(i), kStart + 2min).remaining == 99);
  CHECK(table.take(kHundred, "new", kStart + 2min).remaining == 98);
}

TEST_CASE("a clock reading from before others' admissions still cannot exceed the limit") {
  const TestTable table;
  CHECK(table.burst(kHundred, "a", kStart + 30s, 60) == 60);
  CHECK(table.burst(kHundred, "a", kStart + 3s) == 40);
  CHECK(table.burst(kHundred, "a", kStart + 31s) == 0);
}

TEST_CASE("a second user of the memory finds the counts of the first") {
  const TestTable table;
  CHECK(table.burst(kHundred, "a", kStart, 60) == 60);
  const auto second = Table::attach(table.bytes());
  REQUIRE(second);
  CHECK(second->decide(kHundred, "a", kStart, Count::Take).remaining == 39);
}

TEST_CASE("memory that holds something else is refused") {
  const TestTable table;
  table.bytes()[0] = std::byte{0xff};
  const auto attached = Table::attach(table.bytes());
  REQUIRE_FALSE(attached);
  CHECK(attached.error().kind == ErrorKind::InvalidArgument);
  CHECK_FALSE(Table::attach(table.bytes().subspan(0, 4096)));
}
