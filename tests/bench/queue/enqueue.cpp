// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/common/stamp.hpp"
#include "tests/bench/queue/figures.hpp"
#include "tests/bench/queue/floor.hpp"
#include "tests/bench/queue/peers.hpp"

#include <cstdlib>
#include <functional>
#include <latch>

namespace holdfast::bench {

namespace {

constexpr int kInFlight[] = {1, 16};

// So many closed loops, each of which stores its next document when the last one is durable.
double enqueue_rate(store::Store& store, int in_flight, int seconds) {
  const std::int64_t began = now_ns();
  const std::int64_t until = began + seconds * 1'000'000'000LL;
  std::atomic<std::int64_t> count = 0;
  std::latch finished(in_flight);
  std::function<void()> next = [&] {
    if (now_ns() >= until) return finished.count_down();
    store.create_document(new_document(), [&](const Result<store::Created>& created) {
      if (!created) std::abort();
      ++count;
      next();
    });
  };
  for (int i = 0; i < in_flight; ++i)
    next();
  finished.wait();
  return static_cast<double>(count) * 1e9 / static_cast<double>(now_ns() - began);
}

}  // namespace

void bench_enqueue(const Options& options, Beds& beds) {
  Figures figures("enqueue, durable, jobs/s by callers at a time", {"1", "16"});
  figures.compare("sqlite", "sqlite, one row");
  figures.compare("postgresql", "postgresql, pgbench");
  for (int run = 0; run < options.runs; ++run) {
    figures.add("disk, 4 KiB", "1", synced_writes_per_second(beds));
    for (const int in_flight : kInFlight) {
      const std::string column = std::to_string(in_flight);
      for (const std::string& engine : kEngines) {
        if (!options.wants(engine)) continue;
        if (engine == "postgresql") {
          figures.add("postgresql, pgbench", column,
                      postgres_inserts_per_second(beds, in_flight, options.seconds));
        } else if (in_flight == 1) {
          figures.add("sqlite, one row", column, sqlite_inserts_per_second(beds, options.seconds));
        }
        const Database database(beds, engine);
        figures.add(engine, column, enqueue_rate(*database.open(), in_flight, options.seconds));
      }
      for (const std::string& peer : peers(options)) {
        const auto result =
            run_peer(peer, "enqueue", fresh_url_for(beds, peer), {in_flight, options.seconds});
        figures.add(peer, column, result["rate"]);
      }
    }
  }
  figures.print(0);
}

}  // namespace holdfast::bench
