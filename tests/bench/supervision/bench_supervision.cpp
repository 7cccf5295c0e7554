// SPDX-License-Identifier: Apache-2.0

// bench_supervision [--runs N] [--children N] [--only SUPERVISOR]... [PART...]
//
// Holdfast beside a bare fork/exec floor, supervisord and s6, in the same run. Parts: restart,
// ready, rolling, few, many, stubborn, logs; without any, all of them (some ten minutes). What the
// figures mean and what they do not: docs/benchmarks.md.

#include "tests/bench/common/parts.hpp"
#include "tests/bench/supervision/parts.hpp"

int main(int argc, char** argv) {
  using namespace holdfast::bench;
  Options options;
  return run_parts({.numbers = {{"--runs", 1, [&](int runs) { options.runs = runs; }},
                                {"--children", 1, [&](int count) { options.children = count; }}},
                    .only = &options.only,
                    .parts = {{"restart", [&] { bench_restart(options); }},
                              {"ready", [&] { bench_ready(options); }},
                              {"rolling", [&] { bench_rolling(options); }},
                              {"few", [&] { bench_few(options); }},
                              {"many", [&] { bench_many(options); }},
                              {"stubborn", [&] { bench_stubborn(options); }},
                              {"logs", [&] { bench_logs(options); }}}},
                   argc, argv);
}
