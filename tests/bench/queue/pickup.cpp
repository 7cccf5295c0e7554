// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/common/measure.hpp"
#include "tests/bench/queue/figures.hpp"
#include "tests/bench/queue/peers.hpp"
#include "tests/bench/queue/worker_thread.hpp"
#include "tests/support/wait.hpp"

#include <poll.h>

#include <random>

namespace holdfast::bench {

namespace {

constexpr int kSamples = 200;

struct Percentiles {
  double p50 = 0;
  double p99 = 0;
  double max = 0;
};

enum class Host {
  Same,     // the doorbell rings
  Another,  // it hears of the job by way of the database
};

Percentiles pickup(const Database& database, Host host) {
  const auto store = database.open();
  std::atomic<std::int64_t> begun_ns = 0;
  StampingProvider provider([&] { begun_ns = now_ns(); });
  WorkerThread worker(*store, provider);
  std::mt19937 random(1);
  std::vector<double> taken;
  for (int i = 0; i < kSamples; ++i) {
    if (!test::wait_until([&] { return worker.done() == i; })) {
      throw std::runtime_error("a job was not done");
    }
    ::poll(nullptr, 0, 5 + static_cast<int>(random() % 10));
    begun_ns = 0;
    const std::int64_t before = now_ns();
    store->create_document(new_document(), [&](const Result<store::Created>&) {
      if (host == Host::Same) worker.doorbell().ring();
    });
    if (!test::wait_until([&] { return begun_ns != 0; })) {
      throw std::runtime_error("a job was not begun");
    }
    taken.push_back(ms_between(before, begun_ns));
  }
  test::wait_until([&] { return worker.done() == kSamples; });
  return {median(taken), percentile(taken, 0.99), percentile(taken, 1)};
}

void add_percentiles(Figures& figures, const std::string& row, const Percentiles& found) {
  figures.add(row, "p50", found.p50);
  figures.add(row, "p99", found.p99);
  figures.add(row, "max", found.max);
}

}  // namespace

void bench_pickup(const Options& options, Beds& beds) {
  Figures figures("idle queue: before the job is stored to the begin of its work, ms",
                  {"p50", "p99", "max"});
  for (int run = 0; run < options.runs; ++run) {
    for (const std::string& engine : kEngines) {
      if (options.wants(engine))
        add_percentiles(figures, engine, pickup({beds, engine}, Host::Same));
    }
    if (options.wants("postgresql")) {
      add_percentiles(figures, "postgresql, another host",
                      pickup({beds, "postgresql"}, Host::Another));
    }
    for (const std::string& peer : peers(options)) {
      const auto result = run_peer(peer, "pickup", fresh_url_for(beds, peer), {kSamples});
      add_percentiles(figures, peer, {result["p50"], result["p99"], result["max"]});
    }
  }
  figures.print(2);
}

}  // namespace holdfast::bench
