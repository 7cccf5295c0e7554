// SPDX-License-Identifier: Apache-2.0
// One process: documents stored by concurrent callers, and jobs through the queue.

#include "tests/bench/store/bench.hpp"

#include <atomic>
#include <functional>
#include <latch>
#include <mutex>

namespace holdfast::bench {

namespace {

using Clock = std::chrono::steady_clock;

// `callers` closed loops: each stores its next document when the last one is durable.
void bench_create(const std::filesystem::path& parent, double seconds, int callers, bool relaxed) {
  const Database database(parent);
  auto store = database.open(relaxed);
  const auto cpu = cpu_time();
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
  Latencies latencies;  // the writer's thread only, until the latch opens
  std::latch finished(callers);
  std::function<void()> next = [&] {
    const auto before = Clock::now();
    if (before >= end) return finished.count_down();
    store->create_document(make_document(), [&, before](Result<store::Created> created) {
      if (!created) std::abort();
      latencies.add(Clock::now() - before);
      next();
    });
  };
  for (int i = 0; i < callers; ++i)
    next();
  finished.wait();
  fmt::print("{:<58} {:>9.0f}/s   p50 {:6.3f} ms  p99 {:7.3f} ms  cpu {:5.1f} us\n",
             fmt::format("create_document, {} callers, {}", callers, relaxed ? "NORMAL" : "FULL"),
             static_cast<double>(latencies.count()) / Seconds(Clock::now() - begin).count(),
             latencies.percentile(0.5), latencies.percentile(0.99),
             (cpu_time() - cpu).count() * 1e6 / static_cast<double>(latencies.count()));
}

void fill(store::Store& store, int jobs) {
  std::latch finished(jobs);
  for (int i = 0; i < jobs; ++i) {
    store.create_document(make_document(),
                          [&](const Result<store::Created>&) { finished.count_down(); });
  }
  finished.wait();
}

// Claims `batch`, completes them together, and again.
void bench_jobs(const std::filesystem::path& parent, double seconds, int batch) {
  const Database database(parent);
  const auto store = database.open(false);
  fill(*store, static_cast<int>(seconds * 30'000));
  store::ClaimRequest request;
  request.worker_id = register_worker(*store);
  request.limit = static_cast<std::uint32_t>(batch);
  const auto cpu = cpu_time();
  const auto begin = Clock::now();
  int done = 0;
  while (Seconds(Clock::now() - begin).count() < seconds) {
    const auto jobs =
        await<std::vector<store::Job>>([&](auto call) { store->claim(request, call); });
    if (jobs.empty()) break;
    std::latch finished(static_cast<std::ptrdiff_t>(jobs.size()));
    for (const store::Job& job : jobs) {
      const store::JobKey key{job.id, job.fence};
      store->complete(key, [&](const Result<void>& result) {
        if (!result) std::abort();
        finished.count_down();
      });
    }
    finished.wait();
    done += static_cast<int>(jobs.size());
  }
  fmt::print("{:<58} {:>9.0f}/s   cpu {:5.1f} us\n",
             fmt::format("jobs: claim {0}, complete {0}", batch),
             done / Seconds(Clock::now() - begin).count(), (cpu_time() - cpu).count() * 1e6 / done);
}

}  // namespace

void bench_writes(const std::filesystem::path& parent, double seconds) {
  bench_create(parent, seconds, 1, false);
  bench_create(parent, seconds, 64, false);
  bench_create(parent, seconds, 64, true);
  bench_jobs(parent, seconds, 1);
  bench_jobs(parent, seconds, 16);
  bench_jobs(parent, seconds, 64);
}

}  // namespace holdfast::bench
