// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/types.hpp"

#include "supervisor/core/machine.hpp"
#include "tests/support/catch.hpp"

#include <csignal>
#include <set>

using namespace holdfast::supervisor::core;
using namespace std::chrono_literals;

TEST_CASE("an exit status is described in words") {
  REQUIRE(describe({false, 1, false}) == "exit 1");
  REQUIRE(describe({true, SIGKILL, false}) == "signal 9 (SIGKILL)");
  REQUIRE(describe({true, SIGSEGV, true}) == "signal 11 (SIGSEGV)");
  REQUIRE(describe({true, SIGRTMIN + 1, false}) == "signal 35");
}

TEST_CASE("exit 9 and SIGKILL are described differently") {
  REQUIRE(describe({false, 9, false}) != describe({true, 9, false}));
}

TEST_CASE("every slot state and every event kind has its own name") {
  std::set<std::string_view> states;
  for (int i = 0; i <= static_cast<int>(SlotState::Done); ++i) {
    states.insert(to_string(static_cast<SlotState>(i)));
  }
  REQUIRE(states.size() == 10);
  REQUIRE_FALSE(states.contains("unknown"));
  std::set<std::string_view> kinds;
  for (int i = 0; i <= static_cast<int>(EventKind::LateLoop); ++i) {
    kinds.insert(to_string(static_cast<EventKind>(i)));
  }
  REQUIRE(kinds.size() == static_cast<std::size_t>(EventKind::LateLoop) + 1);
  REQUIRE_FALSE(kinds.contains("unknown"));
}

TEST_CASE("durations are shown no finer than they matter") {
  REQUIRE(format_rounded(120ms) == "120ms");
  REQUIRE(format_rounded(1500ms) == "1.5s");
  REQUIRE(format_rounded(2s) == "2s");
  REQUIRE(format_rounded(12'345ms) == "12s");
  REQUIRE(format_rounded(185s) == "3m5s");
}
