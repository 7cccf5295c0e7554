// SPDX-License-Identifier: Apache-2.0
#pragma once

// World: a job loop over a real SQLite store in a directory of its own, with a provider that does
// what the test says and an observer that remembers. The test's thread runs the loop.

#include "common/base/id.hpp"
#include "common/embedding/hashing.hpp"
#include "queue-worker/jobs/job_loop.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store/spy_store.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <future>

namespace holdfast::test {

using namespace std::chrono_literals;

using embedding::Vectors;

// Chunks that a provider like ScriptedProvider gets at a time.
inline constexpr std::size_t kBatch = 32;

class ScriptedProvider final : public embedding::Provider {
 public:
  std::string_view name() const override { return "scripted"; }
  std::uint32_t dimensions() const override { return 16; }
  std::string space() const override { return "scripted/16"; }
  Result<Vectors> embed(std::span<const std::string_view> texts,
                        const embedding::EmbedCall& call_of) override {
    const int call = ++calls;
    if (before) before(call);
    if (instead) {
      if (auto result = instead(call, texts)) return std::move(*result);
    }
    return real_.embed(texts, call_of);
  }
  // Both are called on job threads. Set before the loop starts.
  std::function<void(int call)> before;
  std::function<std::optional<Result<Vectors>>(int, std::span<const std::string_view>)> instead;
  bool is_remote() const override { return remote; }
  embedding::ProviderState state() const override {
    return down ? embedding::ProviderState{false, false, 0ms, "down"} : embedding::ProviderState{};
  }
  void probe(const embedding::EmbedCall&) override {
    if (++probes == up_at_probe) down = false;
  }
  std::atomic<int> calls = 0, probes = 0;
  bool remote = false;  // set before the loop starts
  int up_at_probe = 3;  // likewise
  std::atomic<bool> down = false;

 private:
  embedding::HashingProvider real_{16};
};

// Holds job threads until it is opened.
class Gate {
 public:
  void pass() {
    arrived_.store(true);
    opened_.wait();
  }
  bool arrived() const { return arrived_; }
  void open() {
    if (!open_.exchange(true)) promise_.set_value();
  }
  ~Gate() { open(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> opened_ = promise_.get_future().share();
  std::atomic<bool> arrived_ = false;
  std::atomic<bool> open_ = false;
};

struct Recorder final : queue::JobObserver {
  struct Ended {
    queue::JobInfo job;
    queue::AttemptResult result;
    std::string detail;
  };
  void registered(std::int64_t id, bool) override { workers.push_back(id); }
  void job_started(const queue::JobInfo&, Duration wait) override { waits.push_back(wait); }
  void job_ended(const queue::JobInfo& job, queue::AttemptResult result, Duration,
                 std::string_view detail) override {
    ended.push_back({job, result, std::string(detail)});
  }
  void batch_embedded(Duration, bool ok) override { ++(ok ? good_batches : bad_batches); }
  void jobs_released(std::int64_t count) override { released += count; }
  void jobs_rescued(std::int64_t count) override { rescued += count; }
  void jobs_pruned(std::int64_t count) override { pruned += count; }
  void documents_outdated(std::int64_t count) override { outdated.push_back(count); }
  void trouble(std::string_view what, const Error&) override { troubles.emplace_back(what); }

  std::vector<queue::AttemptResult> results() const {
    std::vector<queue::AttemptResult> all;
    for (const Ended& each : ended)
      all.push_back(each.result);
    return all;
  }

  std::vector<std::int64_t> workers;
  std::vector<Duration> waits;
  std::vector<Ended> ended;
  std::vector<std::string> troubles;
  std::vector<std::int64_t> outdated;
  std::int64_t released = 0, rescued = 0, pruned = 0;
  std::atomic<int> good_batches = 0, bad_batches = 0;
};

// One on which whatever takes time takes a thousandth of it: jobs are short on any machine.
class FastMachineClock final : public Clock {
 public:
  MonoTime mono() const override {
    const MonoTime now = real_.mono();
    return fast ? began_ + (now - began_) / 1000 : now;
  }
  WallTime wall() const override { return real_.wall(); }
  bool fast = false;  // set before the loop starts

 private:
  SystemClock real_;
  const MonoTime began_ = real_.mono();
};

class World {
 public:
  World() : World(std::filesystem::path()) {}
  // `directory`: an older world's, whose store is opened again; empty for a new one.
  explicit World(const std::filesystem::path& directory, store::OpenOptions open = {}) {
    if (directory.empty()) own_.emplace();
    const auto path = own_ ? own_->path() : directory;
    const std::string url = "sqlite://" + (path / "queue.db").string();
    REQUIRE(store::migrate_store(url));
    open.max_attempts = 3;
    auto opened = store::open_store(url, open, clock_);
    REQUIRE(opened);
    store = std::make_unique<SpyStore>(std::move(*opened));
    options.identity = {"queue-worker.0", 1, ""};
    options.limits.poll = 10ms;
    options.limits.backoff_base = 1ms;
    options.limits.backoff_cap = 2ms;
    options.chunking = {64, 8};
  }
  ~World() { stop(); }

  void jobs_are_short() { clock_.fast = true; }
  void start(std::optional<Fd> bell = std::nullopt) {
    auto doorbell = protocol::DoorbellListener::open(io, std::move(bell));
    REQUIRE(doorbell);
    std::vector<std::shared_ptr<worker::Beat>> beats;
    for (std::uint32_t i = 0; i < options.limits.concurrency; ++i) {
      beats.push_back(std::make_shared<worker::Beat>());
    }
    loop = queue::JobLoop::create({io, *store, provider, seen, clock_}, options,
                                  std::move(*doorbell), std::move(beats));
    REQUIRE(loop->start());
  }
  void stop() {
    gate.open();
    loop.reset();
  }

  // Runs the loop until the condition holds; false if only a defect can keep it from holding.
  bool run_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io.restart();
      io.run_one_for(5ms);
    }
    return true;
  }
  bool run_until_ended(std::size_t jobs) {
    return run_until([&] { return seen.ended.size() >= jobs; });
  }

  template <class T>
  Result<T> await(const std::function<void(store::Callback<T>)>& call) {
    std::promise<Result<T>> promise;
    call([&](Result<T> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  store::Created post(const std::string& content, const std::string& request_id = "") {
    store::NewDocument document;
    document.id = make_uuid();
    document.title = "a title";
    document.content = content;
    document.request_id = request_id;
    auto created = await<store::Created>(
        [&](auto done) { store->create_document(document, std::move(done)); });
    REQUIRE(created);
    return *created;
  }
  Result<std::int64_t> register_worker(const store::WorkerIdentity& identity, Duration lease) {
    return await<std::int64_t>(
        [&](auto done) { store->register_worker(identity, lease, std::move(done)); });
  }
  store::Document document(const store::Created& created) {
    return store->get_document(created.document_id).value();
  }
  store::Job job(const store::Created& created) { return store->get_job(created.job_id).value(); }
  store::QueueStats stats() { return store->queue_stats("default").value(); }

  FastMachineClock clock_;
  std::optional<TempDir> own_;
  boost::asio::io_context io{1};
  std::unique_ptr<SpyStore> store;
  ScriptedProvider provider;
  Recorder seen;
  Gate gate;
  queue::LoopOptions options;
  std::shared_ptr<queue::JobLoop> loop;
};

// Enough text for `batches` batches of chunks under World's chunking.
inline std::string text_of_batches(int batches) {
  return std::string(static_cast<std::size_t>(batches) * kBatch * 60, 'x');
}

}  // namespace holdfast::test
