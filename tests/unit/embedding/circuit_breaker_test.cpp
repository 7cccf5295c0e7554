// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/circuit_breaker.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::embedding;
using namespace std::chrono_literals;

namespace {

using Permit = CircuitBreaker::Permit;

const MonoTime kStart{1000s};

CircuitBreaker opened() {
  CircuitBreaker breaker;
  breaker.open(kStart, "down", 0);
  return breaker;
}

}  // namespace

TEST_CASE("a circuit opens after failures in a row, and not before") {
  CircuitBreaker breaker;
  for (int i = 0; i < 4; ++i) {
    CHECK(breaker.ask(kStart) == Permit::Go);
    breaker.failed(kStart, "no luck", 0);
  }
  CHECK(breaker.view(kStart).up);
  SECTION("one more opens it") {
    breaker.failed(kStart, "no luck", 0);
    CHECK_FALSE(breaker.view(kStart).up);
    CHECK_FALSE(breaker.view(kStart).takes);
    CHECK(breaker.view(kStart).reason == "no luck");
    CHECK(breaker.ask(kStart) == Permit::No);
  }
  SECTION("a success between them begins the count anew") {
    breaker.succeeded();
    breaker.failed(kStart, "no luck", 0);
    CHECK(breaker.view(kStart).up);
  }
}

TEST_CASE("one request at a time finds out whether an open circuit may close") {
  CircuitBreaker breaker = opened();
  CHECK(breaker.view(kStart).wait == 1s);
  CHECK(breaker.ask(kStart + 999ms) == Permit::No);
  CHECK(breaker.view(kStart + 1s).may_probe);
  CHECK(breaker.ask(kStart + 1s) == Permit::Probe);
  CHECK_FALSE(breaker.view(kStart + 1s).may_probe);
  // Nobody asks again and again meanwhile.
  CHECK(breaker.view(kStart + 1s).wait > Duration::zero());
  CHECK(breaker.ask(kStart + 1s) == Permit::No);
  SECTION("it closes on success") {
    breaker.succeeded();
    CHECK(breaker.view(kStart + 1s).up);
    CHECK(breaker.ask(kStart + 1s) == Permit::Go);
  }
  SECTION("it waits for twice as long after a failure") {
    breaker.failed(kStart + 1s, "still down", 0);
    CHECK(breaker.view(kStart + 1s).wait == 2s);
    CHECK(breaker.view(kStart + 1s).reason == "still down");
  }
  SECTION("a probe that was given up can be made again") {
    breaker.given_up();
    CHECK(breaker.ask(kStart + 1s) == Permit::Probe);
  }
  SECTION("being asked to wait is no verdict: there is a probe later") {
    breaker.limited(kStart + 1s, 5s, "slow down", 0);
    CHECK(breaker.ask(kStart + 5s) == Permit::No);
    CHECK(breaker.ask(kStart + 6s) == Permit::Probe);
  }
}

TEST_CASE("the wait of a circuit grows to a minute, and starts over after a success") {
  CircuitBreaker breaker = opened();
  MonoTime now = kStart;
  for (int i = 0; i < 20; ++i) {
    now += breaker.view(now).wait;
    REQUIRE(breaker.ask(now) == Permit::Probe);
    breaker.failed(now, "down", 0);
  }
  CHECK(breaker.view(now).wait == 60s);
  now += 60s;
  REQUIRE(breaker.ask(now) == Permit::Probe);
  breaker.succeeded();
  breaker.open(now, "down again", 0);
  CHECK(breaker.view(now).wait == 1s);
}

TEST_CASE("jitter shortens a wait by up to a quarter") {
  CircuitBreaker breaker;
  breaker.open(kStart, "down", 0.5);
  CHECK(breaker.view(kStart).wait == 875ms);
}

TEST_CASE("failures of requests that were under way do not lengthen the wait") {
  CircuitBreaker breaker = opened();
  for (int i = 0; i < 10; ++i)
    breaker.failed(kStart + 500ms, "late", 0);
  CHECK(breaker.view(kStart + 500ms).wait == 500ms);
}

TEST_CASE("a server that asks for time is not down") {
  CircuitBreaker breaker;
  breaker.limited(kStart, 3s, "slow down", 0);
  CHECK(breaker.view(kStart).up);
  CHECK(breaker.view(kStart).limited);
  CHECK_FALSE(breaker.view(kStart).takes);
  CHECK(breaker.ask(kStart + 2s) == Permit::No);
  CHECK(breaker.ask(kStart + 3s) == Permit::Go);
  SECTION("a later, shorter wait does not end it") {
    breaker.limited(kStart, 1s, "slow down", 0);
    CHECK(breaker.view(kStart).wait == 3s);
  }
  SECTION("without a time of its own the wait grows") {
    MonoTime now = kStart + 3s;
    breaker.limited(now, std::nullopt, "slow down", 0);
    CHECK(breaker.view(now).wait == 2s);
    now += 2s;
    breaker.limited(now, std::nullopt, "slow down", 0);
    CHECK(breaker.view(now).wait == 4s);
  }
  SECTION("requests that were sent together and refused together are one refusal") {
    for (int i = 0; i < 9; ++i)
      breaker.limited(kStart + 1s, std::nullopt, "slow down", 0);
    CHECK(breaker.view(kStart + 1s).wait == 2s);
    breaker.succeeded();  // one that was under way
    CHECK(breaker.view(kStart + 1s).wait == 2s);
  }
  SECTION("no wait is longer than an hour, none too short to matter, and 0 is as good as none") {
    breaker.limited(kStart + 3s, 100h, "slow down", 0);
    CHECK(breaker.view(kStart + 3s + 1h - 1ms).limited);
    CHECK_FALSE(breaker.view(kStart + 3s + 1h).limited);
    CircuitBreaker other;
    other.limited(kStart, 1ms, "slow down", 0);
    CHECK(other.view(kStart).wait == 250ms);
    CircuitBreaker third;
    third.limited(kStart, 0s, "slow down", 0);
    CHECK(third.view(kStart).wait == 1s);
  }
}

TEST_CASE("a server that asks for time for five minutes, and never answers, is down") {
  CircuitBreaker breaker;
  MonoTime now = kStart;
  const auto refuse_until = [&](MonoTime end) {
    for (; now <= end; now += 10s) {
      CAPTURE((now - kStart).count());
      CHECK(breaker.ask(now) != Permit::No);
      breaker.limited(now, 10s, "slow down", 0);
      now = std::max(now, now + breaker.view(now).wait - 10s);
    }
  };
  refuse_until(kStart + 270s);
  CHECK(breaker.view(now).up);
  SECTION("without one success") {
    now = std::max(now, kStart + 300s);
    CHECK(breaker.ask(now) != Permit::No);
    breaker.limited(now, 10s, "slow down", 0);
    CHECK_FALSE(breaker.view(now).up);
    CHECK(breaker.view(now).reason == "slow down");
    now += breaker.view(now).wait;
    CHECK(breaker.view(now).may_probe);
    CHECK(breaker.ask(now) == Permit::Probe);
    breaker.succeeded();
    CHECK(breaker.view(now).up);
    breaker.limited(now, 1s, "slow down", 0);
    CHECK(breaker.view(now).up);
  }
  SECTION("one success in between starts the count again") {
    breaker.succeeded();
    now = kStart + 300s + 60s;
    breaker.limited(now, 10s, "slow down", 0);
    CHECK(breaker.view(now).up);
  }
  SECTION("while nobody asks nothing is known") {
    CHECK(breaker.view(kStart + 1h).up);
  }
}

TEST_CASE("a server that refuses again after the time that it asked for is given more") {
  struct Row {
    std::optional<Duration> asked;
    Duration waits[4];
  };
  for (const Row& row :
       {Row{std::nullopt, {1s, 2s, 4s, 8s}}, Row{Duration(0s), {1s, 2s, 4s, 8s}},
        Row{Duration(10ms), {250ms, 2s, 4s, 8s}}, Row{Duration(3s), {3s, 3s, 4s, 8s}},
        Row{Duration(9s), {9s, 9s, 9s, 9s}}}) {
    CircuitBreaker breaker;
    MonoTime now = kStart;
    for (const Duration wait : row.waits) {
      CAPTURE(wait.count());
      breaker.limited(now, row.asked, "slow down", 0);
      CHECK(breaker.view(now).wait == wait);
      now += wait;
      CHECK(breaker.ask(now) == Permit::Go);
    }
  }
}

TEST_CASE("in a long wait there is a probe every minute, and its success ends it") {
  CircuitBreaker breaker;
  breaker.limited(kStart, 1h, "slow down", 0);
  CHECK(breaker.view(kStart).wait == 60s);
  CHECK_FALSE(breaker.view(kStart + 59s).may_probe);
  CHECK(breaker.ask(kStart + 59s) == Permit::No);
  CHECK(breaker.view(kStart + 60s).may_probe);
  CHECK_FALSE(breaker.view(kStart + 60s).takes);
  CHECK(breaker.ask(kStart + 60s) == Permit::Probe);
  CHECK(breaker.ask(kStart + 60s) == Permit::No);
  CHECK(breaker.view(kStart + 60s).wait > Duration::zero());
  SECTION("success") {
    breaker.succeeded();
    CHECK(breaker.view(kStart + 61s).takes);
    CHECK(breaker.ask(kStart + 61s) == Permit::Go);
  }
  SECTION("refused again, failed or given up: the next is a minute later") {
    const int way = GENERATE(0, 1, 2);
    if (way == 0) breaker.limited(kStart + 61s, 1h, "slow down", 0);
    if (way == 1) breaker.failed(kStart + 61s, "no luck", 0);
    if (way == 2) breaker.given_up();
    CHECK_FALSE(breaker.view(kStart + 61s).takes);
    CHECK(breaker.ask(kStart + 119s) == Permit::No);
    CHECK(breaker.ask(kStart + 120s) == Permit::Probe);
  }
}
