// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/common/measure.hpp"
#include "tests/bench/queue/figures.hpp"
#include "tests/bench/queue/peers.hpp"
#include "tests/support/stack.hpp"

#include <signal.h>

#include <thread>

namespace holdfast::bench {

namespace {

using namespace std::chrono_literals;

constexpr int kKills = 4;  // of one worker: five in a minute are a crash loop
// Long enough for any worker to be killed while it is at it.
constexpr std::size_t kBytes = 24 << 20;
constexpr int kHoldMs = 600'000;

constexpr const char* kConfiguration =
    "[program.migrate]\ncommand = [\"holdfast-queue-worker\", \"migrate\"]\ntype = \"oneshot\"\n"
    "[program.queue-worker]\ncommand = [\"holdfast-queue-worker\"]\nafter = [\"migrate\"]\n"
    "settled_after = \"1s\"\n";

std::string long_text() {
  std::string text;
  text.reserve(kBytes + 64);
  for (int i = 0; text.size() < kBytes; ++i)
    text += "word" + std::to_string(i) + " and some more of them. ";
  return text;
}

// Waits until the job is taken for the `claim`th time; looks five times a millisecond.
void await_claim(store::Store& store, std::int64_t job, std::int64_t claim) {
  const std::int64_t deadline = now_ns() + 60'000'000'000LL;
  for (;;) {
    const auto found = store.get_job(job);
    if (found && found->fence >= claim) return;
    if (now_ns() > deadline) throw std::runtime_error("the job was not taken");
    std::this_thread::sleep_for(200us);
  }
}

// The worker is killed each time with a new job, as jobs that crash too often are given up.
std::vector<double> rescue_times(const std::string& url) {
  test::Stack stack(kConfiguration, {{"DATABASE_URL", url}});
  stack.wait_ready();
  SystemClock clock;
  auto store = store::open_store(url, {}, clock);
  if (!store) throw std::runtime_error(store.error().message);
  std::vector<double> times;
  const std::string text = long_text();
  for (int i = 0; i < kKills; ++i) {
    std::this_thread::sleep_for(1500ms);  // until the worker has settled
    store::NewDocument document = new_document();
    document.content = text;
    const auto created = await<store::Created>(
        [&](auto done) { (*store)->create_document(document, std::move(done)); });
    await_claim(**store, created.job_id, 1);
    const pid_t worker = stack.pid_of("queue-worker.0");
    const std::int64_t killed = now_ns();
    ::kill(worker, SIGKILL);
    await_claim(**store, created.job_id, 2);
    times.push_back(ms_between(killed, now_ns()));
    await<void>([&](auto done) {
      (*store)->delete_document(document.id, store::Condition{}, std::move(done));
    });
    const bool idle = test::wait_until([&] {
      const auto stats = (*store)->queue_stats("default");
      return stats && stats->running == 0;
    });
    if (!idle) throw std::runtime_error("the deleted document's job did not end");
  }
  return times;
}

// Two workers; the one that has the job is killed.
double peer_rescue_time(const std::string& peer, const std::string& url) {
  std::optional<test::Process> first(start_peer_worker(peer, url, kHoldMs));
  run_peer(peer, "enqueue", url, {1, 0});
  if (first->read_line() != "began") throw std::runtime_error(peer + " did not begin");
  test::Process second = start_peer_worker(peer, url, kHoldMs);
  const std::int64_t killed = now_ns();
  first->kill();
  if (second.read_line() != "began") throw std::runtime_error(peer + " did not begin again");
  return ms_between(killed, now_ns());
}

}  // namespace

void bench_rescue(const Options& options, Beds& beds) {
  Figures figures("kill -9 of the worker to its job taken again, ms", {"p50", "max"});
  for (int run = 0; run < options.runs; ++run) {
    for (const std::string& engine : kEngines) {
      if (!options.wants(engine)) continue;
      const Database database(beds, engine);
      const std::vector<double> times = rescue_times(database.url());
      figures.add(engine, "p50", median(times));
      figures.add(engine, "max", percentile(times, 1));
    }
  }
  // The others give a dead worker's job back after a quarter of an hour (pg-boss) and after four
  // hours (graphile-worker), by their documentation: too long to wait for.
  for (const std::string& peer : peers(options)) {
    if (peer == "bullmq")
      figures.add(peer, "p50", peer_rescue_time(peer, fresh_url_for(beds, peer)));
  }
  figures.print(1);
}

}  // namespace holdfast::bench
