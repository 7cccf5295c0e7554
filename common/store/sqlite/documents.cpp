// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/documents.hpp"

#include "common/store/batch_answer.hpp"
#include "common/store/job_payload.hpp"
#include "common/store/job_rules.hpp"
#include "common/store/page_cursor.hpp"
#include "common/store/sqlite/chunks.hpp"
#include "common/store/sqlite/idempotency.hpp"
#include "common/store/statement.hpp"

#include <algorithm>
#include <limits>

namespace holdfast::store::sqlite {

namespace {

#define HOLDFAST_DOCUMENT_COLUMNS                                                         \
  "seq, id, title, metadata, content_bytes, status, error, version, chunk_count, job_id," \
  " created_at, updated_at"

constexpr std::uint32_t kLargestPage = 1000;

Document read_document(const Query& row) {
  Document document;
  document.id = row.text(1);
  document.title = row.text(2);
  document.metadata = row.text(3);
  document.content_bytes = static_cast<std::uint64_t>(row.integer(4));
  document.status = static_cast<DocumentStatus>(row.integer(5));
  document.error = row.text(6);
  document.version = row.integer(7);
  document.chunk_count = row.integer(8);
  document.job_id = row.integer(9);
  document.created_at = row.integer(10);
  document.updated_at = row.integer(11);
  return document;
}

Failure no_such_document(const std::string& id) {
  return fail(ErrorKind::NotFound, fmt::format("there is no document '{}'", id));
}

std::int64_t enqueue_embedding(SqliteConnection& connection, const NewDocument& document,
                               std::int64_t version, Budgets budgets, Now now) {
  connection
      .query(
          "INSERT INTO job(kind, priority, state, run_at, waits_since, timeout, unique_key,"
          " max_attempts, max_crashes, payload, created_at) VALUES('embed', ?1, ?6, ?2 + ?7, ?2,"
          " nullif(?8, 0), nullif(?9, ''), ?3, ?4, ?5, ?2)")
      .bind(std::int64_t{document.priority}, now.wall, budgets.max_attempts, budgets.max_crashes,
            make_job_payload(document, version),
            static_cast<std::int64_t>(document.delay_ms > 0 ? JobState::Waiting : JobState::Ready),
            document.delay_ms, document.timeout_ms, document.unique_key)
      .run();
  return connection.last_insert_id();
}

bool has_unfinished_job(SqliteConnection& connection, const std::string& unique_key) {
  if (unique_key.empty()) return false;
  Query query = connection.query(
      "SELECT 1 FROM job WHERE kind = 'embed' AND unique_key = ?1 AND unique_key IS NOT NULL"
      " AND finished_at IS NULL");
  return query.bind(unique_key).step();
}

void give_up_job(SqliteConnection& connection, std::int64_t job_id, Now now) {
  connection
      .query(statement<"UPDATE job SET state = {job.cancelled}, finished_at = ?2"
                       " WHERE id = ?1 AND state IN ({job.ready}, {job.waiting})">)
      .bind(job_id, now.wall)
      .run();
  connection
      .query(statement<"UPDATE job SET cancel_requested = 1"
                       " WHERE id = ?1 AND state = {job.running}">)
      .bind(job_id)
      .run();
}

struct Stored {
  std::int64_t seq = 0;
  std::int64_t version = 0;
  std::int64_t job_id = 0;
};

Result<Stored> find_for_change(SqliteConnection& connection, const std::string& id,
                               const Condition& expected) {
  Query query = connection.query("SELECT seq, version, job_id FROM document WHERE id = ?1");
  if (!query.bind(id).step()) return no_such_document(id);
  const Stored stored{query.integer(0), query.integer(1), query.integer(2)};
  if (!expected.admits(stored.version)) {
    return fail(ErrorKind::Conflict,
                fmt::format("document '{}' now has version {}", id, stored.version));
  }
  return stored;
}

}  // namespace

Result<Created> create_document(SqliteConnection& connection, const NewDocument& document,
                                Budgets budgets, Now now) {
  if (document.idempotency_key) {
    HOLDFAST_TRY_ASSIGN(auto earlier,
                        find_earlier_answer(connection, *document.idempotency_key, now));
    if (earlier) return std::move(*earlier);
  }
  if (has_unfinished_job(connection, document.unique_key)) {
    return fail(unique_key_taken(document.unique_key));
  }
  const std::int64_t job_id = enqueue_embedding(connection, document, 1, budgets, now);
  connection
      .query(
          "INSERT INTO document(id, title, metadata, content_bytes, job_id, created_at,"
          " updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6)")
      .bind(document.id, document.title, document.metadata,
            static_cast<std::int64_t>(document.content.size()), job_id, now.wall)
      .run();
  connection.query("INSERT INTO document_content(document, content) VALUES(?1, ?2)")
      .bind(connection.last_insert_id(), Uncopied{document.content})
      .run();
  const Created created{document.id, job_id};
  if (document.idempotency_key) remember(connection, *document.idempotency_key, created, now);
  return created;
}

Result<CreatedBatch> create_documents(SqliteConnection& connection,
                                      const std::vector<NewDocument>& documents,
                                      const std::optional<IdempotencyKey>& key, Budgets budgets,
                                      Now now) {
  if (key) {
    HOLDFAST_TRY_ASSIGN(auto earlier, find_earlier_batch(connection, *key, now));
    if (earlier) return std::move(*earlier);
  }
  CreatedBatch batch;
  for (const NewDocument& document : documents) {
    if (has_unfinished_job(connection, document.unique_key)) {
      batch.documents.emplace_back();
      continue;
    }
    HOLDFAST_TRY_ASSIGN(Created created, create_document(connection, document, budgets, now));
    batch.documents.push_back(std::move(created));
  }
  HOLDFAST_TRY(check_some_stored(batch, documents));
  if (key) remember_batch(connection, *key, batch, now);
  return batch;
}

Result<Created> replace_document(SqliteConnection& connection, const NewDocument& document,
                                 const Condition& expected, Budgets budgets, Now now) {
  if (document.idempotency_key) {
    HOLDFAST_TRY_ASSIGN(auto earlier,
                        find_earlier_answer(connection, *document.idempotency_key, now));
    if (earlier) return std::move(*earlier);
  }
  HOLDFAST_TRY_ASSIGN(const Stored stored, find_for_change(connection, document.id, expected));
  give_up_job(connection, stored.job_id, now);
  const std::int64_t version = stored.version + 1;
  const std::int64_t job_id = enqueue_embedding(connection, document, version, budgets, now);
  connection
      .query(statement<"UPDATE document SET title = ?2, metadata = ?3, content_bytes = ?4,"
                       " status = {document.pending}, error = '', version = ?5, job_id = ?6,"
                       " updated_at = ?7 WHERE seq = ?1">)
      .bind(stored.seq, document.title, document.metadata,
            static_cast<std::int64_t>(document.content.size()), version, job_id, now.wall)
      .run();
  connection.query("UPDATE document_content SET content = ?2 WHERE document = ?1")
      .bind(stored.seq, Uncopied{document.content})
      .run();
  const Created created{document.id, job_id, version};
  if (document.idempotency_key) remember(connection, *document.idempotency_key, created, now);
  return created;
}

Result<void> delete_document(SqliteConnection& connection, const std::string& id,
                             const Condition& expected, Now now) {
  HOLDFAST_TRY_ASSIGN(const Stored stored, find_for_change(connection, id, expected));
  give_up_job(connection, stored.job_id, now);
  delete_chunks(connection, stored.seq);
  connection.query("DELETE FROM document WHERE seq = ?1").bind(stored.seq).run();
  return {};
}

Result<Document> get_document(SqliteConnection& connection, const std::string& id,
                              std::int64_t max_content_bytes) {
  // One statement, one state: the content of another version never appears here. A column that is
  // not asked for is not read from its pages.
  Query query =
      connection.query("SELECT " HOLDFAST_DOCUMENT_COLUMNS
                       ", CASE WHEN content_bytes <= ?2 THEN content END"
                       " FROM document JOIN document_content ON document = seq WHERE id = ?1");
  if (!query.bind(id, max_content_bytes).step()) return no_such_document(id);
  Document document = read_document(query);
  document.content = query.text(12);
  return document;
}

Result<Page> list_documents(SqliteConnection& connection, const DocumentQuery& request) {
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (!request.cursor.empty()) {
    HOLDFAST_TRY_ASSIGN(before, parse_page_cursor(request.cursor));
  }
  const std::uint32_t limit = std::clamp<std::uint32_t>(request.limit, 1, kLargestPage);
  Query query = connection.query(
      request.status ? "SELECT " HOLDFAST_DOCUMENT_COLUMNS
                       " FROM document WHERE seq < ?1 AND status = ?3 ORDER BY seq DESC LIMIT ?2"
                     : "SELECT " HOLDFAST_DOCUMENT_COLUMNS
                       " FROM document WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2");
  // One row more than asked for shows whether there is another page.
  if (request.status) {
    query.bind(before, std::int64_t{limit} + 1, static_cast<std::int64_t>(*request.status));
  } else {
    query.bind(before, std::int64_t{limit} + 1);
  }
  Page page;
  std::int64_t last = 0;
  while (query.step()) {
    if (page.documents.size() == limit) {
      page.next_cursor = format_page_cursor(last);
      break;
    }
    last = query.integer(0);
    page.documents.push_back(read_document(query));
  }
  return page;
}

}  // namespace holdfast::store::sqlite
