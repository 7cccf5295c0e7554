// SPDX-License-Identifier: Apache-2.0

// bench_queue [--runs N] [--seconds N] [--documents N] [--only SYSTEM]... [PART...]
//
// The queue on SQLite and on PostgreSQL, beside what those two can do by themselves and beside
// BullMQ, graphile-worker and pg-boss, in the same run. Parts: enqueue, process, pickup, rescue,
// post, search; without any, all of them (some ten minutes). Systems: sqlite, postgresql, bullmq,
// graphile-worker, pg-boss. What the figures mean and what they do not: docs/benchmarks.md.

#include "tests/bench/common/parts.hpp"
#include "tests/bench/queue/beds.hpp"
#include "tests/bench/queue/parts.hpp"

int main(int argc, char** argv) {
  using namespace holdfast::bench;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Options options;
  Beds beds;
  return run_parts(
      {.numbers = {{"--runs", 1, [&](int runs) { options.runs = runs; }},
                   {"--seconds", 1, [&](int seconds) { options.seconds = seconds; }},
                   {"--documents", 100, [&](int documents) { options.documents = documents; }}},
       .only = &options.only,
       .parts = {{"enqueue", [&] { bench_enqueue(options, beds); }},
                 {"process", [&] { bench_process(options, beds); }},
                 {"pickup", [&] { bench_pickup(options, beds); }},
                 {"rescue", [&] { bench_rescue(options, beds); }},
                 {"post", [&] { bench_post(options, beds); }},
                 {"search", [&] { bench_search(options, beds); }}}},
      argc, argv);
}
