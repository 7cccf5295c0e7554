// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/deadlines.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace std::chrono_literals;

namespace {

const MonoTime kZero{};
const DeadlineKey kKill{DeadlineKind::Kill, {{1, 0}, 1}};
const DeadlineKey kReady{DeadlineKind::Ready, {{1, 0}, 1}};

}  // namespace

TEST_CASE("nothing is due before its time, everything at it, in order of time") {
  Deadlines deadlines;
  deadlines.set(kKill, kZero + 2s);
  deadlines.set(kReady, kZero + 1s);
  REQUIRE(deadlines.earliest() == kZero + 1s);
  REQUIRE_FALSE(deadlines.take_due(kZero + 999ms));
  REQUIRE(deadlines.take_due(kZero + 2s) == kReady);
  REQUIRE(deadlines.take_due(kZero + 2s) == kKill);
  REQUIRE_FALSE(deadlines.take_due(kZero + 2s));
  REQUIRE_FALSE(deadlines.earliest());
}

TEST_CASE("a purpose has one deadline: setting it again replaces the first") {
  Deadlines deadlines;
  deadlines.set(kKill, kZero + 2s);
  deadlines.set(kKill, kZero + 5s);
  REQUIRE(deadlines.size() == 1);
  REQUIRE_FALSE(deadlines.take_due(kZero + 4s));
  REQUIRE(deadlines.take_due(kZero + 5s) == kKill);
}

TEST_CASE("a cancelled deadline never fires, and cancelling twice is harmless") {
  Deadlines deadlines;
  deadlines.set(kKill, kZero + 2s);
  deadlines.cancel(kKill);
  deadlines.cancel(kKill);
  REQUIRE_FALSE(deadlines.take_due(kZero + 1h));
  REQUIRE_FALSE(deadlines.at(kKill));
}

TEST_CASE("at the same instant the fleet's kill point comes before its end") {
  Deadlines deadlines;
  deadlines.set({DeadlineKind::ShutdownFinish, {}}, kZero + 1s);
  deadlines.set(kKill, kZero + 1s);
  deadlines.set({DeadlineKind::ShutdownKill, {}}, kZero + 1s);
  REQUIRE(deadlines.take_due(kZero + 1s)->kind == DeadlineKind::ShutdownKill);
  REQUIRE(deadlines.take_due(kZero + 1s)->kind == DeadlineKind::ShutdownFinish);
}

TEST_CASE("postponing moves only the given kinds") {
  Deadlines deadlines;
  deadlines.set(kKill, kZero + 2s);
  deadlines.set(kReady, kZero + 3s);
  deadlines.postpone({DeadlineKind::Kill}, 10s);
  REQUIRE(deadlines.at(kKill) == kZero + 12s);
  REQUIRE(deadlines.at(kReady) == kZero + 3s);
  REQUIRE(deadlines.earliest() == kZero + 3s);
}
