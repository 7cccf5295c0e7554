// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/claim_policy.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace holdfast;
using namespace holdfast::queue;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kNow = 1'000'000;
constexpr Duration kPoll = 1s;

const store::JobQueue::Peek kNothing{};
const store::JobQueue::Peek kReady{true, std::nullopt};
store::JobQueue::Peek due_in(std::int64_t ms) {
  return {false, kNow + ms};
}

ClaimState idle() {
  ClaimState state;
  state.registered = true;
  state.threads = state.capacity = 4;
  return state;
}

ClaimState with(ClaimState state, auto change) {
  change(state);
  return state;
}

struct Row {
  std::string scenario;
  ClaimState state;
  NextStep expected;
};

}  // namespace

TEST_CASE("the next step follows from what is known") {
  const NextStep nothing{};
  const NextStep claim_all{Action::Claim, 4, {}};
  const Row rows[] = {
      {"not registered",
       with(idle(), [](auto& s) { s.registered = false; }),
       {Action::Register, 0, {}}},
      {"not looked yet", idle(), {Action::Peek, 0, {}}},
      {"the provider is down, and it is not time to ask it",
       with(idle(),
            [](auto& s) {
              s.provider = {false, false, 300ms, "down"};
            }),
       {Action::Sleep, 0, 300ms}},
      {"the provider is down, and it is time to ask it",
       with(idle(),
            [](auto& s) {
              s.provider = {false, false, 0ms, "down"};
            }),
       {Action::Probe, 0, {}}},
      {"the provider is being asked",
       with(idle(),
            [](auto& s) {
              s.provider = {false, false, 0ms, "down"};
              s.probing = true;
            }),
       nothing},
      {"the provider asks to wait for longer than the poll",
       with(idle(),
            [](auto& s) {
              s.provider = {false, true, 90s, "slow down"};
            }),
       {Action::Sleep, 0, kPoll}},
      {"the provider is down while draining",
       with(idle(),
            [](auto& s) {
              s.provider = {false, false, 0ms, "down"};
              s.draining = true;
            }),
       nothing},
      {"nothing there",
       with(idle(), [](auto& s) { s.peeked = kNothing; }),
       {Action::Sleep, 0, kPoll}},
      {"a job is ready", with(idle(), [](auto& s) { s.peeked = kReady; }), claim_all},
      {"a waiting job is due now", with(idle(), [](auto& s) { s.peeked = due_in(0); }), claim_all},
      {"a waiting job was due", with(idle(), [](auto& s) { s.peeked = due_in(-5000); }), claim_all},
      {"a waiting job is due before the poll",
       with(idle(), [](auto& s) { s.peeked = due_in(300); }),
       {Action::Sleep, 0, 300ms}},
      {"a waiting job is due after the poll",
       with(idle(), [](auto& s) { s.peeked = due_in(9000); }),
       {Action::Sleep, 0, kPoll}},
      {"a waiting job is due in a thousand years",
       with(idle(), [](auto& s) { s.peeked = due_in(31'556'952'000'000); }),
       {Action::Sleep, 0, kPoll}},
      {"some slots are taken",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.in_work = 3;
            }),
       {Action::Claim, 1, {}}},
      {"all slots are taken",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.in_work = 4;
            }),
       nothing},
      {"claimed ahead, and more than half of it is left",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.capacity = 64;
              s.in_work = 33;
            }),
       nothing},
      {"claimed ahead, and half of it is worked on",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.capacity = 64;
              s.in_work = 32;
            }),
       {Action::Claim, 32, {}}},
      {"more threads than half of what may be in work: each that is free gets a job",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.capacity = 5;
              s.in_work = 3;
            }),
       {Action::Claim, 2, {}}},
      {"more in work than the capacity has become",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.in_work = 9;
            }),
       nothing},
      {"results wait for the store",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.settling = 7;
            }),
       claim_all},
      {"too many results wait for the store",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.settling = 8;
            }),
       nothing},
      {"a job runs alone",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.in_work = 1;
              s.quarantined = 1;
            }),
       nothing},
      {"a claim is on its way",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.step_pending = true;
            }),
       nothing},
      {"the last claim came back empty",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.backing_off = true;
            }),
       {Action::Sleep, 0, kPoll}},
      {"registering failed",
       with(idle(),
            [](auto& s) {
              s.registered = false;
              s.backing_off = true;
            }),
       {Action::Sleep, 0, kPoll}},
      {"draining",
       with(idle(),
            [](auto& s) {
              s.peeked = kReady;
              s.draining = true;
            }),
       nothing},
      {"draining, not registered",
       with(idle(),
            [](auto& s) {
              s.registered = false;
              s.draining = true;
            }),
       nothing},
  };
  for (const Row& row : rows) {
    CAPTURE(row.scenario);
    const NextStep step = next_step(row.state, kNow, kPoll);
    CHECK(step.action == row.expected.action);
    CHECK(step.limit == row.expected.limit);
    CHECK(step.sleep == row.expected.sleep);
  }
}

TEST_CASE("one job per thread is claimed while nothing is known about jobs, or jobs are long") {
  CHECK(capacity(2, 16, std::nullopt) == 2);
  CHECK(capacity(2, 16, 10s) == 2);
  CHECK(capacity(2, 16, 51ms) == 2);
}

TEST_CASE("short jobs are claimed ahead, as many as are done in 50 ms, a batch at most") {
  CHECK(capacity(1, 16, 10ms) == 5);
  CHECK(capacity(2, 16, 10ms) == 10);
  CHECK(capacity(1, 16, 1ms) == 16);
  CHECK(capacity(1, 16, 0s) == 16);
  CHECK(capacity(8, 4, 1us) == 8);  // never fewer than threads
  CHECK(capacity(1, 1, 1us) == 1);  // batch = 1 turns it off
}

TEST_CASE("a capacity is never nothing") {
  CHECK(capacity(0, 0, std::nullopt) == 1);
}

TEST_CASE("the mean job time starts at the first and moves an eighth of the way") {
  CHECK(smoothed(std::nullopt, 80ms) == 80ms);
  CHECK(smoothed(80ms, 160ms) == 90ms);
  CHECK(smoothed(80ms, 0ms) == 70ms);
}
