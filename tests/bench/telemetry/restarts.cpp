// SPDX-License-Identifier: Apache-2.0
// After many restarts: all workers are killed at once, repeatedly; each incarnation is scraped, so
// that it leaves values behind.
#include "tests/bench/common/measure.hpp"
#include "tests/bench/common/table.hpp"
#include "tests/bench/telemetry/client.hpp"
#include "tests/bench/telemetry/parts.hpp"
#include "tests/bench/telemetry/sample.hpp"
#include "tests/bench/telemetry/tree.hpp"
#include "tests/support/wait.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace holdfast::bench {

namespace {

constexpr Workload kWorkload{40, 1'000, 0};
constexpr int kScrapes = 30;
constexpr int kRounds = 3;
// By then the bounded buffers for events and log lines are full.
constexpr int kRingsFull = 2'500;

void row(Table& table, HoldfastSystem& system, const std::string& restarts, const Sample& sample) {
  table.add({restarts, number(sample.p(0.5), 2), number(sample.p(0.95), 2),
             number(sample.cpu_each(), 2), number(resident_mib(system.pid())),
             std::to_string(descriptors_of(system.pid()))});
}

Sample take(HoldfastSystem& system, int count) {
  return take_sample(system, kWorkload, kWorkload.workers, count, 30);
}

// The old supervisor and a new one, alternating, so that both see the same machine.
void compare(Table& table, HoldfastSystem& old, int restarts) {
  HoldfastSystem fresh(kWorkload, Child::Plain);
  fresh.rest();
  Sample of_old;
  Sample of_fresh;
  for (int round = 0; round < kRounds; ++round) {
    of_old.add(take(old, kScrapes / 2));
    old.rest();
    fresh.resume();
    of_fresh.add(take(fresh, kScrapes / 2));
    fresh.rest();
    old.resume();
  }
  row(table, old, std::to_string(restarts), of_old);
  row(table, fresh, "0, in turns with it", of_fresh);
}

// Kills all, waits until as many others run, scrapes until each of them has been asked. Returns
// what the first counter then stands at, which must have grown.
double replace_all(HoldfastSystem& system, std::set<pid_t>& running, double before) {
  for (const pid_t pid : running)
    ::kill(pid, SIGKILL);
  std::set<pid_t> now;
  const bool back = test::wait_until([&] {
    const auto list = system.workers();
    now = {list.begin(), list.end()};
    return now.size() == kWorkload.workers &&
           std::none_of(now.begin(), now.end(), [&](pid_t pid) { return running.contains(pid); });
  });
  if (!back) throw std::runtime_error("not all workers came back");
  running = std::move(now);
  double after = 0;
  const bool asked = test::wait_until([&] {
    after = scrape(system.port()).first_counter();
    if (after < before) throw std::runtime_error("a counter went down");
    return after >= before + static_cast<double>(kWorkload.workers * kStep);
  });
  if (!asked) throw std::runtime_error("the new workers are not in the sum");
  return after;
}

}  // namespace

void bench_restarts(const Options& options) {
  if (!options.wants("holdfast")) return;
  HoldfastSystem system(kWorkload, Child::Plain);
  Table table("40 workers x 1,000 series, the supervisor after so many restarts",
              {"restarts", "scrape p50 ms", "p95", "CPU ms", "RSS MiB", "descriptors"});
  row(table, system, "0", take(system, kScrapes));
  const auto list = system.workers();
  std::set<pid_t> running(list.begin(), list.end());
  double counter = scrape(system.port()).first_counter();
  int done = 0;
  double seconds = 0;
  const auto restart_until = [&](int number) {
    while (done < number && seconds < options.restart_seconds) {
      const std::int64_t began = now_ns();
      counter = replace_all(system, running, counter);
      done += static_cast<int>(running.size());
      seconds += ms_between(began, now_ns()) / 1e3;
    }
  };
  restart_until(std::min(kRingsFull, options.restarts));
  row(table, system, std::to_string(done), take(system, kScrapes));
  restart_until(options.restarts);
  compare(table, system, done);
  table.print();
  fmt::print("  {:.0f} s for {} restarts; no counter ever fell\n", seconds, done);
}

}  // namespace holdfast::bench
