// SPDX-License-Identifier: Apache-2.0
#pragma once

// SpyStore: a real store behind it, every write counted by name, and failures put in on demand. It
// can pose as a server, whose reads may wait for a network: then it counts the reads that run on an
// event loop's thread.
//
// Threads: as Store.

#include "common/store/store.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace holdfast::test {

class SpyStore final : public store::Store {
 public:
  explicit SpyStore(std::unique_ptr<store::Store> real) : real_(std::move(real)) {}

  // The next call of the named method fails with `error` and does not reach the store.
  void fail_next(const std::string& method, ErrorKind kind) {
    const std::lock_guard lock(mutex_);
    failures_[method].push_back(Error{kind, "put in by the test", 0});
  }
  int calls(const std::string& method) const {
    const std::lock_guard lock(mutex_);
    const auto found = calls_.find(method);
    return found == calls_.end() ? 0 : found->second;
  }
  int writes() const {
    const std::lock_guard lock(mutex_);
    int total = 0;
    for (const auto& [method, count] : calls_)
      total += method == "peek" || method == "jobs_to_stop" ? 0 : count;
    return total;
  }
  // From now on bounded reads may not run inline either, and reads on this thread are counted.
  void pose_as_server(std::thread::id loop) {
    loop_ = loop;
    is_server_ = true;
  }
  void pose_as_embedded() { is_server_ = false; }
  int reads_on_loop() const { return reads_on_loop_; }
  int reads_elsewhere() const { return reads_elsewhere_; }

  // See, and may change, what a claim asks for and what it returns. Set before the loop starts.
  std::function<void(store::ClaimRequest&)> on_claim;
  std::function<void(std::vector<store::Job>&)> on_claimed;

  void create_document(store::NewDocument document, store::Callback<store::Created> done,
                       store::Wanted wanted = {}) override {
    real_->create_document(std::move(document), std::move(done), std::move(wanted));
  }
  void create_documents(std::vector<store::NewDocument> documents,
                        std::optional<store::IdempotencyKey> key,
                        store::Callback<store::CreatedBatch> done,
                        store::Wanted wanted = {}) override {
    real_->create_documents(std::move(documents), std::move(key), std::move(done),
                            std::move(wanted));
  }
  void replace_document(store::NewDocument document, store::Condition expected,
                        store::Callback<store::Created> done, store::Wanted wanted = {}) override {
    real_->replace_document(std::move(document), std::move(expected), std::move(done),
                            std::move(wanted));
  }
  void delete_document(std::string id, store::Condition expected, store::Callback<void> done,
                       store::Wanted wanted = {}) override {
    real_->delete_document(std::move(id), std::move(expected), std::move(done), std::move(wanted));
  }
  Result<store::Document> get_document(const std::string& id) override {
    note_read();
    if (auto error = injected("get_document")) return holdfast::fail(*error);
    return real_->get_document(id);
  }
  Result<store::Document> get_document_within(const std::string& id,
                                              std::uint64_t max_content_bytes) override {
    note_read();
    return real_->get_document_within(id, max_content_bytes);
  }
  Result<store::Page> list_documents(const store::DocumentQuery& query) override {
    note_read();
    return real_->list_documents(query);
  }
  Result<std::vector<store::SearchHit>> search(const store::SearchQuery& query) override {
    note_read();
    return real_->search(query);
  }

  void register_worker(store::WorkerIdentity identity, Duration lease,
                       store::Callback<std::int64_t> done) override {
    if (auto error = injected("register")) return done(holdfast::fail(*error));
    real_->register_worker(std::move(identity), lease, std::move(done));
  }
  void claim(store::ClaimRequest request, store::Callback<std::vector<store::Job>> done) override {
    if (auto error = injected("claim")) return done(holdfast::fail(*error));
    if (on_claim) on_claim(request);
    real_->claim(std::move(request), [this, done = std::move(done)](auto jobs) {
      if (jobs && on_claimed) on_claimed(*jobs);
      done(std::move(jobs));
    });
  }
  void complete_embedding(store::JobKey key, std::string document_id, std::int64_t version,
                          store::EmbeddedText text, store::Callback<void> done) override {
    if (auto error = injected("complete_embedding")) return done(holdfast::fail(*error));
    real_->complete_embedding(key, std::move(document_id), version, std::move(text),
                              std::move(done));
  }
  void complete(store::JobKey key, store::Callback<void> done) override {
    if (auto error = injected("complete")) return done(holdfast::fail(*error));
    real_->complete(key, std::move(done));
  }
  void fail_job(store::JobFailure failure, store::Callback<store::JobState> done) override {
    if (auto error = injected("fail_job")) return done(holdfast::fail(*error));
    real_->fail_job(std::move(failure), std::move(done));
  }
  void enqueue_outdated(std::uint32_t limit, Duration age,
                        store::Callback<std::int64_t> done) override {
    if (auto error = injected("enqueue_outdated")) return done(holdfast::fail(*error));
    real_->enqueue_outdated(limit, age, std::move(done));
  }
  void release(std::int64_t worker_id, store::Callback<std::int64_t> done) override {
    if (auto error = injected("release")) return done(holdfast::fail(*error));
    real_->release(worker_id, std::move(done));
  }
  void cancel_job(std::int64_t id, store::Callback<store::Job> done,
                  store::Wanted wanted = {}) override {
    real_->cancel_job(id, std::move(done), std::move(wanted));
  }
  void discard_job(std::int64_t id, store::Callback<void> done,
                   store::Wanted wanted = {}) override {
    real_->discard_job(id, std::move(done), std::move(wanted));
  }
  void change_jobs(store::JobChange change, store::Callback<store::JobsChanged> done,
                   store::Wanted wanted = {}) override {
    real_->change_jobs(std::move(change), std::move(done), std::move(wanted));
  }
  void pause(std::string queue, std::string kind, store::Callback<void> done) override {
    real_->pause(std::move(queue), std::move(kind), std::move(done));
  }
  void resume(std::string queue, std::string kind, store::Callback<void> done) override {
    real_->resume(std::move(queue), std::move(kind), std::move(done));
  }
  Result<store::JobPage> list_jobs(const store::JobQuery& query) override {
    note_read();
    return real_->list_jobs(query);
  }
  Result<std::int64_t> count_jobs(const store::JobFilter& filter) override {
    note_read();
    return real_->count_jobs(filter);
  }
  Result<std::vector<store::JobKey>> jobs_to_stop(std::int64_t worker_id) override {
    note_read();
    if (auto error = injected("jobs_to_stop")) return holdfast::fail(*error);
    return real_->jobs_to_stop(worker_id);
  }
  void heartbeat(std::int64_t worker_id, Duration lease,
                 store::Callback<store::HeartbeatReply> done) override {
    if (auto error = injected("heartbeat")) return done(holdfast::fail(*error));
    real_->heartbeat(worker_id, lease, std::move(done));
  }
  void rescue_expired(store::Callback<std::int64_t> done) override {
    if (auto error = injected("rescue")) return done(holdfast::fail(*error));
    real_->rescue_expired(std::move(done));
  }
  void unregister_worker(std::int64_t worker_id, store::Callback<void> done) override {
    if (auto error = injected("unregister")) return done(holdfast::fail(*error));
    real_->unregister_worker(worker_id, std::move(done));
  }
  void retry_job(std::int64_t id, store::Callback<store::RetriedJob> done,
                 store::Wanted wanted = {},
                 std::optional<store::IdempotencyKey> key = {}) override {
    real_->retry_job(id, std::move(done), std::move(wanted), std::move(key));
  }
  void prune(Duration keep, store::Callback<std::int64_t> done) override {
    if (auto error = injected("prune")) return done(holdfast::fail(*error));
    real_->prune(keep, std::move(done));
  }
  Result<Peek> peek(const std::string& queue) override {
    note_read();
    if (auto error = injected("peek")) return holdfast::fail(*error);
    return real_->peek(queue);
  }
  Result<store::Job> get_job(std::int64_t id) override {
    note_read();
    return real_->get_job(id);
  }
  Result<store::QueueStats> queue_stats(const std::string& queue) override {
    note_read();
    return real_->queue_stats(queue);
  }
  void create_api_key(store::ApiKey key, store::Callback<void> done) override {
    real_->create_api_key(std::move(key), std::move(done));
  }
  void rotate_api_key(std::string id, store::ApiKey successor, Duration overlap,
                      store::Callback<store::ApiKey> done) override {
    real_->rotate_api_key(std::move(id), std::move(successor), overlap, std::move(done));
  }
  Result<store::ExpiringApiKeys> expiring_api_keys(Duration within) override {
    note_read();
    return real_->expiring_api_keys(within);
  }
  void revoke_api_key(std::string id, store::Callback<void> done) override {
    real_->revoke_api_key(std::move(id), std::move(done));
  }
  void note_api_key_uses(std::vector<store::ApiKeyUse> uses, store::Callback<void> done) override {
    real_->note_api_key_uses(std::move(uses), std::move(done));
  }
  Result<store::ApiKey> get_api_key(const std::string& id) override {
    note_read();
    if (auto error = injected("get_api_key")) return holdfast::fail(*error);
    return real_->get_api_key(id);
  }
  Result<std::vector<store::ApiKey>> list_api_keys() override {
    note_read();
    return real_->list_api_keys();
  }
  Result<void> check() override {
    note_read();
    return real_->check();
  }
  bool inline_reads() const override { return !is_server_ && real_->inline_reads(); }
  store::MemoryUse memory_use() const override { return real_->memory_use(); }
  std::string describe() const override { return real_->describe(); }

 private:
  void note_read() {
    if (!is_server_) return;
    ++(std::this_thread::get_id() == loop_ ? reads_on_loop_ : reads_elsewhere_);
  }
  // Counts the call; the error to give back, if one was put in.
  std::optional<Error> injected(const std::string& method) {
    const std::lock_guard lock(mutex_);
    ++calls_[method];
    auto& waiting = failures_[method];
    if (waiting.empty()) return std::nullopt;
    Error error = std::move(waiting.front());
    waiting.pop_front();
    return error;
  }

  std::unique_ptr<store::Store> real_;
  std::thread::id loop_;  // set before is_server_
  std::atomic<bool> is_server_ = false;
  std::atomic<int> reads_on_loop_ = 0, reads_elsewhere_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::deque<Error>> failures_;  // guarded by mutex_
  std::map<std::string, int> calls_;                   // guarded by mutex_
};

}  // namespace holdfast::test
