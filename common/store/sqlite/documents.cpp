// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/documents.hpp"

#include "common/store/sqlite/chunks.hpp"
#include "common/store/sqlite/page_cursor.hpp"

#include <nlohmann/json.hpp>

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

std::string make_payload(const NewDocument& document, std::int64_t version) {
  nlohmann::ordered_json payload;
  payload["document_id"] = document.id;
  payload["version"] = version;
  payload["request_id"] = document.request_id;
  payload["traceparent"] = document.traceparent;
  // Never throws for bytes that are no UTF-8; the ids are the caller's.
  return payload.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::int64_t enqueue_embedding(Connection& connection, const NewDocument& document, Budgets budgets,
                               Now now) {
  connection
      .query(
          "INSERT INTO job(kind, priority, run_at, max_attempts, max_crashes, payload,"
          " created_at) VALUES('embed', ?1, ?2, ?3, ?4, ?5, ?2)")
      .bind(std::int64_t{document.priority}, now.wall, budgets.max_attempts, budgets.max_crashes,
            make_payload(document, 1))
      .run();
  return connection.last_insert_id();
}

void cancel_job(Connection& connection, std::int64_t job_id, Now now) {
  connection.query("UPDATE job SET state = 4, finished_at = ?2 WHERE id = ?1 AND state IN (0, 1)")
      .bind(job_id, now.wall)
      .run();
  connection.query("UPDATE job SET cancel_requested = 1 WHERE id = ?1 AND state = 2")
      .bind(job_id)
      .run();
}

}  // namespace

Result<Created> create_document(Connection& connection, const NewDocument& document,
                                Budgets budgets, Now now) {
  const std::int64_t job_id = enqueue_embedding(connection, document, budgets, now);
  connection
      .query(
          "INSERT INTO document(id, title, metadata, content_bytes, job_id, created_at,"
          " updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6)")
      .bind(document.id, document.title, document.metadata,
            static_cast<std::int64_t>(document.content.size()), job_id, now.wall)
      .run();
  connection.query("INSERT INTO document_content(document, content) VALUES(?1, ?2)")
      .bind(connection.last_insert_id(), document.content)
      .run();
  return Created{document.id, job_id};
}

Result<void> delete_document(Connection& connection, const std::string& id, Now now) {
  std::int64_t seq = 0;
  std::int64_t job_id = 0;
  {
    Query query = connection.query("SELECT seq, job_id FROM document WHERE id = ?1");
    if (!query.bind(id).step()) return no_such_document(id);
    seq = query.integer(0);
    job_id = query.integer(1);
  }
  cancel_job(connection, job_id, now);
  delete_chunks(connection, seq);
  connection.query("DELETE FROM document WHERE seq = ?1").bind(seq).run();
  return {};
}

Result<Document> get_document(Connection& connection, const std::string& id) {
  // One statement, one state: the content of another version never appears here.
  Query query = connection.query(
      "SELECT " HOLDFAST_DOCUMENT_COLUMNS
      ", content FROM document JOIN document_content ON document = seq WHERE id = ?1");
  if (!query.bind(id).step()) return no_such_document(id);
  Document document = read_document(query);
  document.content = query.text(12);
  return document;
}

Result<Page> list_documents(Connection& connection, const DocumentQuery& request) {
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
  // One more than asked for tells whether there is another page.
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
