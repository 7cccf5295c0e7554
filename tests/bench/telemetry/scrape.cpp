// SPDX-License-Identifier: Apache-2.0
// Workers by series: what one scrape takes, in turns.
#include "tests/bench/common/table.hpp"
#include "tests/bench/telemetry/parts.hpp"
#include "tests/bench/telemetry/sample.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::bench {

namespace {

constexpr int kRounds = 2;

std::vector<std::string> systems_for(const Workload& workload) {
  std::vector<std::string> names{"holdfast"};
  // The same workers with the library that real ones use, where the supervisor has much to do.
  if (workload.histograms > 0 || (workload.counters >= 1000 && workload.workers == 16)) {
    names.emplace_back("prometheus-cpp");
  }
  names.emplace_back("prom-client");
  names.emplace_back("client_python");
  return names;
}

void measure(Table& table, const Workload& workload, const Options& options) {
  std::string series = std::to_string(workload.counters);
  if (workload.histograms > 0) series += fmt::format(" + {} histograms", workload.histograms);
  const std::string title = fmt::format("{} x {}", workload.workers, series);
  fmt::print(stderr, "  scrape: {}\n", title);
  std::vector<std::unique_ptr<System>> running;
  for (const std::string& name : systems_for(workload)) {
    if (!options.wants(name)) continue;
    if (auto system = start(name, workload)) running.push_back(std::move(system));
  }
  for (const auto& system : running)
    system->rest();
  std::vector<Sample> samples(running.size());
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < running.size(); ++i) {
      running[i]->resume();
      samples[i].add(
          take_sample(*running[i], workload, workload.workers, options.scrapes, options.seconds));
      running[i]->rest();
    }
  }
  for (std::size_t i = 0; i < running.size(); ++i) {
    const Sample& sample = samples[i];
    const double ratio = sample.ms.empty() ? -1 : sample.p(0.5) / samples.front().p(0.5);
    table.add({title, running[i]->name(), number(sample.p(0.5), 2), number(sample.p(0.95), 2),
               number(sample.p(1), 2), number(sample.cpu_each(), 2),
               fmt::format("{:.0f}", static_cast<double>(sample.bytes) / 1024),
               std::to_string(sample.ms.size()), std::to_string(sample.left_out),
               number(ratio, 1)});
  }
}

}  // namespace

void bench_scrape(const Options& options) {
  Table table("one scrape over HTTP, all series complete and fresh",
              {"workers x series", "system", "p50 ms", "p95", "max", "CPU ms", "KiB", "scrapes",
               "left out", "p50 : first"});
  for (const std::size_t counters : {100u, 1'000u, 10'000u}) {
    for (const std::size_t workers : {2u, 8u, 16u, 64u}) {
      measure(table, {workers, counters, 0}, options);
    }
  }
  // 1,000 counters and 640 histograms of 14 lines are 9,960 of the 10,000 series of one worker.
  measure(table, {8, 1'000, 640}, options);
  table.print();
}

}  // namespace holdfast::bench
