// SPDX-License-Identifier: Apache-2.0
#pragma once

// The measurements, each of which prints its table. They throw when something under measurement
// does not do its work at all.

#include <algorithm>
#include <string>
#include <vector>

namespace holdfast::bench {

struct Options {
  int runs = 3;
  int children = 1000;
  std::vector<std::string> only;  // names of supervisors; empty: all
  bool wants(const std::string& name) const {
    return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
  }
};

// kill -9 of a settled plain worker to its replacement running.
void bench_restart(const Options& options);
// The same to READY: a child that notifies, and the real API worker.
void bench_ready(const Options& options);
// A thousand plain programs: start, status, idle, all killed at once, stop.
void bench_many(const Options& options);
// Three workers: what the supervisor itself takes.
void bench_few(const Options& options);
// Workers that ignore SIGTERM, with a deadline of two seconds.
void bench_stubborn(const Options& options);
// Lines that a program writes, until they are in the supervisor's log file.
void bench_logs(const Options& options);
// Rolling restarts and reloads of the real stack under load.
void bench_rolling(const Options& options);

}  // namespace holdfast::bench
