// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/sqlite_store.hpp"

#include "common/base/failpoint.hpp"
#include "common/store/migrations/migrations.hpp"
#include "common/store/sqlite/api_keys.hpp"
#include "common/store/sqlite/chunks.hpp"
#include "common/store/sqlite/documents.hpp"
#include "common/store/sqlite/former_files.hpp"
#include "common/store/sqlite/full_text.hpp"
#include "common/store/sqlite/log_owner.hpp"
#include "common/store/sqlite/outage.hpp"
#include "common/store/sqlite/outdated.hpp"
#include "common/store/sqlite/queue_admin.hpp"
#include "common/store/sqlite/queue_claim.hpp"
#include "common/store/sqlite/queue_finish.hpp"
#include "common/store/sqlite/queue_read.hpp"
#include "common/store/sqlite/queue_rescue.hpp"
#include "common/store/sqlite/queue_retry.hpp"
#include "common/store/sqlite/readers.hpp"
#include "common/store/sqlite/schema.hpp"
#include "common/store/sqlite/search.hpp"
#include "common/store/sqlite/workers.hpp"
#include "common/store/sqlite/writer.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <type_traits>
#include <utility>

namespace holdfast::store::sqlite {

namespace {

constexpr std::int64_t kProbeBytes = 64 * 1024;

class SqliteStore final : public Store {
 public:
  SqliteStore(std::filesystem::path path, const OpenOptions& options, const Clock& clock,
              HostIdentity host, std::unique_ptr<Readers> readers,
              std::unique_ptr<SqliteConnection> writer, WriteLock lock, DatabaseFiles files)
      : path_(std::move(path)),
        clock_(clock),
        budgets_{options.max_attempts, options.max_crashes},
        host_(std::move(host)),
        on_read_(options.on_read),
        readers_(std::move(readers)),
        vector_space_(options.vector_space),
        vectors_(options.vector_cache_bytes, options.vector_space),
        files_(std::move(files)),
        writer_(std::move(writer), std::move(lock), files_, options.relaxed_durability,
                Writer::kGroupTime, options.on_commit, options.on_lost) {}

  ~SqliteStore() override { closing_ = true; }

  void create_document(NewDocument document, Callback<Created> done, Wanted wanted) override {
    write<Created>(
        Durability::PowerLoss,
        [budgets = budgets_, document = std::move(document)](SqliteConnection& c, Now now) {
          return sqlite::create_document(c, document, budgets, now);
        },
        std::move(done), Extent::ManyStatements, std::move(wanted));
  }

  void create_documents(std::vector<NewDocument> documents, std::optional<IdempotencyKey> key,
                        Callback<CreatedBatch> done, Wanted wanted) override {
    write<CreatedBatch>(
        Durability::PowerLoss,
        [budgets = budgets_, documents = std::move(documents), key = std::move(key)](
            SqliteConnection& c, Now now) {
          return sqlite::create_documents(c, documents, key, budgets, now);
        },
        std::move(done), Extent::ManyStatements, std::move(wanted));
  }

  void replace_document(NewDocument document, Condition expected, Callback<Created> done,
                        Wanted wanted) override {
    write<Created>(
        Durability::PowerLoss,
        [budgets = budgets_, document = std::move(document), expected = std::move(expected)](
            SqliteConnection& c, Now now) {
          return sqlite::replace_document(c, document, expected, budgets, now);
        },
        std::move(done), Extent::ManyStatements, std::move(wanted));
  }

  void delete_document(std::string id, Condition expected, Callback<void> done,
                       Wanted wanted) override {
    write_then_sweep<void>(
        Durability::PowerLoss,
        [id = std::move(id), expected = std::move(expected)](SqliteConnection& c, Now now) {
          return sqlite::delete_document(c, id, expected, now);
        },
        std::move(done), std::move(wanted));
  }

  Result<Document> get_document(const std::string& id) override {
    return get_document_within(id, std::numeric_limits<std::int64_t>::max());
  }

  Result<Document> get_document_within(const std::string& id,
                                       std::uint64_t max_content_bytes) override {
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    const auto bytes = static_cast<std::int64_t>(std::min(max_content_bytes, kMost));
    return read([&](SqliteConnection& c) { return sqlite::get_document(c, id, bytes); });
  }

  Result<Page> list_documents(const DocumentQuery& query) override {
    return read([&](SqliteConnection& c) { return sqlite::list_documents(c, query); });
  }

  Result<std::vector<SearchHit>> search(const SearchQuery& query) override {
    return read([&](SqliteConnection& c) -> Result<std::vector<SearchHit>> {
      return sqlite::search(c, vectors_, query);
    });
  }

  void register_worker(WorkerIdentity identity, Duration lease,
                       Callback<std::int64_t> done) override {
    lease_ = lease;
    write<std::int64_t>(
        Durability::ProcessDeath,
        [this, identity = std::move(identity), lease](SqliteConnection& c,
                                                      Now now) -> Result<std::int64_t> {
          return sqlite::register_worker(c, identity, host_, lease, now);
        },
        std::move(done));
  }

  void claim(ClaimRequest request, Callback<std::vector<Job>> done) override {
    write<std::vector<Job>>(
        Durability::ProcessDeath,
        [request = std::move(request)](SqliteConnection& c, Now now) {
          return claim_jobs(c, request, now);
        },
        std::move(done));
  }

  void complete_embedding(JobKey key, std::string document_id, std::int64_t version,
                          EmbeddedText text, Callback<void> done) override {
    store_chunks(std::make_shared<const Embedding>(Embedding{key, std::move(document_id), version,
                                                             std::move(text), vector_space_}),
                 0, std::move(done));
  }

  void complete(JobKey key, Callback<void> done) override {
    write<void>(
        Durability::ProcessDeath,
        [key](SqliteConnection& c, Now now) { return complete_job(c, key, now); }, std::move(done),
        Extent::OneStatement);
  }

  void fail_job(JobFailure failure, Callback<JobState> done) override {
    write_then_sweep<JobState>(
        Durability::PowerLoss,
        [failure = std::move(failure)](SqliteConnection& c, Now now) {
          return sqlite::fail_job(c, failure, now);
        },
        std::move(done));
  }

  void enqueue_outdated(std::uint32_t limit, Duration age, Callback<std::int64_t> done) override {
    write<std::int64_t>(
        Durability::ProcessDeath,
        [this, limit, age](SqliteConnection& c, Now now) -> Result<std::int64_t> {
          return sqlite::enqueue_outdated(c, {vector_space_, limit, age}, budgets_, now);
        },
        std::move(done));
  }

  void release(std::int64_t worker_id, Callback<std::int64_t> done) override {
    write<std::int64_t>(
        Durability::ProcessDeath,
        [worker_id](SqliteConnection& c, Now now) -> Result<std::int64_t> {
          const std::int64_t jobs = release_jobs(c, worker_id, now);
          failpoint(FaultStep::Released);
          return jobs;
        },
        std::move(done));
  }

  void heartbeat(std::int64_t worker_id, Duration lease, Callback<HeartbeatReply> done) override {
    write<HeartbeatReply>(
        Durability::ProcessDeath,
        [worker_id, lease](SqliteConnection& c, Now now) -> Result<HeartbeatReply> {
          return sqlite::heartbeat(c, worker_id, lease, now);
        },
        std::move(done));
  }

  void rescue_expired(Callback<std::int64_t> done) override {
    write<std::int64_t>(
        Durability::ProcessDeath,
        [this](SqliteConnection& c, Now now) -> Result<std::int64_t> {
          return sqlite::rescue_expired(c, host_, lease_.load(), now);
        },
        std::move(done));
  }

  void unregister_worker(std::int64_t worker_id, Callback<void> done) override {
    write<void>(
        Durability::ProcessDeath,
        [worker_id](SqliteConnection& c, Now now) -> Result<void> {
          sqlite::unregister_worker(c, worker_id, now);
          return {};
        },
        std::move(done));
  }

  void prune(Duration keep, Callback<std::int64_t> done) override {
    write_then_sweep<std::int64_t>(
        Durability::PowerLoss,
        [keep](SqliteConnection& c, Now now) -> Result<std::int64_t> {
          return sqlite::prune(c, keep, now);
        },
        std::move(done));
  }

  void retry_job(std::int64_t id, Callback<RetriedJob> done, Wanted wanted,
                 std::optional<IdempotencyKey> key) override {
    write<RetriedJob>(
        Durability::PowerLoss,
        [id, key = std::move(key)](SqliteConnection& c, Now now) {
          return sqlite::retry_job(c, id, key, now);
        },
        std::move(done), Extent::ManyStatements, std::move(wanted));
  }

  void cancel_job(std::int64_t id, Callback<Job> done, Wanted wanted) override {
    write_then_sweep<Job>(
        Durability::PowerLoss,
        [id](SqliteConnection& c, Now now) { return sqlite::cancel_job(c, id, now); },
        std::move(done), std::move(wanted));
  }

  void discard_job(std::int64_t id, Callback<void> done, Wanted wanted) override {
    write<void>(
        Durability::PowerLoss,
        [id](SqliteConnection& c, Now) { return sqlite::discard_job(c, id); }, std::move(done),
        Extent::ManyStatements, std::move(wanted));
  }

  void change_jobs(JobChange change, Callback<JobsChanged> done, Wanted wanted) override {
    write_then_sweep<JobsChanged>(
        Durability::PowerLoss,
        [change = std::move(change)](SqliteConnection& c, Now now) -> Result<JobsChanged> {
          return sqlite::change_jobs(c, change, now);
        },
        std::move(done), std::move(wanted));
  }

  void pause(std::string queue, std::string kind, Callback<void> done) override {
    set_paused(std::move(queue), std::move(kind), true, std::move(done));
  }

  void resume(std::string queue, std::string kind, Callback<void> done) override {
    set_paused(std::move(queue), std::move(kind), false, std::move(done));
  }

  Result<JobPage> list_jobs(const JobQuery& query) override {
    return read([&](SqliteConnection& c) -> Result<JobPage> {
      return sqlite::list_jobs(c, query, read_now(clock_));
    });
  }

  Result<std::int64_t> count_jobs(const JobFilter& filter) override {
    return read([&](SqliteConnection& c) -> Result<std::int64_t> {
      return sqlite::count_jobs(c, filter, read_now(clock_));
    });
  }

  Result<std::vector<JobKey>> jobs_to_stop(std::int64_t worker_id) override {
    return read([&](SqliteConnection& c) -> Result<std::vector<JobKey>> {
      return sqlite::jobs_to_stop(c, worker_id, read_now(clock_));
    });
  }

  Result<Peek> peek(const std::string& queue) override {
    return read([&](SqliteConnection& c) -> Result<Peek> {
      return sqlite::peek(c, queue, read_now(clock_));
    });
  }

  Result<Job> get_job(std::int64_t id) override {
    return read([&](SqliteConnection& c) { return sqlite::get_job(c, id); });
  }

  Result<QueueStats> queue_stats(const std::string& queue) override {
    return read([&](SqliteConnection& c) -> Result<QueueStats> {
      QueueStats stats = sqlite::queue_stats(c, queue, read_now(clock_));
      stats.outdated_documents = sqlite::count_outdated(c, vector_space_);
      return stats;
    });
  }

  void create_api_key(ApiKey key, Callback<void> done) override {
    write<void>(
        Durability::PowerLoss,
        [key = std::move(key)](SqliteConnection& c, Now now) {
          return sqlite::create_api_key(c, key, now);
        },
        std::move(done));
  }

  void rotate_api_key(std::string id, ApiKey successor, Duration overlap,
                      Callback<ApiKey> done) override {
    write<ApiKey>(
        Durability::PowerLoss,
        [id = std::move(id), successor = std::move(successor), overlap](SqliteConnection& c,
                                                                        Now now) {
          return sqlite::rotate_api_key(c, id, successor, overlap, now);
        },
        std::move(done));
  }

  void revoke_api_key(std::string id, Callback<void> done) override {
    write<void>(
        Durability::PowerLoss,
        [id = std::move(id)](SqliteConnection& c, Now now) {
          return sqlite::revoke_api_key(c, id, now);
        },
        std::move(done));
  }

  void note_api_key_uses(std::vector<ApiKeyUse> uses, Callback<void> done) override {
    write<void>(
        Durability::ProcessDeath,
        [uses = std::move(uses)](SqliteConnection& c, Now) {
          return sqlite::note_api_key_uses(c, uses);
        },
        std::move(done));
  }

  Result<ApiKey> get_api_key(const std::string& id) override {
    return read([&](SqliteConnection& c) { return sqlite::get_api_key(c, id, read_now(clock_)); });
  }

  Result<std::vector<ApiKey>> list_api_keys() override {
    return read([&](SqliteConnection& c) -> Result<std::vector<ApiKey>> {
      return sqlite::list_api_keys(c, read_now(clock_));
    });
  }

  Result<ExpiringApiKeys> expiring_api_keys(Duration within) override {
    return readers_->read([&](SqliteConnection& c) -> Result<ExpiringApiKeys> {
      return sqlite::expiring_api_keys(c, within, read_now(clock_));
    });
  }

  Result<void> check() override {
    HOLDFAST_TRY(files_.check());
    const auto looked = read([&](SqliteConnection& c) -> Result<void> {
      HOLDFAST_TRY(c.touch_file());
      c.query("SELECT 1 FROM schema_version").step();
      return {};
    });
    if (!looked) return looked;
    probe_if_doubtful();
    if (auto outage = outage_.present()) return fail(std::move(*outage));
    return {};
  }

  // A bounded read takes microseconds from the page cache: a hand-over to another thread and back
  // costs more (ADR 8).
  bool inline_reads() const override { return true; }

  MemoryUse memory_use() const override {
    return {SqliteConnection::cached_bytes(), vectors_.bytes()};
  }

  std::optional<FileUse> file_use() const override { return files_.use(); }

  std::string describe() const override { return "sqlite " + path_.native(); }

 private:
  template <class Work>
  std::invoke_result_t<Work&, SqliteConnection&> read(Work&& work) {
    const auto began = std::chrono::steady_clock::now();
    auto result = readers_->read(std::forward<Work>(work));
    if (on_read_) on_read_(std::chrono::steady_clock::now() - began);
    if (!result) outage_.read_failed(result.error());
    return result;
  }

  void set_paused(std::string queue, std::string kind, bool paused, Callback<void> done) {
    write<void>(
        Durability::PowerLoss,
        [queue = std::move(queue), kind = std::move(kind), paused](SqliteConnection& c,
                                                                   Now) -> Result<void> {
          sqlite::set_paused(c, queue, kind, paused);
          return {};
        },
        std::move(done));
  }

  // FTS5 merges four segments of a size (its usermerge): it is asked no more often than that.
  static constexpr unsigned kStoredPerMerge = 4;

  // Step by step, so that others can write in between: the chunks before the last few are stored
  // where nobody sees them, and shown by the last step.
  void store_chunks(std::shared_ptr<const Embedding> embedding, std::size_t first,
                    Callback<void> done) {
    if (embedding->text.chunks.size() - first <= kChunksPerWrite) {
      return write_then_sweep<void>(
          Durability::ProcessDeath,
          [embedding, first](SqliteConnection& c, Now now) {
            return sqlite::complete_embedding(c, *embedding, first, now);
          },
          [this, done = std::move(done)](const Result<void>& result) {
            done(result);
            if (result && ++stored_ % kStoredPerMerge == 0) merge_terms();
          });
    }
    write<std::size_t>(
        Durability::ProcessDeath,
        [embedding, first](SqliteConnection& c, Now) { return stage_chunks(c, *embedding, first); },
        [this, embedding, done = std::move(done)](const Result<std::size_t>& next) mutable {
          if (!next) return done(fail(next.error()));
          if (closing_) return done(fail(ErrorKind::Unavailable, "the store is being closed"));
          store_chunks(std::move(embedding), *next, std::move(done));
        });
  }

  // As write(). Chunks that are shown no more are deleted little by little, after the answer.
  template <class T, class Work>
  void write_then_sweep(Durability durability, Work work, Callback<T> done, Wanted wanted = {}) {
    write<T>(
        durability,
        [this, work = std::move(work)](SqliteConnection& c, Now now) {
          auto result = work(c, now);
          waste_ = has_waste(c);
          return result;
        },
        [this, done = std::move(done)](Result<T> result) {
          const bool written = result.has_value();
          done(std::move(result));
          if (written) probe_if_doubtful();  // what went may have made room
          sweep();
        },
        Extent::ManyStatements, std::move(wanted));
  }

  // On the writer's thread.
  void sweep() {
    if (!waste_ || sweeping_ || closing_) return;
    sweeping_ = true;
    write<bool>(
        Durability::ProcessDeath,
        [](SqliteConnection& c, Now) -> Result<bool> { return sweep_chunks(c); },
        [this](const Result<bool>& more) {
          sweeping_ = false;
          waste_ = more && *more;
          if (more && !waste_) probe_if_doubtful();
          sweep();
          merge_terms();
        });
  }

  // Merges the index step by step, so that others can write in between. On the writer's thread.
  void merge_terms() {
    if (merging_ || closing_) return;
    merging_ = true;
    write<bool>(
        Durability::ProcessDeath,
        [](SqliteConnection& c, Now) -> Result<bool> { return sqlite::merge_terms(c); },
        [this](const Result<bool>& more) {
          merging_ = false;
          if (more && *more) merge_terms();
        });
  }

  void probe_if_doubtful() {
    if (!closing_ && outage_.begin_probe()) probe();
  }

  // As much as a document takes, written into the log and gone with the same commit: what is rolled
  // back, and a page that stays as it was, are not written, and tell nothing of the disk.
  void probe() {
    write<void>(
        Durability::ProcessDeath,
        [](SqliteConnection& c, Now) -> Result<void> {
          c.query(
               "INSERT INTO schema_version(version, name, applied_at) "
               "VALUES(-1, hex(zeroblob(?1)), 0)")
              .bind(kProbeBytes / 2)
              .run();
          c.query("DELETE FROM schema_version WHERE version=-1").run();
          return {};
        },
        [this](const Result<void>& result) { outage_.probed(result.has_value()); });
  }

  template <class T, class Work>
  void write(Durability durability, Work work, Callback<T> done,
             Extent extent = Extent::ManyStatements, Wanted wanted = {}) {
    writer_.submit<T>(
        durability, extent,
        [this, work = std::move(work),
         wanted = std::move(wanted)](SqliteConnection& connection) -> Result<T> {
          if (wanted && !wanted()) {
            return fail(ErrorKind::DeadlineExceeded, "nobody waits for this write any more");
          }
          return work(connection, read_now(clock_));
        },
        [this, done = std::move(done)](Result<T> result) {
          if (result) {
            outage_.written();
          } else {
            outage_.write_failed(result.error());
          }
          done(std::move(result));
        });
  }

  const std::filesystem::path path_;
  const Clock& clock_;
  const Budgets budgets_;
  const HostIdentity host_;
  std::atomic<Duration> lease_ = Duration{};  // of this process's worker, if it has registered one
  const std::function<void(Duration)> on_read_;
  std::unique_ptr<Readers> readers_;
  const std::string vector_space_;
  VectorIndex vectors_;
  Outage outage_;
  std::atomic<bool> closing_ = false;
  bool waste_ = false;  // the writer's thread, as the next
  bool sweeping_ = false;
  bool merging_ = false;
  unsigned stored_ = 0;  // texts
  const DatabaseFiles files_;
  Writer writer_;  // last: its destructor commits what is queued, which uses the rest
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& path,
                                                 const OpenOptions& options, const Clock& clock) {
  if (!SqliteConnection::is_any_open()) HOLDFAST_TRY(await_users_without_note(path));
  HOLDFAST_TRY_ASSIGN(auto writer, SqliteConnection::open(path, Access::ReadWrite));
  HOLDFAST_TRY(check_schema(*writer, sqlite_migrations().back().version));
  HOLDFAST_TRY_ASSIGN(auto lock, WriteLock::open(path));
  HOLDFAST_TRY_ASSIGN(DatabaseFiles files, DatabaseFiles::of(*writer));
  HOLDFAST_TRY_ASSIGN(auto readers, Readers::open(path, options.readers));
  HOLDFAST_TRY(note_log_owner(*writer, lock));
  HOLDFAST_TRY_ASSIGN(HostIdentity host,
                      options.host ? Result<HostIdentity>(*options.host) : this_host());
  return std::make_unique<SqliteStore>(path, options, clock, std::move(host), std::move(readers),
                                       std::move(writer), std::move(lock), std::move(files));
}

}  // namespace holdfast::store::sqlite
