// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/outdated.hpp"

#include "common/store/job_payload.hpp"
#include "common/store/statement.hpp"

#include <algorithm>
#include <vector>

namespace holdfast::store::sqlite {

namespace {

// "Other than" as two ranges of an index, which finds the few among the many. It has to be named:
// the planner takes the one of the status for better, and reads every document.
#define HOLDFAST_BY_SPACE \
  " FROM document INDEXED BY document_vector_space WHERE status = {document.ready}"
constexpr std::string_view kCountOutdated =
    statement<"SELECT (SELECT count(*)" HOLDFAST_BY_SPACE
              " AND vector_space < ?1)"
              " + (SELECT count(*)" HOLDFAST_BY_SPACE " AND vector_space > ?1)">;
// One whose job is dead or was cancelled is left alone, until that is forgotten. One that was
// stored later than now (?4) was so before the clock was set back: it is old.
#define HOLDFAST_OUTDATED_IN(range)                                                           \
  "SELECT seq, id, version" HOLDFAST_BY_SPACE " AND vector_space " range                      \
  " ?1 AND (updated_at < ?2 OR updated_at > ?4) AND NOT EXISTS(SELECT 1 FROM job WHERE id = " \
  "document.job_id"                                                                           \
  " AND state <> {job.done})"
constexpr std::string_view kFindOutdated =
    statement<HOLDFAST_OUTDATED_IN("<") " UNION ALL " HOLDFAST_OUTDATED_IN(">") " LIMIT ?3">;
#undef HOLDFAST_OUTDATED_IN
#undef HOLDFAST_BY_SPACE

struct OutdatedDocument {
  std::int64_t seq = 0;
  std::int64_t version = 0;
  NewDocument named;  // its id
};

std::vector<OutdatedDocument> find_outdated(SqliteConnection& connection,
                                            const OutdatedRequest& request, std::int64_t most,
                                            Now now) {
  Query rows = connection.query(kFindOutdated);
  rows.bind(request.vector_space, now.wall - to_ms(request.age), most, now.wall);
  std::vector<OutdatedDocument> found;
  while (rows.step()) {
    OutdatedDocument document{rows.integer(0), rows.integer(2), {}};
    document.named.id = rows.text(1);
    found.push_back(std::move(document));
  }
  return found;
}

std::int64_t count_waiting(SqliteConnection& connection) {
  Query query = connection.query(
      statement<"SELECT (SELECT count(*) FROM job WHERE state = {job.ready} AND queue = 'default'"
                " AND priority = ?1) + (SELECT count(*) FROM job WHERE state = {job.waiting}"
                " AND queue = 'default' AND priority = ?1)">);
  query.bind(kOutdatedPriority).step();
  return query.integer(0);
}

}  // namespace

std::int64_t count_outdated(SqliteConnection& connection, const std::string& vector_space) {
  Query query = connection.query(kCountOutdated);
  query.bind(vector_space).step();
  return query.integer(0);
}

std::int64_t enqueue_outdated(SqliteConnection& connection, const OutdatedRequest& request,
                              Budgets budgets, Now now) {
  const std::int64_t room = request.limit - count_waiting(connection);
  if (room <= 0) return 0;
  const auto documents = find_outdated(connection, request, room, now);
  for (const OutdatedDocument& document : documents) {
    connection
        .query(
            "INSERT INTO job(kind, priority, run_at, max_attempts, max_crashes, payload,"
            " created_at) VALUES('embed', ?1, ?2, ?3, ?4, ?5, ?2)")
        .bind(kOutdatedPriority, now.wall, budgets.max_attempts, budgets.max_crashes,
              make_job_payload(document.named, document.version))
        .run();
    connection.query("UPDATE document SET job_id = ?2 WHERE seq = ?1")
        .bind(document.seq, connection.last_insert_id())
        .run();
  }
  return static_cast<std::int64_t>(documents.size());
}

}  // namespace holdfast::store::sqlite
