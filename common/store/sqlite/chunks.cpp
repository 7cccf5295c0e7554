// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/chunks.hpp"

#include "common/store/sqlite/queue_finish.hpp"
#include "common/store/statement.hpp"

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
                  const Chunk& chunk) {
  connection
      .query(
          "INSERT INTO chunk(document, ordinal, begin_byte, end_byte, job_id, fence, vector,"
          " title, text) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
      .bind(target.document, chunk.ordinal, chunk.begin, chunk.end, key.id, key.fence,
            std::as_bytes(std::span(chunk.vector)), target.title, chunk.text)
      .run();
}

std::int64_t remove_chunks(SqliteConnection& connection, std::int64_t document) {
  return connection.query("DELETE FROM chunk WHERE document = ?1").bind(document).run();
}

}  // namespace

Result<void> complete_embedding(SqliteConnection& connection, const Embedding& embedding, Now now) {
  HOLDFAST_TRY(complete_job(connection, embedding.key, now));
  const auto target = find_target(connection, embedding);
  if (!target) return {};
  const std::int64_t removed = remove_chunks(connection, target->document);
  for (const Chunk& chunk : embedding.chunks) {
    insert_chunk(connection, *target, embedding.key, chunk);
  }
  if (removed > 0 || !embedding.chunks.empty()) log_change(connection, target->document);
  connection
      .query(
          statement<"UPDATE document SET status = {document.ready}, error = '', chunk_count = ?2,"
                    " updated_at = ?3 WHERE seq = ?1">)
      .bind(target->document, static_cast<std::int64_t>(embedding.chunks.size()), now.wall)
      .run();
  return {};
}

void delete_chunks(SqliteConnection& connection, std::int64_t document) {
  if (remove_chunks(connection, document) > 0) log_change(connection, document);
}

std::vector<float> decode_vector(std::span<const std::byte> blob) {
  std::vector<float> vector(blob.size() / sizeof(float));
  if (!vector.empty()) std::memcpy(vector.data(), blob.data(), vector.size() * sizeof(float));
  return vector;
}

}  // namespace holdfast::store::sqlite
