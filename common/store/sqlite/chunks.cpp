// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/chunks.hpp"

#include "common/base/failpoint.hpp"
#include "common/store/sqlite/full_text.hpp"
#include "common/store/sqlite/labels.hpp"
#include "common/store/sqlite/queue_finish.hpp"
#include "common/store/statement.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace holdfast::store::sqlite {

namespace {

static_assert(std::endian::native == std::endian::little, "vectors are stored in memory order");

// Other processes can catch up from this many changes behind; beyond that they reload everything.
constexpr std::int64_t kChangesKept = 10000;

void log_change(SqliteConnection& connection, std::int64_t document) {
  connection.query("INSERT INTO chunk_change(document) VALUES(?1)").bind(document).run();
  const std::int64_t seq = connection.last_insert_id();
  if (seq % 100 != 0) return;
  connection.query("DELETE FROM chunk_change WHERE seq <= ?1").bind(seq - kChangesKept).run();
}

// What one claim of one job has written for one document.
struct ChunkSet {
  std::int64_t document = 0;
  JobKey writer;
};

struct Target {
  std::int64_t document = 0;
  std::string title;
};

std::optional<Target> find_target(SqliteConnection& connection, const Embedding& embedding) {
  Query query = connection.query(
      "SELECT seq, title FROM document WHERE id = ?1 AND version = ?2 AND job_id = ?3");
  if (!query.bind(embedding.document_id, embedding.version, embedding.key.id).step()) {
    return std::nullopt;
  }
  return Target{query.integer(0), query.text(1)};
}

void insert_chunk(SqliteConnection& connection, const Target& target, JobKey key,
                  const Chunk& chunk, const std::string& title_terms) {
  connection
      .query(
          "INSERT INTO chunk(document, ordinal, begin_byte, end_byte, job_id, fence, vector,"
          " title, text, terms_form) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
      .bind(target.document, chunk.ordinal, chunk.begin, chunk.end, key.id, key.fence,
            std::as_bytes(std::span(chunk.vector)), target.title, chunk.text, search::kTermsForm)
      .run();
  index_chunk(connection, connection.last_insert_id(), title_terms, chunk.terms);
}

void hide(SqliteConnection& connection, const ChunkSet& set) {
  connection
      .query("INSERT OR IGNORE INTO hidden_chunks(document, job_id, fence) VALUES(?1, ?2, ?3)")
      .bind(set.document, set.writer.id, set.writer.fence)
      .run();
}

void unhide(SqliteConnection& connection, const ChunkSet& set) {
  connection.query("DELETE FROM hidden_chunks WHERE document = ?1 AND job_id = ?2 AND fence = ?3")
      .bind(set.document, set.writer.id, set.writer.fence)
      .run();
}

std::int64_t delete_some(SqliteConnection& connection, const ChunkSet& set, std::int64_t limit) {
  return connection
      .query(
          "DELETE FROM chunk WHERE id IN (SELECT id FROM chunk"
          " WHERE document = ?1 AND job_id = ?2 AND fence = ?3 ORDER BY ordinal LIMIT ?4)")
      .bind(set.document, set.writer.id, set.writer.fence, limit)
      .run();
}

// A small set goes at once, a large one little by little. False: there was none.
bool discard_shown(SqliteConnection& connection, std::int64_t document) {
  ChunkSet shown{document, {}};
  std::int64_t chunks = 0;
  {
    Query query = connection.query(
        "SELECT chunks_job, chunks_fence, (SELECT count(*) FROM (SELECT 1 FROM chunk"
        " WHERE document = seq AND job_id = chunks_job AND fence = chunks_fence LIMIT ?2))"
        " FROM document WHERE seq = ?1");
    if (!query.bind(document, static_cast<std::int64_t>(kChunksPerWrite) + 1).step()) return false;
    shown.writer = {query.integer(0), query.integer(1)};
    chunks = query.integer(2);
  }
  if (chunks == 0) return false;
  if (chunks > static_cast<std::int64_t>(kChunksPerWrite)) {
    hide(connection, shown);
  } else {
    delete_some(connection, shown, chunks);
  }
  return true;
}

void show(SqliteConnection& connection, const ChunkSet& set) {
  connection.query("UPDATE document SET chunks_job = ?2, chunks_fence = ?3 WHERE seq = ?1")
      .bind(set.document, set.writer.id, set.writer.fence)
      .run();
}

std::optional<ChunkSet> find_waste(SqliteConnection& connection) {
  // The set of a claim that runs is being written.
  Query query = connection.query(
      statement<"SELECT document, job_id, fence FROM hidden_chunks AS h WHERE NOT EXISTS("
                "SELECT 1 FROM job WHERE id = h.job_id AND fence = h.fence"
                " AND state = {job.running}) LIMIT 1">);
  if (!query.step()) return std::nullopt;
  return ChunkSet{query.integer(0), {query.integer(1), query.integer(2)}};
}

}  // namespace

Result<std::size_t> stage_chunks(SqliteConnection& connection, const Embedding& embedding,
                                 std::size_t first) {
  HOLDFAST_TRY(check_held(connection, embedding.key));
  const std::size_t end = std::min(embedding.text.chunks.size(), first + kChunksPerWrite);
  const auto target = find_target(connection, embedding);
  if (!target) return end;  // nobody waits for them: the completion will say so
  hide(connection, {target->document, embedding.key});
  for (std::size_t i = first; i < end; ++i)
    insert_chunk(connection, *target, embedding.key, embedding.text.chunks[i],
                 embedding.text.title_terms);
  failpoint(FaultStep::Staged);
  return end;
}

Result<void> complete_embedding(SqliteConnection& connection, const Embedding& embedding,
                                std::size_t first, Now now) {
  HOLDFAST_TRY(complete_job(connection, embedding.key, now));
  failpoint(FaultStep::Fenced);
  const auto target = find_target(connection, embedding);
  if (!target) return {};
  const bool had_some = discard_shown(connection, target->document);
  const ChunkSet fresh{target->document, embedding.key};
  for (std::size_t i = first; i < embedding.text.chunks.size(); ++i)
    insert_chunk(connection, *target, embedding.key, embedding.text.chunks[i],
                 embedding.text.title_terms);
  if (first > 0) unhide(connection, fresh);
  show(connection, fresh);
  replace_labels(connection, target->document, embedding.text.labels);
  if (had_some || !embedding.text.chunks.empty()) log_change(connection, target->document);
  connection
      .query(
          statement<"UPDATE document SET status = {document.ready}, error = '', chunk_count = ?2,"
                    " updated_at = ?3, vector_space = ?4 WHERE seq = ?1">)
      .bind(target->document, static_cast<std::int64_t>(embedding.text.chunks.size()), now.wall,
            embedding.vector_space)
      .run();
  failpoint(FaultStep::EffectsWritten);
  return {};
}

void delete_chunks(SqliteConnection& connection, std::int64_t document) {
  if (!discard_shown(connection, document)) return;
  show(connection, {document, {}});
  log_change(connection, document);
}

bool sweep_chunks(SqliteConnection& connection) {
  const auto waste = find_waste(connection);
  if (!waste) return false;
  constexpr auto kLimit = static_cast<std::int64_t>(kChunksPerWrite);
  if (delete_some(connection, *waste, kLimit) < kLimit) unhide(connection, *waste);
  return true;
}

bool has_waste(SqliteConnection& connection) {
  return find_waste(connection).has_value();
}

std::vector<float> decode_vector(std::span<const std::byte> blob) {
  std::vector<float> vector(blob.size() / sizeof(float));
  if (!vector.empty()) std::memcpy(vector.data(), blob.data(), vector.size() * sizeof(float));
  return vector;
}

}  // namespace holdfast::store::sqlite
