// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/gate.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::alerts;
using namespace std::chrono_literals;

namespace {

const MonoTime kBegin = MonoTime{} + 1h;

}  // namespace

TEST_CASE("three at once, then one a second") {
  Gate gate;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(gate.opens_at(kBegin) <= kBegin);
    gate.attempted(kBegin);
  }
  CHECK(gate.opens_at(kBegin) == kBegin + 1s);
  CHECK(gate.opens_at(kBegin + 1s) <= kBegin + 1s);
  gate.attempted(kBegin + 1s);
  CHECK(gate.opens_at(kBegin + 1s) == kBegin + 2s);
  // A quiet hour is worth no more than the burst.
  for (int i = 0; i < 3; ++i)
    gate.attempted(kBegin + 1h);
  CHECK(gate.opens_at(kBegin + 1h) > kBegin + 1h);
}

TEST_CASE("failures in a row double the longest wait, up to a minute, and jitter takes all of it") {
  const std::pair<std::uint32_t, Duration> table[] = {{1, 1s},  {2, 2s},  {3, 4s},
                                                      {6, 32s}, {7, 60s}, {100, 60s}};
  for (const auto& [failures, most] : table) {
    CHECK(full_jitter(failures, 1) == most);
    CHECK(full_jitter(failures, 0.5) == most / 2);
    CHECK(full_jitter(failures, 0) == 100ms);
  }
}

TEST_CASE("an answer ends a row of failures") {
  Gate gate;
  for (int i = 0; i < 10; ++i)
    gate.failed(kBegin, 1);
  gate.answered();
  gate.failed(kBegin + 1h, 1);
  CHECK(gate.opens_at(kBegin + 1h) == kBegin + 1h + 1s);
}

TEST_CASE("a 429 closes for as long as it asks, at most five minutes, else it backs off") {
  const std::pair<std::optional<Duration>, Duration> table[] = {
      {30s, 30s}, {1h, 5min}, {0s, 100ms}, {std::nullopt, 1s}};
  for (const auto& [wait, pause] : table) {
    Gate gate;
    gate.limited(kBegin, wait, 1);
    CHECK(gate.opens_at(kBegin) == kBegin + pause);
  }
}

TEST_CASE("a suspension lasts an hour, or until a reload") {
  Gate gate;
  gate.suspend(kBegin);
  CHECK(gate.opens_at(kBegin) == kBegin + 1h);
  gate.reset();
  CHECK(gate.opens_at(kBegin) <= kBegin);
}
