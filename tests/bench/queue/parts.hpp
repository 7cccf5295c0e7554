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
  int seconds = 2;                // of each measurement that lasts as long as one likes
  int documents = 5000;           // that a search is among
  std::vector<std::string> only;  // names of systems; empty: all
  bool wants(const std::string& name) const {
    return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
  }
};

class Beds;

// Jobs stored durably, by one caller and by sixteen; a floor for each engine.
void bench_enqueue(const Options& options, Beds& beds);
// A backlog, drained by one worker process.
void bench_process(const Options& options, Beds& beds);
// An idle queue: from before a job is stored until its work begins.
void bench_pickup(const Options& options, Beds& beds);
// kill -9 of a worker at work to the moment when its job is taken again.
void bench_rescue(const Options& options, Beds& beds);
// A thousand documents a second over HTTP while the worker drains.
void bench_post(const Options& options, Beds& beds);
// Search, beside the engine's own full text alone.
void bench_search(const Options& options, Beds& beds);

}  // namespace holdfast::bench
