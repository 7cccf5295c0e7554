// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/documents.hpp"

#include "common/store/batch_answer.hpp"
#include "common/store/job_payload.hpp"
#include "common/store/page_cursor.hpp"
#include "common/store/postgres/chunks.hpp"
#include "common/store/postgres/idempotency.hpp"
#include "common/store/statement.hpp"

#include <algorithm>
#include <limits>

namespace holdfast::store::postgres {

namespace {

#define HOLDFAST_DOCUMENT_COLUMNS                                                         \
  "seq, id, title, metadata, content_bytes, status, error, version, chunk_count, job_id," \
  " created_at, updated_at"

constexpr std::uint32_t kLargestPage = 1000;

// $1 id, $2 title, $3 metadata, $4 content, $5 priority, $6 max_attempts, $7 max_crashes,
// $8 payload, $9 delay, $10 timeout, $11 unique key; with an idempotency key: $12 scope, $13 key,
// $14 fingerprint, $15 keep_ms.
#define HOLDFAST_CREATE_REST                                                                \
  ", created AS (INSERT INTO holdfast.document(id, title, metadata, content_bytes, job_id," \
  " created_at, updated_at) SELECT $1, $2, $3, octet_length($4), job, now, now FROM fresh"  \
  " RETURNING seq, job_id, created_at),"                                                    \
  " stored AS (INSERT INTO holdfast.document_content(document, content)"                    \
  " SELECT seq, $4 FROM created),"                                                          \
  " queued AS (INSERT INTO holdfast.job(id, kind, priority, state, run_at, waits_since,"    \
  " timeout, unique_key, max_attempts, max_crashes, payload, created_at)"                   \
  " SELECT job_id, 'embed', $5, CASE WHEN $9 > 0 THEN {job.waiting} ELSE {job.ready} END,"  \
  " created_at + $9, created_at, nullif($10, 0), nullif($11, ''), $6, $7, $8, created_at"   \
  " FROM created)"                                                                          \
  " SELECT job_id FROM created"
constexpr std::string_view kCreate = statement<
    "WITH fresh AS MATERIALIZED (SELECT nextval('holdfast.job_id_seq') AS job,"
    " holdfast.now_ms() AS now)" HOLDFAST_CREATE_REST>;
constexpr std::string_view kCreateOnce = statement<
    "WITH fresh AS (INSERT INTO holdfast.idempotency AS held(scope, key, fingerprint, document_id,"
    " job_id, version, expires_at, answer) VALUES($12, $13, $14, $1,"
    " nextval('holdfast.job_id_seq'), 1, holdfast.now_ms() + $15, '')"
    " ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint,"
    " document_id = excluded.document_id, job_id = excluded.job_id, version = 1,"
    " expires_at = excluded.expires_at, answer = ''"
    " WHERE held.expires_at <= excluded.expires_at - $15"
    " RETURNING job_id AS job, expires_at - $15 AS now)" HOLDFAST_CREATE_REST>;
#undef HOLDFAST_CREATE_REST
// In a batch, of which the others are stored all the same: the job comes first, and without it
// there is no document. Waits for a transaction that is about to take the unique key.
constexpr std::string_view kCreateUnlessTaken = statement<
    "WITH queued AS (INSERT INTO holdfast.job(kind, priority, state, run_at, waits_since, timeout,"
    " unique_key, max_attempts, max_crashes, payload, created_at) SELECT 'embed', $5,"
    " CASE WHEN $9 > 0 THEN {job.waiting} ELSE {job.ready} END, now + $9, now, nullif($10, 0),"
    " $11, $6, $7, $8, now FROM holdfast.now_ms() AS now ON CONFLICT (kind, unique_key)"
    " WHERE unique_key IS NOT NULL AND finished_at IS NULL DO NOTHING RETURNING id, created_at),"
    " created AS (INSERT INTO holdfast.document(id, title, metadata, content_bytes, job_id,"
    " created_at, updated_at) SELECT $1, $2, $3, octet_length($4), id, created_at, created_at"
    " FROM queued RETURNING seq, job_id),"
    " stored AS (INSERT INTO holdfast.document_content(document, content)"
    " SELECT seq, $4 FROM created)"
    " SELECT job_id FROM created">;

constexpr std::string_view kEnqueue = statement<
    "INSERT INTO holdfast.job(kind, priority, state, run_at, waits_since, timeout, max_attempts,"
    " max_crashes, payload, created_at) SELECT 'embed', $1,"
    " CASE WHEN $5 > 0 THEN {job.waiting} ELSE {job.ready} END, now + $5, now, nullif($6, 0), $2,"
    " $3, $4, now FROM holdfast.now_ms() AS now RETURNING id">;
// Cancelled, or asked to stop if it runs. One statement for both: its worker may be giving it back
// at this moment, and what a statement has waited for it looks at again.
constexpr std::string_view kGiveUpJob = statement<
    "UPDATE holdfast.job SET cancel_requested = cancel_requested OR state = {job.running},"
    " finished_at = CASE WHEN state <> {job.running} THEN holdfast.now_ms() END,"
    " state = CASE WHEN state = {job.running} THEN state ELSE {job.cancelled} END"
    " WHERE id = $1 AND state IN ({job.ready}, {job.waiting}, {job.running})">;
constexpr std::string_view kFind =
    "SELECT seq, version, job_id FROM holdfast.document WHERE id = $1 FOR UPDATE";
constexpr std::string_view kReplace = statement<
    "UPDATE holdfast.document SET title = $2, metadata = $3, content_bytes = $4,"
    " status = {document.pending}, error = '', version = $5, job_id = $6,"
    " updated_at = holdfast.now_ms() WHERE seq = $1">;
constexpr std::string_view kReplaceContent =
    "UPDATE holdfast.document_content SET content = $2 WHERE document = $1";
constexpr std::string_view kDelete = "DELETE FROM holdfast.document WHERE seq = $1";
// One statement, one state: the content of another version never appears here.
constexpr std::string_view kGet =
    "SELECT " HOLDFAST_DOCUMENT_COLUMNS
    ", CASE WHEN content_bytes <= $2 THEN content END"
    " FROM holdfast.document JOIN holdfast.document_content ON document = seq WHERE id = $1";
constexpr std::string_view kList =
    "SELECT " HOLDFAST_DOCUMENT_COLUMNS
    " FROM holdfast.document WHERE seq < $1 ORDER BY seq DESC LIMIT $2";
constexpr std::string_view kListOfStatus =
    "SELECT " HOLDFAST_DOCUMENT_COLUMNS
    " FROM holdfast.document WHERE status = $3 AND seq < $1 ORDER BY seq DESC LIMIT $2";
#undef HOLDFAST_DOCUMENT_COLUMNS

Document read_document(const Rows& rows, int row) {
  Document document;
  document.id = rows.text(row, 1);
  document.title = rows.text(row, 2);
  document.metadata = rows.text(row, 3);
  document.content_bytes = static_cast<std::uint64_t>(rows.integer(row, 4));
  document.status = static_cast<DocumentStatus>(rows.integer(row, 5));
  document.error = rows.text(row, 6);
  document.version = rows.integer(row, 7);
  document.chunk_count = rows.integer(row, 8);
  document.job_id = rows.integer(row, 9);
  document.created_at = rows.integer(row, 10);
  document.updated_at = rows.integer(row, 11);
  return document;
}

Failure no_such_document(const std::string& id) {
  return fail(ErrorKind::NotFound, fmt::format("there is no document '{}'", id));
}

struct Stored {
  std::int64_t seq = 0;
  std::int64_t version = 0;
  std::int64_t job_id = 0;
};

Result<Stored> find_for_change(Transaction& transaction, const std::string& id,
                               const Condition& expected) {
  if (!is_storable_text(id)) return no_such_document(id);
  const Rows rows = transaction.run(Statement(kFind).bind(id));
  if (rows.empty()) return no_such_document(id);
  const Stored stored{rows.integer(0, 0), rows.integer(0, 1), rows.integer(0, 2)};
  if (!expected.admits(stored.version)) {
    return fail(ErrorKind::Conflict,
                fmt::format("document '{}' now has version {}", id, stored.version));
  }
  return stored;
}

Statement create_statement(std::string_view sql, const NewDocument& document, Budgets budgets) {
  Statement create(sql);
  create.bind(Uncopied{document.id}, Uncopied{document.title}, Uncopied{document.metadata},
              Bytes{document.content}, std::int64_t{document.priority}, budgets.max_attempts,
              budgets.max_crashes, make_job_payload(document, 1), document.delay_ms,
              document.timeout_ms, document.unique_key);
  if (const auto& key = document.idempotency_key) {
    create.bind(Bytes{key->scope}, Bytes{key->key}, Bytes{key->fingerprint}, key->keep_ms);
  }
  return create;
}

}  // namespace

Rows ask(PgConnection& connection, const Statement& statement) {
  auto rows = connection.exchange(statement);
  if (!rows) throw SqlFailure{std::move(rows).error()};
  return std::move(*rows);
}

std::vector<Statement> create_statements(const NewDocument& document, Budgets budgets) {
  std::vector<Statement> statements;
  statements.push_back(
      create_statement(document.idempotency_key ? kCreateOnce : kCreate, document, budgets));
  if (document.idempotency_key) statements.push_back(earlier_answer(*document.idempotency_key));
  return statements;
}

Result<Created> read_created(std::span<const Rows> rows, const NewDocument& document) {
  if (!rows[0].empty()) return Created{document.id, rows[0].integer(0, 0)};
  return read_earlier_answer(rows[1], *document.idempotency_key);
}

Result<CreatedBatch> create_documents(Transaction& transaction,
                                      const std::vector<NewDocument>& documents,
                                      const std::optional<IdempotencyKey>& key, Budgets budgets) {
  if (key) {
    HOLDFAST_TRY_ASSIGN(auto earlier, reserve_for_batch(transaction, *key));
    if (earlier) return std::move(*earlier);
  }
  std::vector<Statement> statements;
  for (const NewDocument& document : documents) {
    const bool is_unique = !document.unique_key.empty();
    statements.push_back(
        create_statement(is_unique ? kCreateUnlessTaken : kCreate, document, budgets));
  }
  CreatedBatch batch;
  if (!statements.empty()) {
    const Results results = transaction.run(statements);
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const bool taken = results[i].empty();
      batch.documents.push_back(taken ? Created{}
                                      : Created{documents[i].id, results[i].integer(0, 0)});
    }
  }
  HOLDFAST_TRY(check_some_stored(batch, documents));
  if (key) remember_batch(transaction, *key, batch);
  return batch;
}

Result<Created> replace_document(Transaction& transaction, const NewDocument& document,
                                 const Condition& expected, Budgets budgets) {
  if (document.idempotency_key) {
    HOLDFAST_TRY_ASSIGN(auto earlier, reserve(transaction, *document.idempotency_key));
    if (earlier) return std::move(*earlier);
  }
  HOLDFAST_TRY_ASSIGN(const Stored stored, find_for_change(transaction, document.id, expected));
  const std::int64_t version = stored.version + 1;
  const std::vector<Statement> jobs{
      Statement(kGiveUpJob).bind(stored.job_id),
      Statement(kEnqueue).bind(std::int64_t{document.priority}, budgets.max_attempts,
                               budgets.max_crashes, make_job_payload(document, version),
                               document.delay_ms, document.timeout_ms)};
  const std::int64_t job_id = transaction.run(jobs)[1].integer(0, 0);
  const std::vector<Statement> changes{
      Statement(kReplace).bind(stored.seq, Uncopied{document.title}, Uncopied{document.metadata},
                               static_cast<std::int64_t>(document.content.size()), version, job_id),
      Statement(kReplaceContent).bind(stored.seq, Bytes{document.content})};
  transaction.run(changes);
  const Created created{document.id, job_id, version};
  if (document.idempotency_key) remember(transaction, *document.idempotency_key, created);
  return created;
}

Result<void> delete_document(Transaction& transaction, const std::string& id,
                             const Condition& expected) {
  HOLDFAST_TRY_ASSIGN(const Stored stored, find_for_change(transaction, id, expected));
  transaction.run(Statement(kGiveUpJob).bind(stored.job_id));
  delete_chunks(transaction, stored.seq);
  transaction.run(Statement(kDelete).bind(stored.seq));
  return {};
}

Result<Document> get_document(PgConnection& connection, const std::string& id,
                              std::int64_t max_content_bytes) {
  if (!is_storable_text(id)) return no_such_document(id);
  const Rows rows = ask(connection, Statement(kGet).bind(id, max_content_bytes));
  if (rows.empty()) return no_such_document(id);
  Document document = read_document(rows, 0);
  document.content = rows.text(0, 12);
  return document;
}

Result<Page> list_documents(PgConnection& connection, const DocumentQuery& request) {
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (!request.cursor.empty()) {
    HOLDFAST_TRY_ASSIGN(before, parse_page_cursor(request.cursor));
  }
  const std::uint32_t limit = std::clamp<std::uint32_t>(request.limit, 1, kLargestPage);
  // One row more than asked for shows whether there is another page.
  Statement query(request.status ? kListOfStatus : kList);
  query.bind(before, std::int64_t{limit} + 1);
  if (request.status) query.bind(static_cast<std::int64_t>(*request.status));
  const Rows rows = ask(connection, query);
  Page page;
  for (int row = 0; row < rows.count(); ++row) {
    if (page.documents.size() == limit) {
      page.next_cursor = format_page_cursor(rows.integer(row - 1, 0));
      break;
    }
    page.documents.push_back(read_document(rows, row));
  }
  return page;
}

}  // namespace holdfast::store::postgres
