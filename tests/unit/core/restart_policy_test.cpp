// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/restart_policy.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace std::chrono_literals;
using config::ProgramType;
using config::RestartPolicy;

namespace {

UnplannedExit exit_after(int code, Duration ready_for = {}) {
  UnplannedExit ending;
  ending.status = ExitStatus{false, code, false};
  ending.ready_for = ready_for;
  return ending;
}

config::Program plain() {
  config::Program program;
  program.backoff_jitter = 0;
  program.crash_loop_exits = 100;
  return program;
}

RestartDecision once(const config::Program& program, const UnplannedExit& ending) {
  RestartMemory memory;
  Random random(1);
  return decide_restart(program, memory, ending, MonoTime{} + 1h, random);
}

}  // namespace

TEST_CASE("the policy decides by how the process ended") {
  struct Row {
    const char* what;
    RestartPolicy policy;
    ProgramType type;
    UnplannedExit ending;
    RestartAction expected;
  };
  UnplannedExit crashed;
  crashed.status = ExitStatus{true, 11, true};
  UnplannedExit hung_but_clean = exit_after(0);
  hung_but_clean.by_us = true;
  const Row rows[] = {
      {"always, exit 0", RestartPolicy::Always, ProgramType::Service, exit_after(0),
       RestartAction::Backoff},
      {"always, exit 1", RestartPolicy::Always, ProgramType::Service, exit_after(1),
       RestartAction::Backoff},
      {"always, settled", RestartPolicy::Always, ProgramType::Service, exit_after(1, 10s),
       RestartAction::Now},
      {"always, almost settled", RestartPolicy::Always, ProgramType::Service, exit_after(1, 9999ms),
       RestartAction::Backoff},
      {"always, signal", RestartPolicy::Always, ProgramType::Service, crashed,
       RestartAction::Backoff},
      {"always, 78", RestartPolicy::Always, ProgramType::Service, exit_after(78),
       RestartAction::Fail},
      {"always, 78 after an hour", RestartPolicy::Always, ProgramType::Service, exit_after(78, 1h),
       RestartAction::Fail},
      {"always, no spawn", RestartPolicy::Always, ProgramType::Service, UnplannedExit{},
       RestartAction::Backoff},
      {"on failure, exit 0", RestartPolicy::OnFailure, ProgramType::Service, exit_after(0),
       RestartAction::Leave},
      {"on failure, exit 1", RestartPolicy::OnFailure, ProgramType::Service, exit_after(1),
       RestartAction::Backoff},
      {"on failure, hung, exit 0", RestartPolicy::OnFailure, ProgramType::Service, hung_but_clean,
       RestartAction::Backoff},
      {"never, exit 0", RestartPolicy::Never, ProgramType::Service, exit_after(0),
       RestartAction::Leave},
      {"never, exit 1", RestartPolicy::Never, ProgramType::Service, exit_after(1),
       RestartAction::Fail},
      {"never, no spawn", RestartPolicy::Never, ProgramType::Service, UnplannedExit{},
       RestartAction::Fail},
      {"oneshot, exit 0", RestartPolicy::Always, ProgramType::Oneshot, exit_after(0),
       RestartAction::Done},
      {"oneshot, exit 1", RestartPolicy::Always, ProgramType::Oneshot, exit_after(1),
       RestartAction::Backoff},
      {"oneshot, 78", RestartPolicy::Always, ProgramType::Oneshot, exit_after(78),
       RestartAction::Fail},
      {"oneshot, never, exit 1", RestartPolicy::Never, ProgramType::Oneshot, exit_after(1),
       RestartAction::Fail},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    config::Program program = plain();
    program.restart = row.policy;
    program.type = row.type;
    CHECK(once(program, row.ending).action == row.expected);
  }
}

TEST_CASE("a signal 78 or a 78 that we caused is not the configuration's exit code") {
  UnplannedExit signal;
  signal.status = ExitStatus{true, 78, false};
  CHECK(once(plain(), signal).action == RestartAction::Backoff);
  UnplannedExit hung = exit_after(78);
  hung.by_us = true;
  CHECK(once(plain(), hung).action == RestartAction::Backoff);
}

TEST_CASE("the delays double up to the cap") {
  config::Program program = plain();
  RestartMemory memory;
  Random random(1);
  std::vector<Duration> delays;
  for (int i = 0; i < 9; ++i) {
    delays.push_back(
        decide_restart(program, memory, exit_after(1), MonoTime{} + i * 1min, random).delay);
  }
  REQUIRE(delays == std::vector<Duration>{250ms, 500ms, 1s, 2s, 4s, 8s, 16s, 30s, 30s});
}

TEST_CASE("the jitter spreads over the whole band and no further") {
  config::Program program = plain();
  program.backoff_jitter = 0.2;
  Random random(7);
  Duration low = 1h;
  Duration high{};
  for (int i = 0; i < 2000; ++i) {
    const Duration delay = backoff_delay(program, 2, random);
    low = std::min(low, delay);
    high = std::max(high, delay);
  }
  REQUIRE(low >= 800ms);
  REQUIRE(low < 810ms);
  REQUIRE(high <= 1200ms);
  REQUIRE(high > 1190ms);
}

TEST_CASE("back-off reset: after backoff_reset of being ready, and not a moment sooner") {
  const auto delay_after = [](Duration ready_for) {
    config::Program program = plain();
    program.settled_after = 1h;  // so that no end is answered at once
    RestartMemory memory;
    Random random(1);
    MonoTime now{};
    for (int i = 0; i < 4; ++i)
      decide_restart(program, memory, exit_after(1), now += 1min, random);
    return decide_restart(program, memory, exit_after(1, ready_for), now += 2min, random).delay;
  };
  REQUIRE(delay_after(54s) == 4s);
  REQUIRE(delay_after(60s) == 250ms);
}

TEST_CASE("a settled end is answered at once and keeps the place in the back-off") {
  config::Program program = plain();
  RestartMemory memory;
  Random random(1);
  MonoTime now{};
  decide_restart(program, memory, exit_after(1), now += 1min, random);
  REQUIRE(decide_restart(program, memory, exit_after(1, 11s), now += 1min, random).action ==
          RestartAction::Now);
  REQUIRE(decide_restart(program, memory, exit_after(1), now += 1min, random).delay == 500ms);
}

TEST_CASE("five exits in a minute are a crash loop even if each had settled; four are not") {
  config::Program program = plain();
  program.crash_loop_exits = 5;
  RestartMemory memory;
  Random random(1);
  MonoTime now{};
  for (int i = 0; i < 4; ++i) {
    REQUIRE(decide_restart(program, memory, exit_after(1, 11s), now += 11s, random).action ==
            RestartAction::Now);
  }
  const RestartDecision fifth =
      decide_restart(program, memory, exit_after(1, 11s), now += 11s, random);
  REQUIRE(fifth.action == RestartAction::CrashLoop);
  REQUIRE(fifth.entered_crash_loop);
  REQUIRE(fifth.delay == 30s);
  REQUIRE_FALSE(
      decide_restart(program, memory, exit_after(1), now += 30s, random).entered_crash_loop);
}

TEST_CASE("one exit every twenty seconds of good work never becomes a crash loop") {
  config::Program program = plain();
  program.crash_loop_exits = 5;
  RestartMemory memory;
  Random random(1);
  MonoTime now{};
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(decide_restart(program, memory, exit_after(1, 20s), now += 20s, random).action ==
            RestartAction::Now);
  }
  REQUIRE(memory.recent.size() <= 5);
}

// PM2's limit is defeated by any delay above 1 s, systemd's by RestartSec > 2 s.
TEST_CASE(
    "limit defeated by delay: one that always fails reaches the crash loop whatever the numbers") {
  for (const Duration base : {Duration(0s), Duration(1ms), Duration(250ms), Duration(10s)}) {
    for (const Duration cap : {Duration(0s), Duration(1s), Duration(30s), Duration(1h)}) {
      for (const Duration window : {Duration(0s), Duration(1ms), Duration(60s), Duration(24h)}) {
        for (const std::uint32_t exits : {0U, 1U, 2U, 5U, 50U}) {
          for (const Duration settled : {Duration(0s), Duration(10s)}) {
            for (const Duration lives : {Duration(0s), Duration(999ms)}) {
              config::Program program;
              program.backoff_base = base;
              program.backoff_cap = cap;
              program.crash_loop_window = window;
              program.crash_loop_exits = exits;
              program.crash_loop_retry = 0s;
              program.settled_after = settled;
              program.backoff_reset = 0s;
              RestartMemory memory;
              Random random(3);
              MonoTime now{};
              std::uint32_t ends = 0;
              RestartDecision decision;
              do {
                ++ends;
                decision = decide_restart(program, memory, exit_after(1, lives), now, random);
                REQUIRE(decision.delay >= 10ms);  // and never spins
                now += decision.delay + lives;
              } while (decision.action != RestartAction::CrashLoop && ends <= 60);
              INFO("base " << base.count() << " window " << window.count() << " exits " << exits);
              REQUIRE(ends == std::max(1U, exits));
              REQUIRE(decision.delay >= 1s);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("success_exit_codes are no failures, whatever the policy would do with others") {
  config::Program program = plain();
  program.success_exit_codes = {3, 78, 143};
  program.restart = RestartPolicy::OnFailure;
  UnplannedExit terminated;
  terminated.status = ExitStatus{true, 15, false};
  UnplannedExit interrupted;
  interrupted.status = ExitStatus{true, 2, false};
  CHECK(once(program, exit_after(0)).action == RestartAction::Leave);
  CHECK(once(program, exit_after(3)).action == RestartAction::Leave);
  CHECK(once(program, exit_after(78)).action == RestartAction::Leave);
  CHECK(once(program, exit_after(143)).action == RestartAction::Leave);
  CHECK(once(program, terminated).action == RestartAction::Leave);
  CHECK(once(program, exit_after(1)).action == RestartAction::Backoff);
  CHECK(once(program, interrupted).action == RestartAction::Backoff);
  program.type = ProgramType::Oneshot;
  CHECK(once(program, exit_after(3)).action == RestartAction::Done);
  program.restart = RestartPolicy::Never;
  CHECK(once(program, exit_after(4)).action == RestartAction::Fail);
  UnplannedExit hung = exit_after(3);
  hung.by_us = true;
  CHECK(once(program, hung).action == RestartAction::Fail);
}

TEST_CASE("max_restarts_per_hour: the restart that would be one too many is refused") {
  config::Program program = plain();
  program.max_restarts_per_hour = 3;
  RestartMemory memory;
  Random random(1);
  const auto dies_at = [&](Duration at) {
    return decide_restart(program, memory, exit_after(1, 20s), MonoTime{} + at, random);
  };
  CHECK(dies_at(0min).action == RestartAction::Now);
  CHECK(dies_at(10min).action == RestartAction::Now);
  CHECK(dies_at(20min).action == RestartAction::Now);
  const RestartDecision refused = dies_at(60min - 1ns);
  CHECK(refused.action == RestartAction::Fail);
  CHECK(refused.too_many_restarts);
  CHECK(dies_at(60min).action == RestartAction::Now);  // the first one is an hour old
  CHECK(dies_at(61min).too_many_restarts);
  memory.forget();
  CHECK(dies_at(61min).action == RestartAction::Now);
  program.max_restarts_per_hour = 0;
  for (int i = 0; i < 100; ++i)
    CHECK(dies_at(62min).action != RestartAction::Fail);
}
