// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the contract tests need from an engine. They are linked with one make_environment() per
// engine and hold each to the same sentences.

#include "common/store/store.hpp"
#include "tests/support/manual_clock.hpp"

#include <future>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::store::test {

using namespace std::chrono_literals;

using holdfast::test::ManualClock;

class Environment {
 public:
  virtual ~Environment() = default;
  // Another process's view of the same, migrated, database.
  virtual std::unique_ptr<Store> open(const OpenOptions& options = {}) = 0;

  // The engine's time, whatever it takes it from. It moves only when told.
  virtual std::int64_t wall_ms() const = 0;
  virtual void advance(Duration by) = 0;
  // Somebody sets the wall clock; no time passes.
  virtual void step_wall_clock(Duration by) = 0;
  // The same for the clock that jobs wait by: this machine's, or the server's.
  virtual void step_store_clock(Duration by) = 0;

  // Whether that is another clock than this machine's.
  virtual bool has_clock_of_its_own() const { return false; }

  // Whether vectors are compared where they are stored, and no store keeps a copy of them.
  virtual bool has_vector_index() const { return false; }
};

// The options of a store on another machine that shares the database.
OpenOptions on_host(const std::string& name);

std::unique_ptr<Environment> make_environment();

// Calls an asynchronous write and waits for its callback.
template <class T, class Call>
Result<T> await(Call&& call) {
  std::promise<Result<T>> promise;
  call(Callback<T>([&](Result<T> result) { promise.set_value(std::move(result)); }));
  return promise.get_future().get();
}

Result<Created> create(Store& store, const std::string& id, const std::string& content = "text",
                       std::int32_t priority = 100);
Result<Created> replace(Store& store, const std::string& id, const std::string& content,
                        Condition expected = {});
Result<void> remove(Store& store, const std::string& id, Condition expected = {});
std::int64_t worker(Store& store, const std::string& name = "queue-worker.0",
                    const std::string& predecessor = "", Duration lease = 30s);
std::vector<Job> claim(Store& store, std::int64_t worker_id, std::uint32_t limit = 1);
Result<void> complete(Store& store, JobKey key);
Result<void> embed(Store& store, JobKey key, const std::string& id, std::vector<Chunk> chunks,
                   std::int64_t version = 1);
Result<JobState> fail(Store& store, JobKey key, const std::string& error, Duration backoff = 1s,
                      bool permanent = false);
Result<HeartbeatReply> heartbeat(Store& store, std::int64_t worker_id, Duration lease = 30s);
Result<std::int64_t> release(Store& store, std::int64_t worker_id);
Result<std::int64_t> rescue(Store& store);
Result<Job> retry(Store& store, std::int64_t job_id);
Result<std::int64_t> prune(Store& store, Duration keep);

// Creates the document, and a worker of its own claims and embeds it.
void store_ready(Store& store, const std::string& id, std::vector<Chunk> chunks);

Chunk chunk(std::int64_t ordinal, const std::string& text, std::vector<float> vector);
std::vector<float> unit(std::vector<float> vector);
Result<std::vector<SearchHit>> find(Store& store, const std::string& text,
                                    const std::vector<float>& vector, std::uint32_t k);
inline JobKey key_of(const Job& job) {
  return {job.id, job.fence};
}

}  // namespace holdfast::store::test
