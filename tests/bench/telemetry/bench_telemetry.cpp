// SPDX-License-Identifier: Apache-2.0

// bench_telemetry [--scrapes N] [--restarts N] [--restart-seconds S] [--only SYSTEM]... [PART...]
//
// The aggregated scrape from end to end, beside prom-client and client_python in the same run.
// Parts: scrape, stopped, loop, restarts; without any, all of them (some five minutes). Systems:
// holdfast, prometheus-cpp (Holdfast with such workers), prom-client, client_python. What the
// figures mean: docs/benchmarks.md.

#include "tests/bench/common/parts.hpp"
#include "tests/bench/telemetry/parts.hpp"

int main(int argc, char** argv) {
  using namespace holdfast::bench;
  Options options;
  const auto set_scrapes = [&](int scrapes) {
    options.scrapes = scrapes;
    options.seconds = std::max(options.seconds, scrapes / 2);
  };
  return run_parts({.numbers = {{"--scrapes", 3, set_scrapes},
                                {"--restarts", 1, [&](int count) { options.restarts = count; }},
                                {"--restart-seconds", 1,
                                 [&](int seconds) { options.restart_seconds = seconds; }}},
                    .only = &options.only,
                    .parts = {{"scrape", [&] { bench_scrape(options); }},
                              {"stopped", [&] { bench_stopped(options); }},
                              {"loop", [&] { bench_loop(options); }},
                              {"restarts", [&] { bench_restarts(options); }}}},
                   argc, argv);
}
