// SPDX-License-Identifier: Apache-2.0
// With any configuration and any way of failing, a worker that never settles reaches the crash loop
// after crash_loop_exits exits, and from then on is retried at the slow pace only.
#include "supervisor/core/fleet.hpp"
#include "tests/support/catch.hpp"

#include <random>

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace std::chrono_literals;

namespace {

enum class Failing { AtOnce, AfterReady, Spawn, NeverReady, Hangs };

class Mishap {
 public:
  Mishap(const config::Program& program, Failing how)
      : fleet_({}, {program}, 1, false), how_(how), program_(program) {
    take(fleet_.begin(now_));
  }

  // The number of exits until the crash loop was reported; 0 if it never was.
  int ends_to_loop(int limit) {
    // Bounded: a worker that is never started again would be waited for endlessly.
    for (int turns = 0; !looping_ && ends_ <= limit && turns < 10'000; ++turns)
      turn();
    return looping_ ? ends_ : 0;
  }
  // How often it is started in this time.
  int starts_within(Duration time) {
    starts_ = 0;
    for (const MonoTime end = now_ + time; now_ < end;)
      turn();
    return starts_;
  }

 private:
  void step(const Event& event) { take(fleet_.step(event, now_)); }

  void take(const Actions& actions) {
    for (const Action& action : actions) {
      if (const auto* spawn = std::get_if<Spawn>(&action)) {
        process_ = spawn->process;
        asked_ = true;
        ++starts_;
      }
      if (const auto* timer = std::get_if<ArmTimer>(&action)) armed_ = timer->at;
      if (const auto* signal = std::get_if<Signal>(&action)) stop_requested_ |= signal->signal != 0;
      if (const auto* report = std::get_if<Report>(&action)) {
        looping_ |= report->kind == EventKind::CrashLoop;
      }
    }
  }

  void end() {
    ++ends_;
    stop_requested_ = false;
    step(Exited{process_, ExitStatus{false, 1, false}});
  }

  void turn() {
    if (std::exchange(asked_, false)) {
      if (how_ == Failing::Spawn) {
        ++ends_;
        return step(SpawnFailed{process_, "fork", EAGAIN});
      }
      step(Spawned{process_, 1});
      if (how_ == Failing::AtOnce) return end();
      if (how_ == Failing::NeverReady) return;
      step(Notified{process_, Notice::Ready});
      if (how_ == Failing::Hangs) return;
      now_ += 900ms;  // less than settling takes at least
      return end();
    }
    if (stop_requested_) return end();
    if (!armed_ || *armed_ <= now_) {
      now_ += 1s;
    } else {
      now_ = *armed_;
    }
    step(Tick{});
  }

  Fleet fleet_;
  Failing how_;
  config::Program program_;
  MonoTime now_{1h};
  std::optional<MonoTime> armed_;
  ProcessId process_;
  bool asked_ = false;
  bool stop_requested_ = false;
  bool looping_ = false;
  int ends_ = 0;
  int starts_ = 0;
};

}  // namespace

TEST_CASE("limit defeated by delay: a worker that never settles reaches the crash loop") {
  std::mt19937_64 dice(Catch::rngSeed());
  const auto up_to = [&](Duration most) {
    return std::chrono::milliseconds(
        dice() % static_cast<std::uint64_t>(1 + most / std::chrono::milliseconds(1)));
  };
  for (int round = 0; round < 2000; ++round) {
    config::Program program;
    program.name = "a";
    program.settled_after = 1s + up_to(60s);
    program.backoff_base = up_to(20s);
    program.backoff_factor = 1.0 + static_cast<double>(dice() % 40) / 10;
    program.backoff_cap = up_to(10min);
    program.backoff_reset = up_to(2min);
    program.backoff_jitter = static_cast<double>(dice() % 11) / 10;
    program.crash_loop_exits = 1 + static_cast<std::uint32_t>(dice() % 12);
    program.crash_loop_window = up_to(2min);
    program.crash_loop_retry = 1s + up_to(60s);
    program.ready_timeout = 1s + up_to(60s);
    program.watchdog_required = true;
    program.watchdog = std::min<Duration>(program.settled_after - 1ms, 30s);
    const auto how = static_cast<Failing>(round % 5);
    INFO("round " << round << " way of failing " << static_cast<int>(how));
    Mishap failure(program, how);
    const int limit = static_cast<int>(program.crash_loop_exits);
    REQUIRE(failure.ends_to_loop(limit + 1) == limit);
    const Duration hour = 1h;
    const int most = static_cast<int>(hour / program.crash_loop_retry) + 2;
    const int starts = failure.starts_within(hour);
    REQUIRE(starts <= most);
    REQUIRE(starts >= 10);  // and never given up
  }
}
