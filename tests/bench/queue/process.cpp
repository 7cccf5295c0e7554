// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/common/stamp.hpp"
#include "tests/bench/queue/figures.hpp"
#include "tests/bench/queue/peers.hpp"
#include "tests/bench/queue/worker_thread.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store/spy_store.hpp"

namespace holdfast::bench {

namespace {

constexpr int kJobs = 20'000;
constexpr auto kLimit = std::chrono::minutes(5);

enum class Work {
  Nothing,    // as the peers' handlers
  Documents,  // loaded, cut into chunks, embedded, indexed
};

double drain_rate(const Database& database, Work work, int jobs) {
  test::SpyStore store(database.open());
  fill(store, jobs);
  if (work == Work::Nothing) {
    // A job whose document is gone has only to be claimed, started and completed.
    for (int i = 0; i < jobs; ++i)
      store.fail_next("get_document", ErrorKind::NotFound);
  }
  StampingProvider provider([] {});
  const std::int64_t began = now_ns();
  WorkerThread worker(store, provider);
  if (!test::wait_until([&] { return worker.done() >= jobs; }, kLimit)) {
    throw std::runtime_error("the worker did not drain the queue");
  }
  return jobs * 1e9 / static_cast<double>(now_ns() - began);
}

}  // namespace

void bench_process(const Options& options, Beds& beds) {
  Figures figures("a backlog drained by one worker process, jobs/s", {"no work", "documents"});
  for (int run = 0; run < options.runs; ++run) {
    for (const std::string& engine : kEngines) {
      if (!options.wants(engine)) continue;
      figures.add(engine, "no work", drain_rate({beds, engine}, Work::Nothing, kJobs));
      figures.add(engine, "documents", drain_rate({beds, engine}, Work::Documents, kJobs / 4));
    }
    for (const std::string& peer : peers(options)) {
      const auto result = run_peer(peer, "process", fresh_url_for(beds, peer), {kJobs});
      figures.add(peer, "no work", result["rate"]);
    }
  }
  figures.print(0);
}

}  // namespace holdfast::bench
