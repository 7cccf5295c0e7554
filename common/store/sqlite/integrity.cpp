// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/integrity.hpp"

#include "common/store/migrations/migrations.hpp"
#include "common/store/sqlite/error.hpp"
#include "common/store/sqlite/schema.hpp"
#include "common/store/statement.hpp"

#include <array>
#include <sstream>

namespace holdfast::store::sqlite {

namespace {

constexpr const char* kRebuildText =
    "with Holdfast stopped: sqlite3 DATABASE \"INSERT INTO chunk_terms(chunk_terms) "
    "VALUES('rebuild')\"";
constexpr std::size_t kMostReported = 20;

// Each finds what must not exist, and names it in its first column.
struct Invariant {
  std::string_view sql;
  const char* what;  // {} is the number of rows, and {} the first names
  const char* advice;
};

constexpr std::array kInvariants{
    Invariant{statement<"SELECT d.id FROM document AS d LEFT JOIN job AS j ON j.id = d.job_id"
                        " WHERE d.status = {document.pending} AND (j.id IS NULL OR"
                        " j.state IN ({job.done}, {job.cancelled}, {job.dead}))">,
              "{} documents are pending, but no job will embed them: {}",
              "store them again: PUT /api/documents/{id} with their content"},
    Invariant{statement<"SELECT j.id FROM job AS j WHERE j.kind = 'embed'"
                        " AND j.state IN ({job.ready}, {job.waiting})"
                        " AND NOT EXISTS(SELECT 1 FROM document"
                        " WHERE id = j.payload ->> 'document_id' AND job_id = j.id)">,
              "{} jobs wait to embed documents that are gone or have another job: {}",
              "cancel them: holdfast-queue-worker jobs cancel ID"},
    Invariant{"SELECT id FROM document WHERE NOT EXISTS(SELECT 1 FROM document_content"
              " WHERE document = seq)",
              "{} documents have lost their content: {}", kSalvage},
    Invariant{statement<"SELECT id FROM document WHERE status = {document.ready} AND chunk_count <>"
                        " (SELECT count(*) FROM chunk WHERE document = seq"
                        " AND job_id = chunks_job AND fence = chunks_fence)">,
              "{} documents have more or fewer chunks than were stored: {}",
              "store them again: PUT /api/documents/{id} with their content"},
    Invariant{"SELECT DISTINCT c.document FROM chunk AS c WHERE NOT EXISTS(SELECT 1 FROM document"
              " WHERE seq = c.document AND chunks_job = c.job_id AND chunks_fence = c.fence)"
              " AND NOT EXISTS(SELECT 1 FROM hidden_chunks AS h WHERE h.document = c.document"
              " AND h.job_id = c.job_id AND h.fence = c.fence)",
              "the chunks of {} documents are neither shown nor about to be deleted: {}",
              "no search finds them; they only take space"},
    Invariant{"SELECT DISTINCT d.id FROM chunk AS c JOIN document AS d ON d.seq = c.document"
              " WHERE NOT EXISTS(SELECT 1 FROM chunk_terms_docsize AS t WHERE t.id = c.id)",
              "chunks of {} documents are missing from the full text: {}",
              "run `holdfast-queue-worker migrate`, which adds them"},
    Invariant{"SELECT queue || ' ' || state FROM finished_count AS f WHERE jobs <>"
              " (SELECT count(*) FROM job WHERE queue = f.queue AND state = f.state"
              " AND finished_at IS NOT NULL)",
              "the counts of finished jobs are wrong in {} places: {}",
              "metrics are wrong, nothing else; a backup that is restored has the same counts"},
    Invariant{"SELECT id FROM job WHERE crashes > max_crashes OR attempt < 0 OR fence < 0",
              "{} jobs have spent more than their budget: {}",
              "a bug: please report it with the output of `jobs show ID`"},
};

std::int64_t number(SqliteConnection& connection, std::string_view sql) {
  Query query = connection.query(sql);
  return query.step() ? query.integer(0) : 0;
}

void check_pages(SqliteConnection& connection, std::vector<Problem>& problems) {
  Query query = connection.query("PRAGMA integrity_check(20)");
  while (query.step()) {
    std::istringstream lines(query.text(0));  // one row may hold all that is wrong
    for (std::string line; std::getline(lines, line);) {
      if (line != "ok" && !line.starts_with("***")) problems.push_back({line, kSalvage});
    }
  }
}

void check_references(SqliteConnection& connection, std::vector<Problem>& problems) {
  Query query = connection.query("PRAGMA foreign_key_check");
  while (problems.size() < kMostReported && query.step()) {
    problems.push_back({fmt::format("row {} of '{}' refers to a row of '{}' that does not exist",
                                    query.integer(1), query.text(0), query.text(2)),
                        kSalvage});
  }
}

void check_full_text(SqliteConnection& connection, std::vector<Problem>& problems) {
  try {
    connection.exec("INSERT INTO chunk_terms(chunk_terms, rank) VALUES('integrity-check', 1)");
  } catch (const SQLite::Exception& failure) {
    problems.push_back({fmt::format("the full text is damaged: {}", failure.what()), kRebuildText});
  }
}

void check_invariant(SqliteConnection& connection, const Invariant& invariant,
                     std::vector<Problem>& problems) {
  constexpr int kNamed = 5;
  Query query = connection.query(invariant.sql);
  std::int64_t count = 0;
  std::string names;
  while (query.step()) {
    if (++count > kNamed) continue;
    names += (count > 1 ? ", " : "") + query.text(0);
  }
  if (count == 0) return;
  if (count > kNamed) names += ", …";
  problems.push_back({fmt::format(fmt::runtime(invariant.what), count, names), invariant.advice});
}

}  // namespace

Result<CheckReport> check_copy(SqliteConnection& connection) {
  CheckReport report;
  report.store = "sqlite " + connection.path().native();
  const std::int64_t newest = sqlite_migrations().back().version;
  const auto looked = guarded(connection, [&]() -> Result<void> {
    check_pages(connection, report.problems);
    if (!report.problems.empty()) return {};  // what else it says would be hearsay
    check_references(connection, report.problems);
    HOLDFAST_TRY_ASSIGN(const std::int64_t version, schema_version(connection));
    if (version > newest) return too_new(connection, version, newest);
    if (version == 0) {
      return fail(ErrorKind::NotFound,
                  fmt::format("'{}' is an empty database", connection.path().native()));
    }
    report.documents = number(connection, "SELECT count(*) FROM document");
    report.chunks = number(connection, "SELECT count(*) FROM chunk");
    report.jobs = number(connection, "SELECT count(*) FROM job");
    if (version < newest) return {};
    check_full_text(connection, report.problems);
    for (const Invariant& invariant : kInvariants)
      check_invariant(connection, invariant, report.problems);
    return {};
  });
  if (!looked && looked.error().kind == ErrorKind::DataLoss) {
    report.problems.push_back({looked.error().message, kSalvage});
  } else if (!looked) {
    return fail(looked.error());
  }
  return report;
}

}  // namespace holdfast::store::sqlite
