// SPDX-License-Identifier: Apache-2.0
// After many restarts: all workers are killed at once, again and again; each life is scraped, so
// that each leaves values behind.
#include "tests/bench/supervision/measure.hpp"
#include "tests/bench/supervision/table.hpp"
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
// By then the supervisor's rings of events and log lines, which are bounded, have filled.
constexpr int kRingsFull = 2'500;

void row(Table& table, HoldfastSystem& system, int restarts) {
  const Sample sample = take_sample(system, kWorkload, kWorkload.workers, kScrapes, 30);
  table.add({std::to_string(restarts), number(sample.p(0.5), 2), number(sample.p(0.95), 2),
             number(sample.cpu_each(), 2), number(resident_mib(system.pid())),
             std::to_string(descriptors_of(system.pid()))});
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
  row(table, system, 0);
  const auto list = system.workers();
  std::set<pid_t> running(list.begin(), list.end());
  double counter = scrape(system.port()).first_counter();
  const std::int64_t began = now_ns();
  double measuring = 0;
  int done = 0;
  while (done < options.restarts) {
    const int until = done == 0 ? std::min(kRingsFull, options.restarts) : options.restarts;
    while (done < until) {
      counter = replace_all(system, running, counter);
      done += static_cast<int>(running.size());
    }
    const std::int64_t pause = now_ns();
    row(table, system, done);
    measuring += ms_between(pause, now_ns());
  }
  table.print();
  fmt::print("  {:.0f} s for {} restarts; no counter ever fell\n",
             (ms_between(began, now_ns()) - measuring) / 1e3, done);
}

}  // namespace holdfast::bench
