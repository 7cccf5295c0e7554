// SPDX-License-Identifier: Apache-2.0
#pragma once

// The measurements; each prints its table. The time of an incomplete answer would mean nothing: it
// does not count, and the table says how many there were.

#include <algorithm>
#include <string>
#include <vector>

namespace holdfast::bench {

struct Options {
  int scrapes = 8;  // of each system in each of two rounds
  int seconds = 3;  // and no longer than this in one round
  int restarts = 10'000;
  int restart_seconds = 60;       // and no longer than this
  std::vector<std::string> only;  // names of systems; empty: all
  bool wants(const std::string& name) const {
    return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
  }
};

// Workers by series: latency, bytes, processor time of one scrape.
void bench_scrape(const Options& options);
// One of sixteen workers is stopped by SIGSTOP.
void bench_stopped(const Options& options);
// How much scrapes delay the supervision loop: kill to restart, with and without.
void bench_loop(const Options& options);
// After many restarts: scrape, memory and descriptors beside those before.
void bench_restarts(const Options& options);

}  // namespace holdfast::bench
