// SPDX-License-Identifier: Apache-2.0
#pragma once

// Store: documents, their chunks and vectors, and the job queue, behind one interface so that the
// embedded engine (SQLite) and a server (PostgreSQL) are held to the same tests.
//
// Guarantees
// - A write is durable before its callback runs (unless relaxed durability was asked for).
//   Claims, heartbeats, releases and rescues are exempt, and with SQLite the results of jobs: they
//   survive the death of any process, and a power cut that undoes one has also ended the worker
//   that it was about. A job whose result is undone is done again.
// - A document and its job are created in one transaction.
// - Times in rows are by the store's clock: this host's for a file, the server's for a server. What
//   is measured against now is answered as an age, or with the store's own now beside it.
// - A job is owned by (id, fence). Every transition names both; a stale owner gets Conflict and
//   changes nothing.
//
// Threads: reads block the caller and may be called from any thread, concurrently. An event loop
// calls only bounded reads, and those only if inline_reads() says so; everything else belongs on
// another thread. Writes may be called from any thread, never block, and call back on the store's
// writer thread, once, in an unspecified order; a callback must be quick and must not call a
// blocking method. Concurrent writes of one process are committed together.
//
// A bounded read fetches a fixed number of rows by their keys: get_document_within, get_job,
// get_api_key, peek, jobs_to_stop, check. The cost of the others grows with what is stored.
//
// Errors: NotFound; Conflict (unique key, version, fence or state); Unavailable (busy, gone: try
// again); ResourceExhausted (disk full); DataLoss (damaged file); InvalidArgument (an invalid
// cursor, an idempotency key that belongs to a different request).

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/config/config.hpp"
#include "common/store/types.hpp"
#include "common/store/worker_rules.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::store {

template <class T>
using Callback = std::function<void(Result<T>)>;

// Asked once, on the writer's thread, right before a write: false withdraws it. Then nothing is
// written and the callback gets DeadlineExceeded. Empty: never withdrawn. A write that has begun is
// finished.
using Wanted = std::function<bool()>;

class DocumentStore {
 public:
  virtual ~DocumentStore() = default;

  // Stores the document and enqueues its job in one transaction, together with its idempotency key.
  // Conflict if another unfinished job has its unique key.
  // Of two concurrent requests with one key, the one that is written second gets the first one's
  // answer, after that one's commit.
  virtual void create_document(NewDocument document, Callback<Created> done,
                               Wanted wanted = {}) = 0;
  // All of them in one transaction, or none, but for those whose unique key another unfinished job
  // has, one of this batch among them; Conflict if these are all. With a key, a repeated request
  // gets the first answer.
  virtual void create_documents(std::vector<NewDocument> documents,
                                std::optional<IdempotencyKey> key, Callback<CreatedBatch> done,
                                Wanted wanted = {}) = 0;
  // Replaces title, content and metadata by those of the next version, and enqueues the job that
  // embeds it; the job of the previous version is cancelled or asked to stop. Until the new chunks
  // are stored, a search finds the old ones. NotFound; Conflict if `expected` does not admit the
  // version. A repeated request, by its idempotency key, gets the first answer, whatever has become
  // of the document since.
  virtual void replace_document(NewDocument document, Condition expected, Callback<Created> done,
                                Wanted wanted = {}) = 0;
  virtual void delete_document(std::string id, Condition expected, Callback<void> done,
                               Wanted wanted = {}) = 0;  // NotFound, Conflict

  virtual Result<Document> get_document(const std::string& id) = 0;  // with content
  // The same, without the content if that has more bytes.
  virtual Result<Document> get_document_within(const std::string& id,
                                               std::uint64_t max_content_bytes) = 0;
  virtual Result<Page> list_documents(const DocumentQuery& query) = 0;

  // The best documents by words and vectors, each by its best chunk, in the same order with every
  // engine (ranked_hits.hpp). None if the text is signs alone.
  virtual Result<std::vector<SearchHit>> search(const SearchQuery& query) = 0;
};

// A worker of this host. Names are unique per host: two hosts that share a database may both have a
// "queue-worker.0".
struct WorkerIdentity {
  std::string name;  // a new incarnation of a name rescues the dead ones before it
  std::uint64_t incarnation = 0;
  std::string predecessor;  // how the previous one died: "signal 11 (SIGSEGV)"; empty if unknown
};

struct ClaimRequest {
  std::int64_t worker_id = 0;
  std::string queue = "default";
  std::uint32_t limit = 1;
  Duration timeout = std::chrono::minutes(10);  // per-job deadline
};

struct JobKey {
  std::int64_t id = 0;
  std::int64_t fence = 0;
};

struct JobFailure {
  JobKey key;
  std::string error;
  bool permanent = false;  // no retry: straight to the dead letter
  Duration backoff{};      // before the next attempt; the caller computes the jitter
  bool postponed = false;  // through no fault of the job: the attempt is given back
};

struct HeartbeatReply {
  bool alive = true;            // false: this incarnation was declared dead; stop everything
  std::vector<JobKey> to_stop;  // cancelled or past their deadline
};

class JobQueue {
 public:
  virtual ~JobQueue() = default;

  // Registers this process and rescues the jobs of dead predecessors of the same name on this host.
  // Returns the worker id, never used before.
  virtual void register_worker(WorkerIdentity identity, Duration lease,
                               Callback<std::int64_t> done) = 0;

  // Promotes due jobs and claims up to `limit` in order of priority, then age. A job that crashed
  // its worker before is handed out alone: only to a worker that holds nothing, and that worker
  // gets nothing else until it is finished. So a claim can come back empty although peek() says
  // ready: claim again when a job of this worker ends, or after the poll interval.
  // Conflict if this worker was declared dead. A worker that released its jobs gets no more.
  // From here on a crash of the worker is charged to each of them: claim what is worked on at once.
  virtual void claim(ClaimRequest request, Callback<std::vector<Job>> done) = 0;

  // One transaction: the fenced completion, then the chunks replace the document's old ones and
  // the document becomes ready. Conflict if the fence is stale: nothing changed.
  virtual void complete_embedding(JobKey key, std::string document_id, std::int64_t version,
                                  EmbeddedText text, Callback<void> done) = 0;
  virtual void complete(JobKey key, Callback<void> done) = 0;
  virtual void fail_job(JobFailure failure, Callback<JobState> done) = 0;
  // Enqueues jobs that embed documents again whose vectors belong to another space than
  // OpenOptions::vector_space, at a low priority, until `limit` of them wait. Only documents that
  // were embedded longer ago than `age`, by the store's clock (negative: or that far in its
  // future), so that two workers with different spaces do not take turns. Until such a job is done,
  // the document is found by its words; if it dies, the document stays as it was. Returns how many
  // were enqueued.
  virtual void enqueue_outdated(std::uint32_t limit, Duration age, Callback<std::int64_t> done) = 0;
  // Gives back every job of this worker that is still running, with its attempt, and hands it no
  // more: a claim that was under way cannot undo a shutdown. At SIGTERM.
  virtual void release(std::int64_t worker_id, Callback<std::int64_t> done) = 0;
  virtual void heartbeat(std::int64_t worker_id, Duration lease, Callback<HeartbeatReply> done) = 0;
  // Rescues the jobs of workers, on any host, whose lease ran out. Returns how many.
  virtual void rescue_expired(Callback<std::int64_t> done) = 0;
  virtual void unregister_worker(std::int64_t worker_id, Callback<void> done) = 0;
  // Deletes up to kPruneBatch jobs that finished longer than `keep` ago (dead ones stay for a week
  // at least), and as many expired idempotency keys.
  virtual void prune(Duration keep, Callback<std::int64_t> done) = 0;

  // A dead or cancelled job becomes ready again with a fresh budget (one that ever killed its
  // worker still runs alone), and its document pending; one that waits becomes ready now. Conflict
  // for a job in another state, or whose document has been deleted or replaced. A repeated request,
  // by its key, changes nothing and gets the job as it is now.
  virtual void retry_job(std::int64_t id, Callback<RetriedJob> done, Wanted wanted = {},
                         std::optional<IdempotencyKey> key = {}) = 0;

  // A job that has not begun never runs; one that runs is asked to stop (jobs_to_stop) and stays
  // running until its worker has heard of it. The document that waits for it is failed. The job as
  // it is now. Conflict for one that is finished.
  virtual void cancel_job(std::int64_t id, Callback<Job> done, Wanted wanted = {}) = 0;
  // Deletes a finished job. Conflict for another.
  virtual void discard_job(std::int64_t id, Callback<void> done, Wanted wanted = {}) = 0;
  // The same for those of the jobs that the filter names, in the order of their ids, and that are
  // in a state for it; one after the other, so that others get their turn: again with `next` as
  // `after`, until that is 0.
  virtual void change_jobs(JobChange change, Callback<JobsChanged> done, Wanted wanted = {}) = 0;
  // While a queue, or a kind of its jobs, is paused, no claim gets any of them. What runs goes on.
  // No kind: the whole queue. Doing it again changes nothing.
  virtual void pause(std::string queue, std::string kind, Callback<void> done) = 0;
  virtual void resume(std::string queue, std::string kind, Callback<void> done) = 0;

  virtual Result<JobPage> list_jobs(const JobQuery& query) = 0;
  virtual Result<std::int64_t> count_jobs(const JobFilter& filter) = 0;
  // Of those that this worker runs: which have been cancelled, or are past their deadline. Bounded.
  virtual Result<std::vector<JobKey>> jobs_to_stop(std::int64_t worker_id) = 0;

  // Reads only, so an idle worker never writes. `next_at`: when the earliest waiting job is due.
  struct Peek {
    bool ready = false;
    std::optional<std::int64_t> next_at;
  };
  virtual Result<Peek> peek(const std::string& queue) = 0;
  virtual Result<Job> get_job(std::int64_t id) = 0;
  virtual Result<QueueStats> queue_stats(const std::string& queue) = 0;
};

class ApiKeyStore {
 public:
  virtual ~ApiKeyStore() = default;

  // created_at is the store's. Conflict if the id is taken.
  virtual void create_api_key(ApiKey key, Callback<void> done) = 0;
  // `successor` takes over the name, the scope and the limit of the key `id`, which stays valid for
  // `overlap` more, but never longer than it would have. The successor without an end gets as much
  // time as that key had. Returns the successor as stored. NotFound; Conflict if the key is not
  // valid any more, or the successor's id is taken.
  virtual void rotate_api_key(std::string id, ApiKey successor, Duration overlap,
                              Callback<ApiKey> done) = 0;
  // For good. Revoking again changes nothing. NotFound.
  virtual void revoke_api_key(std::string id, Callback<void> done) = 0;
  // Moves last-used times forward; unknown ids are ignored. One write for many requests.
  virtual void note_api_key_uses(std::vector<ApiKeyUse> uses, Callback<void> done) = 0;

  virtual Result<ApiKey> get_api_key(const std::string& id) = 0;  // NotFound; revoked ones too
  virtual Result<std::vector<ApiKey>> list_api_keys() = 0;        // oldest first
  virtual Result<ExpiringApiKeys> expiring_api_keys(Duration within) = 0;
};

// What a store keeps in the memory of its process, in bytes.
struct MemoryUse {
  std::uint64_t pages = 0;    // pages of the database, as the engine caches them
  std::uint64_t vectors = 0;  // see OpenOptions::vector_cache_bytes
};

// The connections of an engine that is reached over a network.
struct ConnectionUse {
  std::uint64_t open = 0;      // for reads
  std::uint64_t busy = 0;      // of these
  std::uint64_t made = 0;      // since the store was opened, reads and writes together
  std::uint64_t failures = 0;  // attempts to connect that failed
  bool listening = false;      // other hosts' jobs are heard of at once, and not only by polling
};

// The files of an embedded engine, in bytes.
struct FileUse {
  std::uint64_t database = 0;
  std::uint64_t log = 0;   // what has been written, and is not yet in the database
  std::uint64_t free = 0;  // in the file system of the database, for this user
};

class Store : public DocumentStore, public JobQueue, public ApiKeyStore {
 public:
  // Can the database be read now, and, as far as is known, be written?
  virtual Result<void> check() = 0;
  // Whether bounded reads are fast enough for an event loop. False for an engine whose reads may
  // wait for a network: then no read runs on a loop.
  virtual bool inline_reads() const = 0;
  // Calls `rung`, on a thread of the store's, soon after any process on any host made a job ready.
  // At least once after each interruption of that service; perhaps never, if the engine has none:
  // then a worker's doorbell and its polling are all there is. Once, before the store is shared.
  virtual void watch_for_jobs(std::function<void()> rung) { (void)rung; }
  // Whether watch_for_jobs() does anything.
  virtual bool announces_jobs() const { return false; }
  // A process that drains has this much time left: what a server has not answered by then fails
  // with Unavailable, and so does what is asked of it later. A COMMIT without an answer is "not
  // known" then. The shortest of several counts; any thread. Nothing for an engine without a
  // server.
  virtual void finish_within(Duration limit) { (void)limit; }
  // For metrics. Waits for nothing.
  virtual MemoryUse memory_use() const = 0;
  virtual std::optional<ConnectionUse> connection_use() const { return std::nullopt; }
  // For metrics. May wait for the file system, as a read may.
  virtual std::optional<FileUse> file_use() const { return std::nullopt; }
  virtual std::string describe() const = 0;  // "sqlite /var/lib/holdfast/holdfast.db"
};

struct OpenOptions {
  bool relaxed_durability = false;
  std::uint32_t max_attempts = 10;
  std::uint32_t max_crashes = 3;
  std::uint32_t readers = 3;  // connections for reads
  // What the vectors of complete_embedding() and search() belong to
  // (embedding::Provider::space()). Others are never compared with them.
  std::string vector_space;
  // Vectors kept in memory for search. Beyond that, search reads them from the database each time:
  // just as exact, but slower.
  std::size_t vector_cache_bytes = std::size_t{256} << 20;
  // Called after each commit with the time it took, including the wait for the write lock, on the
  // store's writer thread: it must be quick.
  std::function<void(Duration)> on_commit;
  // SQLite. Called once, on the writer's thread, when files of the database were deleted or
  // replaced so that only programs that open it anew can go on. Everything that was stored is in
  // the database by then, and nothing is written any more; nobody else may open it until this store
  // is closed.
  std::function<void(const Error&)> on_lost;
  // PostgreSQL. Connections for reads, at most; how long a statement, and connecting, may take.
  std::uint32_t pool_size = 4;
  Duration statement_timeout = std::chrono::seconds(10);
  Duration connect_timeout = std::chrono::seconds(5);
  std::uint32_t dimensions = 256;  // of the vectors: migrate_store() makes their index
  // Called after each read with the time it took, including the wait for a connection, on the
  // reader's thread.
  std::function<void(Duration)> on_read;
  // How long a read waited for a connection, on the reader's thread.
  std::function<void(Duration)> on_pool_wait;
  // The host that workers registered through this store belong to; this_host() unless a test says
  // otherwise.
  std::optional<HostIdentity> host;
};

// `url`: "sqlite:///abs/path.db" or "postgresql://user@host/database". `clock` outlives the store.
// Refuses a schema that this binary cannot work with, and says to run
// `holdfast-queue-worker migrate`.
Result<std::unique_ptr<Store>> open_store(const std::string& url, const OpenOptions& options,
                                          const Clock& clock);

struct MigrationReport {
  std::string store;  // as Store::describe()
  std::int64_t from = 0;
  std::int64_t to = 0;
  // What finds the nearest vectors: "hnsw", or "exact", with the reason where there is a choice.
  std::string vector_search = "exact";
};
// Applies the numbered migrations under a lock, then makes the index for vectors of
// `options.dimensions` where the engine has one. Safe to run from several processes and hosts at
// once. Of `options`, the time limits count too.
Result<MigrationReport> migrate_store(const std::string& url, const OpenOptions& options = {});

// What migrate_store() has done and would do.
struct MigrationStatus {
  struct Entry {
    std::int64_t version = 0;
    std::string name;
    std::optional<std::int64_t> applied_at;
  };
  std::string store;  // as Store::describe()
  std::int64_t version = 0;
  std::vector<Entry> migrations;  // that this binary knows
  bool too_new = false;           // this binary cannot work with it
};
Result<MigrationStatus> migration_status(const std::string& url, const OpenOptions& options = {});

// Whether the URL names a server, which is reached by connections, and not a file.
bool is_server(std::string_view url);

// From the configuration: store.url, or SQLite in the state directory.
std::string store_url(const config::Config& config);
// From the configuration: durability, the jobs' budgets, the vectors' space, and what concerns
// connections. The rest is the caller's choice.
OpenOptions open_options(const config::Config& config);

}  // namespace holdfast::store
