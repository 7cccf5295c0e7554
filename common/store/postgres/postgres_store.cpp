// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/postgres_store.hpp"

#include "common/base/failpoint.hpp"
#include "common/store/job_rules.hpp"
#include "common/store/migrations/migrations.hpp"
#include "common/store/now.hpp"
#include "common/store/postgres/api_keys.hpp"
#include "common/store/postgres/chunks.hpp"
#include "common/store/postgres/documents.hpp"
#include "common/store/postgres/hnsw.hpp"
#include "common/store/postgres/job_admin.hpp"
#include "common/store/postgres/jobs.hpp"
#include "common/store/postgres/listener.hpp"
#include "common/store/postgres/outdated.hpp"
#include "common/store/postgres/pool.hpp"
#include "common/store/postgres/schema.hpp"
#include "common/store/postgres/search.hpp"
#include "common/store/postgres/workers.hpp"
#include "common/store/postgres/write_outage.hpp"
#include "common/store/postgres/write_probe.hpp"
#include "common/store/postgres/writer.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <utility>

namespace holdfast::store::postgres {

namespace {

constexpr std::string_view kLook =
    "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean,"
    " EXISTS(SELECT 1 FROM holdfast.schema_version)";

// Names everything that the statements rely on, and reads nothing: fails if it is not there.
constexpr std::string_view kLookAtSchema =
    "SELECT holdfast.now_ms(),"
    " EXISTS(SELECT id, incarnation, pid, pid_started, registered_at, lease_until, draining, name,"
    " host, boot_id FROM holdfast.worker LIMIT 0),"
    " EXISTS(SELECT queue, paused FROM holdfast.queue_ctl LIMIT 0),"
    " EXISTS(SELECT queue, kind FROM holdfast.paused_kind LIMIT 0),"
    " EXISTS(SELECT id, fence, worker_id, run_at, created_at, started_at, deadline_at, finished_at,"
    " state, priority, attempt, max_attempts, crashes, max_crashes, cancel_requested, kind, queue,"
    " unique_key, payload, last_error, waits_since, timeout FROM holdfast.job LIMIT 0),"
    " EXISTS(SELECT queue, state, backend, jobs FROM holdfast.finished_count LIMIT 0),"
    " EXISTS(SELECT seq, content_bytes, version, chunk_count, job_id, created_at, updated_at,"
    " status, id, title, metadata, error, vector_space FROM holdfast.document LIMIT 0),"
    " EXISTS(SELECT document, content FROM holdfast.document_content LIMIT 0),"
    " EXISTS(SELECT document, name, value FROM holdfast.document_label LIMIT 0),"
    " EXISTS(SELECT id, document, ordinal, begin_byte, end_byte, job_id, fence, title, text,"
    " vector, words, terms, terms_form FROM holdfast.chunk LIMIT 0),"
    " EXISTS(SELECT seq, transaction, document, at FROM holdfast.chunk_change LIMIT 0),"
    " EXISTS(SELECT transaction FROM holdfast.chunk_change_horizon LIMIT 0),"
    " EXISTS(SELECT job_id, version, expires_at, scope, key, fingerprint, document_id, answer"
    " FROM holdfast.idempotency LIMIT 0),"
    " EXISTS(SELECT created_at, last_used_at, revoked_at, expires_at, rate_limit, scope, id, name,"
    " digest, lineage FROM holdfast.api_key LIMIT 0),"
    " EXISTS(SELECT writer, number, at FROM holdfast.commit_mark LIMIT 0)";

// How many more connections this role may have, of what servers of all releases tell everybody;
// NULL is passed over. Sessions of the server's own have no user, and workers of a query have a
// leader.
constexpr std::string_view kPlacesLeft =
    "SELECT least(current_setting('max_connections')::bigint"
    " - current_setting('superuser_reserved_connections')::bigint"
    " - coalesce(current_setting('reserved_connections', true), '0')::bigint - count(*),"
    " CASE WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit"
    " - count(*) FILTER (WHERE s.usesysid = r.oid) END,"
    " CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit"
    " - count(*) FILTER (WHERE s.datid = d.oid) END)"
    " FROM pg_roles AS r, pg_database AS d, pg_stat_get_activity(NULL) AS s"
    " WHERE r.rolname = session_user AND d.datname = current_database()"
    " AND s.usesysid IS NOT NULL AND s.datid IS NOT NULL AND s.leader_pid IS NULL"
    " GROUP BY r.rolconnlimit, d.datconnlimit";

class PostgresStore final : public Store {
 public:
  PostgresStore(const Endpoint& endpoint, const OpenOptions& options, const Clock& clock,
                HostIdentity host)
      : connector_(endpoint),
        clock_(clock),
        budgets_{options.max_attempts, options.max_crashes},
        host_(std::move(host)),
        pool_(connector_, options.pool_size, options.on_pool_wait, options.on_read),
        vector_space_(options.vector_space),
        vectors_(options.vector_cache_bytes, options.vector_space),
        writer_(connector_, pool_, {options.on_commit, note_failure()}) {}

  Result<void> open() {
    HOLDFAST_TRY_ASSIGN(auto connection, connector_.connect());
    HOLDFAST_TRY(check_schema(*connection, postgres_migrations().back().version));
    try {
      has_embeddings_ = has_embeddings(*connection);
    } catch (const SqlFailure& failure) {
      return fail(failure.cause.error);
    }
    pool_.add(std::move(connection));
    return {};
  }

  void create_document(NewDocument document, Callback<Created> done, Wanted wanted) override {
    const auto shared = std::make_shared<const NewDocument>(std::move(document));
    writer_.write<Created>(
        {Durability::PowerLoss, true, std::move(wanted)},
        [shared, budgets = budgets_] { return create_statements(*shared, budgets); },
        [shared](std::span<const Rows> rows) { return read_created(rows, *shared); },
        std::move(done));
  }

  void create_documents(std::vector<NewDocument> documents, std::optional<IdempotencyKey> key,
                        Callback<CreatedBatch> done, Wanted wanted) override {
    writer_.decide<CreatedBatch>(
        {Durability::PowerLoss, true, std::move(wanted)},
        [budgets = budgets_, documents = std::move(documents),
         key = std::move(key)](Transaction& transaction) {
          return postgres::create_documents(transaction, documents, key, budgets);
        },
        std::move(done));
  }

  void replace_document(NewDocument document, Condition expected, Callback<Created> done,
                        Wanted wanted) override {
    writer_.decide<Created>(
        {Durability::PowerLoss, true, std::move(wanted)},
        [budgets = budgets_, document = std::move(document),
         expected = std::move(expected)](Transaction& transaction) {
          return postgres::replace_document(transaction, document, expected, budgets);
        },
        std::move(done));
  }

  void delete_document(std::string id, Condition expected, Callback<void> done,
                       Wanted wanted) override {
    writer_.decide<void>(
        {Durability::PowerLoss, false, std::move(wanted)},
        [id = std::move(id), expected = std::move(expected)](Transaction& transaction) {
          return postgres::delete_document(transaction, id, expected);
        },
        std::move(done));
  }

  Result<Document> get_document(const std::string& id) override {
    return get_document_within(id, std::numeric_limits<std::int64_t>::max());
  }

  Result<Document> get_document_within(const std::string& id,
                                       std::uint64_t max_content_bytes) override {
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    const auto bytes = static_cast<std::int64_t>(std::min(max_content_bytes, kMost));
    return pool_.read([&](PgConnection& c) { return postgres::get_document(c, id, bytes); });
  }

  Result<Page> list_documents(const DocumentQuery& query) override {
    return pool_.read([&](PgConnection& c) { return postgres::list_documents(c, query); });
  }

  Result<std::vector<SearchHit>> search(const SearchQuery& query) override {
    return pool_.read([&](PgConnection& c) -> Result<std::vector<SearchHit>> {
      return postgres::search(c, vectors_, query);
    });
  }

  void register_worker(WorkerIdentity identity, Duration lease,
                       Callback<std::int64_t> done) override {
    lease_ = lease;
    writer_.decide<std::int64_t>(
        {Durability::PowerLoss, true, {}},
        [this, identity = std::move(identity), lease](Transaction& transaction) {
          return postgres::register_worker(transaction, identity, host_, lease);
        },
        std::move(done));
  }

  // Durable: if a crash of the server undid a claim, the next one would get the same fence.
  void claim(ClaimRequest request, Callback<std::vector<Job>> done) override {
    writer_.decide<std::vector<Job>>(
        {Durability::PowerLoss, false, {}, true},
        [request = std::move(request)](Transaction& transaction) {
          return claim_jobs(transaction, request);
        },
        std::move(done));
  }

  void complete_embedding(JobKey key, std::string document_id, std::int64_t version,
                          EmbeddedText text, Callback<void> done) override {
    const auto embedding = std::make_shared<const Embedding>(
        Embedding{key, std::move(document_id), version, std::move(text), vector_space_});
    writer_.write<void>(
        {}, [this, embedding] { return embed_statements(*embedding, has_embeddings_); },
        [key](std::span<const Rows> rows) { return read_embedded(rows, key); }, std::move(done));
  }

  void complete(JobKey key, Callback<void> done) override {
    writer_.write_together(
        complete_statement, key, [key](const Rows& rows) { return read_completed(rows, key); },
        std::move(done));
  }

  void fail_job(JobFailure failure, Callback<JobState> done) override {
    writer_.decide<JobState>(
        {},
        [failure = std::move(failure)](Transaction& transaction) {
          return postgres::fail_job(transaction, failure);
        },
        std::move(done));
  }

  void enqueue_outdated(std::uint32_t limit, Duration age, Callback<std::int64_t> done) override {
    writer_.decide<std::int64_t>(
        {Durability::ProcessDeath, true, {}},
        [this, limit, age](Transaction& transaction) -> Result<std::int64_t> {
          return postgres::enqueue_outdated(transaction, {vector_space_, limit, age}, budgets_);
        },
        std::move(done));
  }

  void release(std::int64_t worker_id, Callback<std::int64_t> done) override {
    writer_.write<std::int64_t>(
        {Durability::PowerLoss, true, {}}, [worker_id] { return release_statements(worker_id); },
        [](std::span<const Rows> rows) -> Result<std::int64_t> {
          failpoint(FaultStep::Released);
          return rows.back().affected();
        },
        std::move(done));
  }

  void heartbeat(std::int64_t worker_id, Duration lease, Callback<HeartbeatReply> done) override {
    leases().write<HeartbeatReply>(
        {Durability::ProcessDeath, false, {}},
        [worker_id, lease] { return heartbeat_statements(worker_id, lease); },
        [](std::span<const Rows> rows) -> Result<HeartbeatReply> { return read_heartbeat(rows); },
        std::move(done));
  }

  void rescue_expired(Callback<std::int64_t> done) override {
    writer_.decide<std::int64_t>(
        {Durability::PowerLoss, true, {}},
        [this](Transaction& transaction) {
          return postgres::rescue_expired(transaction, host_, lease_.load());
        },
        std::move(done));
  }

  void unregister_worker(std::int64_t worker_id, Callback<void> done) override {
    writer_.write<void>(
        {Durability::PowerLoss, true, {}}, [worker_id] { return unregister_statements(worker_id); },
        [](std::span<const Rows>) { return Result<void>{}; }, std::move(done));
  }

  void prune(Duration keep, Callback<std::int64_t> done) override {
    writer_.decide<std::int64_t>(
        {Durability::ProcessDeath, false, {}},
        [keep](Transaction& transaction) { return postgres::prune(transaction, keep); },
        std::move(done));
  }

  void retry_job(std::int64_t id, Callback<RetriedJob> done, Wanted wanted,
                 std::optional<IdempotencyKey> key) override {
    writer_.decide<RetriedJob>(
        {Durability::PowerLoss, true, std::move(wanted)},
        [id, key = std::move(key)](Transaction& transaction) {
          return postgres::retry_job(transaction, id, key);
        },
        std::move(done));
  }

  void cancel_job(std::int64_t id, Callback<Job> done, Wanted wanted) override {
    writer_.decide<Job>(
        {Durability::PowerLoss, false, std::move(wanted)},
        [id](Transaction& transaction) { return postgres::cancel_job(transaction, id); },
        std::move(done));
  }

  void discard_job(std::int64_t id, Callback<void> done, Wanted wanted) override {
    writer_.decide<void>(
        {Durability::PowerLoss, false, std::move(wanted)},
        [id](Transaction& transaction) { return postgres::discard_job(transaction, id); },
        std::move(done));
  }

  void change_jobs(JobChange change, Callback<JobsChanged> done, Wanted wanted) override {
    const bool announces = change.action == JobAction::Retry;
    writer_.decide<JobsChanged>(
        {Durability::PowerLoss, announces, std::move(wanted)},
        [change = std::move(change)](Transaction& transaction) {
          return postgres::change_jobs(transaction, change);
        },
        std::move(done));
  }

  void pause(std::string queue, std::string kind, Callback<void> done) override {
    set_paused(std::move(queue), std::move(kind), true, std::move(done));
  }

  void resume(std::string queue, std::string kind, Callback<void> done) override {
    set_paused(std::move(queue), std::move(kind), false, std::move(done));
  }

  Result<JobPage> list_jobs(const JobQuery& query) override {
    return pool_.read(
        [&](PgConnection& c) -> Result<JobPage> { return postgres::list_jobs(c, query); });
  }

  Result<std::int64_t> count_jobs(const JobFilter& filter) override {
    return pool_.read(
        [&](PgConnection& c) -> Result<std::int64_t> { return postgres::count_jobs(c, filter); });
  }

  Result<std::vector<JobKey>> jobs_to_stop(std::int64_t worker_id) override {
    return pool_.read([&](PgConnection& c) -> Result<std::vector<JobKey>> {
      return postgres::jobs_to_stop(c, worker_id);
    });
  }

  Result<Peek> peek(const std::string& queue) override {
    return pool_.read(
        [&](PgConnection& c) { return postgres::peek(c, queue, to_unix_ms(clock_.wall())); });
  }

  Result<Job> get_job(std::int64_t id) override {
    return pool_.read([&](PgConnection& c) { return postgres::get_job(c, id); });
  }

  Result<QueueStats> queue_stats(const std::string& queue) override {
    return pool_.read([&](PgConnection& c) -> Result<QueueStats> {
      HOLDFAST_TRY_ASSIGN(QueueStats stats, postgres::queue_stats(c, queue));
      stats.outdated_documents = postgres::count_outdated(c, vector_space_);
      return stats;
    });
  }

  void create_api_key(ApiKey key, Callback<void> done) override {
    writer_.decide<void>(
        {},
        [key = std::move(key)](Transaction& transaction) {
          return postgres::create_api_key(transaction, key);
        },
        std::move(done));
  }

  void rotate_api_key(std::string id, ApiKey successor, Duration overlap,
                      Callback<ApiKey> done) override {
    writer_.decide<ApiKey>(
        {},
        [id = std::move(id), successor = std::move(successor), overlap](Transaction& transaction) {
          return postgres::rotate_api_key(transaction, id, successor, overlap);
        },
        std::move(done));
  }

  void revoke_api_key(std::string id, Callback<void> done) override {
    writer_.decide<void>(
        {},
        [id = std::move(id)](Transaction& transaction) {
          return postgres::revoke_api_key(transaction, id);
        },
        std::move(done));
  }

  void note_api_key_uses(std::vector<ApiKeyUse> uses, Callback<void> done) override {
    writer_.write<void>(
        {Durability::ProcessDeath, false, {}},
        [uses = std::move(uses)] { return std::vector<Statement>{note_uses_statement(uses)}; },
        [](std::span<const Rows>) { return Result<void>{}; }, std::move(done));
  }

  Result<ApiKey> get_api_key(const std::string& id) override {
    return pool_.read([&](PgConnection& c) { return postgres::get_api_key(c, id); });
  }

  Result<std::vector<ApiKey>> list_api_keys() override {
    return pool_.read(
        [&](PgConnection& c) -> Result<std::vector<ApiKey>> { return postgres::list_api_keys(c); });
  }

  Result<ExpiringApiKeys> expiring_api_keys(Duration within) override {
    return pool_.read([&](PgConnection& c) -> Result<ExpiringApiKeys> {
      return postgres::expiring_api_keys(c, within);
    });
  }

  Result<void> check() override {
    const auto looked = pool_.read([&](PgConnection& c) -> Result<void> {
      has_embeddings_ = has_embeddings(c);
      ask(c, Statement(kLookAtSchema));
      look_for_places(c);
      if (!ask(c, Statement(kLook)).boolean(0, 0)) return {};
      return fail(make_error({"25006", "the server is read-only", "", ""}, c.endpoint().shown));
    });
    make_room();
    if (!looked) return looked;
    if (outage_.begin_probe(std::chrono::steady_clock::now())) probe();
    if (auto outage = outage_.present()) return fail(std::move(*outage));
    return {};
  }

  void finish_within(Duration limit) override {
    connector_.cutoff().set(std::chrono::steady_clock::now() + limit);
    pool_.wake();
  }

  bool inline_reads() const override { return false; }

  bool announces_jobs() const override { return true; }

  void watch_for_jobs(std::function<void()> rung) override {
    // Without a descriptor for it, workers find jobs by polling, as they do behind a pooler.
    if (auto listener = Listener::start(connector_, std::move(rung))) {
      listener_ = std::move(*listener);
    }
  }

  MemoryUse memory_use() const override { return {0, vectors_.bytes()}; }

  std::optional<ConnectionUse> connection_use() const override {
    const Pool::Use use = pool_.use();
    return ConnectionUse{use.open, use.busy, connector_.connected(), connector_.failed(),
                         listener_ != nullptr && listener_->listening()};
  }

  std::string describe() const override { return connector_.endpoint().shown; }

 private:
  // Of a connection of its own, which only a queue worker needs: a lease must not run out because
  // the result of a large document is being written.
  Writer& leases() {
    std::call_once(leases_once_, [this] {
      leases_ = std::make_unique<Writer>(connector_, pool_, Writer::Observers{{}, note_failure()});
    });
    return *leases_;
  }

  std::function<void(const ExchangeError&)> note_failure() {
    return [this](const ExchangeError& failure) {
      outage_.failed(failure, std::chrono::steady_clock::now());
    };
  }

  // By the connection of a reader: that of the writer may be waiting for a lock.
  void probe() {
    std::optional<ExchangeError> failure;
    const auto read = pool_.read([&](PgConnection& c) -> Result<void> {
      failure = probe_write(c);
      if (failure && failure->repeatable) throw SqlFailure{*failure};
      return {};
    });
    if (!read && !failure) failure = ExchangeError{read.error(), true, false, false};
    outage_.probed(failure, std::chrono::steady_clock::now());
  }

  // A pooler's places are not the server's.
  void look_for_places(PgConnection& connection) {
    if (connection.is_pooled()) return;
    const auto left = connection.exchange(Statement(kPlacesLeft));
    if (!left || left->empty()) return;
    connector_.places().looked_at(left->integer(0, 0), std::chrono::steady_clock::now());
    no_place_is_left_ = left->integer(0, 0) <= 0;
  }

  // Other processes may have no connection at all.
  void make_room() {
    if (!no_place_is_left_.exchange(false)) return;
    if (pool_.shed() == 0 && listener_) listener_->give_way();
  }

  void set_paused(std::string queue, std::string kind, bool paused, Callback<void> done) {
    writer_.write<void>(
        {Durability::PowerLoss, !paused, {}},
        [queue = std::move(queue), kind = std::move(kind), paused] {
          return std::vector<Statement>{pause_statement(queue, kind, paused)};
        },
        [](std::span<const Rows>) { return Result<void>{}; }, std::move(done));
  }

  Connector connector_;
  const Clock& clock_;
  const Budgets budgets_;
  const HostIdentity host_;
  std::atomic<Duration> lease_ = Duration{};  // of this process's worker, if it has registered one
  // Whether chunks have copies for pgvector's index. The extension may come and go: looked at when
  // the store is checked.
  std::atomic<bool> has_embeddings_ = false;
  std::atomic<bool> no_place_is_left_ = false;  // as the latest check has seen it
  WriteOutage outage_;
  Pool pool_;
  const std::string vector_space_;
  VectorIndex vectors_;
  std::unique_ptr<Listener> listener_;
  std::once_flag leases_once_;
  // Last: their destructors do what is queued, which uses the rest.
  std::unique_ptr<Writer> leases_;
  Writer writer_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_postgres_store(const Endpoint& endpoint,
                                                   const OpenOptions& options, const Clock& clock) {
  HOLDFAST_TRY_ASSIGN(HostIdentity host,
                      options.host ? Result<HostIdentity>(*options.host) : this_host());
  auto store = std::make_unique<PostgresStore>(endpoint, options, clock, std::move(host));
  HOLDFAST_TRY(store->open());
  return store;
}

}  // namespace holdfast::store::postgres
