// SPDX-License-Identifier: Apache-2.0
#include "common/rate_limit/window.hpp"

#include "common/rate_limit/siphash.hpp"
#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::rate_limit;
using namespace std::chrono_literals;

namespace {

// A minute in parts of five seconds; part 100 begins at 500 s.
const Policy kTenAMinute{"default", 10, 1min};

History history(std::initializer_list<Mark> marks, std::uint32_t total) {
  History history;
  for (const Mark& mark : marks)
    history.add(mark);
  history.total = total;
  return history;
}

}  // namespace

TEST_CASE("a window is cut into twelve parts, rounded up so that they cover it") {
  CHECK(part_length(1min) == 5s);
  CHECK(part_length(1s) == 83'333'334ns);
  CHECK(part_length(1s) * kParts >= 1s);
  CHECK(part_of(504'999'999'999ns, 1min) == 100);
  CHECK(part_of(505s, 1min) == 101);
}

TEST_CASE(
    "the first request is admitted, and what it took comes back after its part and a window") {
  const RateDecision first = decide(history({}, 0), kTenAMinute, 502s, Count::Take);
  CHECK(first.allowed);
  CHECK(first.remaining == 9);
  CHECK(first.relief == 63s);  // part 100 leaves when part 113 begins, at 565 s
}

TEST_CASE("the decision follows from the marks and the total") {
  struct Row {
    const char* name;
    History history;
    Duration now;
    bool allowed;
    std::uint32_t remaining;
    Duration relief;
  };
  const std::vector<Row> rows{
      {"nine in this part", history({{100, 0}}, 9), 500s, true, 0, 65s},
      {"ten in this part", history({{100, 0}}, 10), 500s, false, 0, 65s},
      {"more than the limit, which was lowered", history({{100, 0}}, 30), 500s, false, 0, 65s},
      {"four leave before six do", history({{90, 0}, {95, 4}}, 10), 500s, false, 0, 15s},
      {"the oldest is not enough after the limit was lowered", history({{90, 0}, {95, 2}}, 13),
       500s, false, 0, 40s},
      {"two parts with room", history({{90, 0}, {95, 4}}, 6), 500s, true, 3, 15s},
      {"the total wrapped around", history({{99, kTotalMask - 3}}, 5), 500s, true, 0, 60s},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const RateDecision decision = decide(row.history, kTenAMinute, row.now, Count::Take);
    CHECK(decision.allowed == row.allowed);
    CHECK(decision.remaining == row.remaining);
    CHECK(decision.relief == row.relief);
  }
}

TEST_CASE("looking takes nothing") {
  const RateDecision look = decide(history({{100, 0}}, 9), kTenAMinute, 500s, Count::Peek);
  CHECK(look.allowed);
  CHECK(look.remaining == 1);
  const RateDecision nothing = decide(history({}, 7), kTenAMinute, 500s, Count::Peek);
  CHECK(nothing.remaining == 10);
  CHECK(nothing.relief == 0s);
}

TEST_CASE("SipHash-2-4 gives the values of its paper") {
  const SipKey key{0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
  std::string text;
  CHECK(siphash(key, text) == 0x726fdb47dd0e0e31u);
  for (char c = 0; c < 15; ++c)
    text += c;
  CHECK(siphash(key, text) == 0xa129ca6149be45e5u);
}
