// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the store keeps, as plain values. Times are wall-clock milliseconds since the epoch.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::store {

// The engines store the numbers: they never change.
enum class DocumentStatus { Pending = 0, Ready = 1, Failed = 2 };
std::string_view to_string(DocumentStatus status);  // "pending", "ready", "failed"
std::optional<DocumentStatus> document_status(std::string_view name);

struct Document {
  std::string id;  // UUID
  std::string title;
  std::string content;   // empty in listings
  std::string metadata;  // a JSON object, as text
  std::uint64_t content_bytes = 0;
  DocumentStatus status = DocumentStatus::Pending;
  std::string error;         // why it failed; empty otherwise
  std::int64_t version = 1;  // +1 at every PUT
  std::int64_t chunk_count = 0;
  std::int64_t job_id = 0;  // the newest job that embeds it
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
};

// Makes a request repeatable: as long as the key is kept, another request with the same key and
// fingerprint gets the first answer again, and nothing is stored twice.
struct IdempotencyKey {
  std::string scope;  // whose key it is: equal keys of different clients do not collide
  std::string key;
  std::string fingerprint;  // of the request's content
  std::int64_t keep_ms = 86'400'000;
};

struct NewDocument {
  std::string id;
  std::string title;
  std::string content;
  std::string metadata = "{}";
  // Of its job.
  std::int32_t priority = 100;  // lower runs first
  std::int64_t delay_ms = 0;    // before it is due
  std::int64_t timeout_ms = 0;  // for one run of it; 0: as the worker's configuration says
  std::string unique_key;       // at most one unfinished job has it; empty: it has none
  std::string request_id;       // travels with the job to the queue worker's log lines
  std::string traceparent;
  std::optional<IdempotencyKey> idempotency_key;
};

// Which versions of a document a write may change: unset, whatever it is; else one of these.
using Versions = std::optional<std::vector<std::int64_t>>;

// What must be true of the version of a document that a write changes.
struct Condition {
  Condition() = default;
  Condition(Versions wanted, std::vector<std::int64_t> unwanted = {})
      : among(std::move(wanted)), none_of(std::move(unwanted)) {}

  Versions among;
  std::vector<std::int64_t> none_of;

  bool admits(std::int64_t version) const;
};

// What a job does: the only kind so far.
inline constexpr std::string_view kEmbedJob = "embed";
// The queue of all jobs so far.
inline constexpr std::string_view kDefaultQueue = "default";

// The engines store the numbers: they never change. Statements name them (statement.hpp).
enum class JobState { Ready = 0, Waiting = 1, Running = 2, Done = 3, Cancelled = 4, Dead = 5 };
std::string_view to_string(JobState state);  // "ready", "waiting", …
// Done, cancelled and dead jobs have finished_at.
constexpr bool is_final(JobState state) {
  return state >= JobState::Done;
}

struct Job {
  std::int64_t id = 0;
  std::string kind;
  std::string queue;
  JobState state = JobState::Ready;
  std::int32_t priority = 100;
  std::int32_t attempt = 0;
  std::int32_t max_attempts = 0;
  std::int32_t crashes = 0;
  std::int32_t max_crashes = 0;
  std::int64_t fence = 0;  // +1 at every claim, never down: the token of ownership
  std::string payload;     // JSON: {"document_id","version","request_id","traceparent"}
  std::string last_error;
  std::int64_t run_at = 0;
  std::int64_t created_at = 0;
  std::optional<std::int64_t> finished_at;
  std::optional<std::int64_t> started_at;  // the work of the last attempt
  bool cancel_requested = false;           // its worker has been asked to stop
};

// Which jobs: those that fulfil each of these that is set.
struct JobFilter {
  std::vector<std::int64_t> ids;
  std::vector<JobState> states;
  std::string queue;
  std::string kind;
  std::int64_t older_than_ms = 0;  // since it finished, or else since it was created
};

struct JobQuery {
  JobFilter filter;
  std::uint32_t limit = 100;
  std::int64_t before = 0;  // only ids below this one; 0: all
};

struct JobPage {
  std::vector<Job> jobs;  // newest first
  std::int64_t next = 0;  // `before` of the next page; 0: this is the last one
  std::int64_t now = 0;   // by the store's clock, as the times of the jobs are
};

// What an operator does with jobs.
enum class JobAction {
  Retry,    // dead, cancelled and waiting ones run now, with a fresh budget
  Cancel,   // ready and waiting ones never run; who runs one is asked to stop
  Discard,  // finished ones are deleted
};
std::string_view to_string(JobAction action);  // "retry", "cancel", "discard"
// The states in which a job can be acted on.
std::vector<JobState> states_for(JobAction action);
// The filter of a change: jobs that are not named one by one must be in a state for it.
JobFilter filter_for(JobAction action, JobFilter filter);

struct JobChange {
  JobAction action = JobAction::Retry;
  JobFilter filter;
  std::int64_t after = 0;     // only ids above this one
  std::uint32_t limit = 200;  // how many jobs one transaction looks at
};

struct JobsChanged {
  std::int64_t changed = 0;
  std::int64_t refused = 0;
  std::string refusal;    // why the first of these was
  std::int64_t next = 0;  // `after` for the rest; 0: there is no more
};

struct RetriedJob : Job {
  bool repeated = false;  // an earlier request with the same key has retried it
};

struct Created {
  std::string document_id;
  std::int64_t job_id = 0;
  std::int64_t version = 1;
  bool repeated = false;  // the answer to an earlier request with the same key
};

struct CreatedBatch {
  // In the order of the request. No id: it is not stored, as an unfinished job has its unique key.
  std::vector<Created> documents;
  bool repeated = false;
};

struct Chunk {
  std::int64_t ordinal = 0;
  std::int64_t begin = 0;  // byte offsets into the document's content
  std::int64_t end = 0;
  std::string text;
  std::string terms;          // what full text finds of it (search::Analyser::index_terms)
  std::vector<float> vector;  // unit length
};

// A value of a document's metadata that a search may ask for (labels.hpp).
struct Label {
  std::string name;
  std::string value;
  auto operator<=>(const Label&) const = default;
};

// The label that a document must have.
struct WantedLabel {
  std::string name;
  std::string value;
  std::string or_value = value;  // as good as `value`
};

// What a job makes of a document.
struct EmbeddedText {
  EmbeddedText() = default;
  explicit EmbeddedText(std::vector<Chunk> made) : chunks(std::move(made)) {}

  std::vector<Chunk> chunks;
  std::string title_terms;
  std::vector<Label> labels;
};

struct SearchQuery {
  std::string text;           // may be empty: then the vector decides alone
  std::vector<float> vector;  // may be empty: then the words do
  std::uint32_t k = 10;
  double min_score = 0;
  // Only documents with this status, and with all of these labels.
  std::optional<DocumentStatus> status;
  std::vector<WantedLabel> labels;
  // Cosines of this provider's vectors for texts that have nothing, and everything, in common.
  double unrelated = 0;
  double same = 1;
};

struct SearchHit {
  std::string document_id;
  std::string title;
  std::int64_t chunk = 0;  // ordinal
  std::string text;
  std::string snippet;               // HTML: the best part, with <mark> around what matched
  double score = 0;                  // 0 to 1
  std::optional<double> similarity;  // cosine, if query and chunk have comparable vectors
};

struct DocumentQuery {
  std::uint32_t limit = 20;
  std::string cursor;  // opaque, from Page::next_cursor
  std::optional<DocumentStatus> status;
};

struct Page {
  std::vector<Document> documents;  // newest first, without content
  std::string next_cursor;          // empty on the last page
};

// What an API key may do. Each includes the ones before it; Admin may also do what concerns the
// stack rather than documents.
enum class Scope { Read = 1, Write = 2, Admin = 3 };
std::string_view to_string(Scope scope);  // "read", "write", "admin"

struct ApiKey {
  std::string id;      // public: names the key in listings and logs
  std::string name;    // what its owner calls it
  std::string digest;  // SHA-256 of the whole key, 32 bytes; the key itself is kept nowhere
  Scope scope = Scope::Read;
  std::optional<std::uint32_t> rate_limit;  // per window; none: the configuration's
  std::int64_t created_at = 0;
  std::optional<std::int64_t> last_used_at;  // to within auth.last_used_interval
  std::optional<std::int64_t> revoked_at;
  std::optional<std::int64_t> expires_at;  // not valid from then on
  // The id of the first key, of which this one is a rotation, or its own: what all of them have in
  // common, such as what a client has used up, is kept under it. Set by the store.
  std::string lineage;
  // When it was read, by the clock that its other times are of: the store's.
  std::int64_t read_at = 0;

  bool is_valid_at(std::int64_t now) const {
    return !revoked_at && (!expires_at || now < *expires_at);
  }
};

// The lineages of keys whose last valid key expires soon. A key that was rotated, and only lives on
// beside its successor, is not what expires.
struct ExpiringApiKeys {
  std::int64_t count = 0;
  std::int64_t next_at = 0;  // when the first of all lineages with an end expires; 0: there is none
};

struct ApiKeyUse {
  std::string id;
  std::int64_t at = 0;
};

struct QueueStats {
  std::int64_t ready = 0, waiting = 0, running = 0, done = 0, cancelled = 0, dead = 0;
  // How long the first of the ready jobs has been due, by the store's clock; never negative.
  std::int64_t oldest_ready_ms = 0;
  bool paused = false;                    // nobody is given any job of the queue
  std::vector<std::string> paused_kinds;  // nor of these kinds
  // Ready documents whose vectors belong to another space: to be embedded again.
  std::int64_t outdated_documents = 0;
};

}  // namespace holdfast::store
