// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/vector_index.hpp"

#include "common/store/dot.hpp"
#include "common/store/sqlite/chunks.hpp"

#include <cstring>
#include <mutex>

namespace holdfast::store::sqlite {

namespace {

std::int64_t newest_change(SqliteConnection& connection) {
  Query query = connection.query("SELECT coalesce(max(seq), 0) FROM chunk_change");
  query.step();
  return query.integer(0);
}

std::int64_t oldest_change(SqliteConnection& connection) {
  Query query = connection.query("SELECT coalesce(min(seq), 0) FROM chunk_change");
  query.step();
  return query.integer(0);
}

// Of the view shown_chunk, document by document: in this order of the tables no row is sorted.
constexpr std::string_view kVectorsOfSpace =
    "SELECT d.seq, c.id, c.vector FROM document AS d CROSS JOIN chunk AS c"
    " ON c.document = d.seq AND c.job_id = d.chunks_job AND c.fence = d.chunks_fence"
    " WHERE d.vector_space = ?1 ORDER BY d.seq";

// The same answer, read from the database.
std::vector<Candidate> scan_database(SqliteConnection& connection, const std::string& space,
                                     std::span<const float> query, std::size_t limit,
                                     const Admitted* admitted) {
  Query rows = connection.query(kVectorsOfSpace);
  rows.bind(space);
  Best best(limit);
  Candidate current;
  while (rows.step()) {
    const std::int64_t document = rows.integer(0);
    if (document != current.document) {
      if (current.score > 0) best.offer(current);
      current = {document, 0, 0};
    }
    const std::vector<float> vector = decode_vector(rows.blob(2));
    if (vector.size() != query.size()) continue;
    if (admitted != nullptr && !admitted->contains(document)) continue;
    const auto score = static_cast<double>(dot(vector.data(), query.data(), query.size()));
    if (score > current.score) current = {document, rows.integer(1), score};
  }
  if (current.score > 0) best.offer(current);
  return best.take();
}

}  // namespace

std::vector<Candidate> VectorIndex::nearest(SqliteConnection& connection,
                                            ReadTransaction& transaction,
                                            std::span<const float> query, std::size_t limit,
                                            const Admitted* admitted) {
  {
    // The lock before the state is chosen: so the index cannot be ahead of the transaction.
    const std::shared_lock lock(mutex_);
    transaction.begin();
    const std::int64_t newest = newest_change(connection);
    if (vectors_.too_large()) return scan_database(connection, space_, query, limit, admitted);
    if (newest == seen_) return vectors_.nearest(query, limit, admitted);
    transaction.end();
  }
  const std::unique_lock lock(mutex_);
  transaction.begin();
  catch_up(connection, newest_change(connection));
  return vectors_.too_large() ? scan_database(connection, space_, query, limit, admitted)
                              : vectors_.nearest(query, limit, admitted);
}

void VectorIndex::catch_up(SqliteConnection& connection, std::int64_t newest) {
  if (vectors_.too_large() || newest == seen_) return;
  const std::int64_t seen = seen_;
  seen_ = -1;  // if a read fails half way, the next search loads everything
  if (seen < 0 || seen > newest || oldest_change(connection) > seen + 1) {
    reload(connection);
  } else {
    Query changes = connection.query("SELECT DISTINCT document FROM chunk_change WHERE seq > ?1");
    changes.bind(seen);
    while (!vectors_.too_large() && changes.step()) {
      vectors_.erase(changes.integer(0));
      load_document(connection, changes.integer(0));
    }
  }
  seen_ = newest;
}

void VectorIndex::reload(SqliteConnection& connection) {
  vectors_.clear();
  Query rows = connection.query(kVectorsOfSpace);
  rows.bind(space_);
  VectorSet::Document current;
  while (!vectors_.too_large() && rows.step()) {
    if (rows.integer(0) != current.seq) {
      vectors_.insert(std::move(current));
      current = VectorSet::Document{};
      current.seq = rows.integer(0);
    }
    current.add(rows.integer(1), decode_vector(rows.blob(2)));
  }
  vectors_.insert(std::move(current));
}

void VectorIndex::load_document(SqliteConnection& connection, std::int64_t seq) {
  Query rows = connection.query(
      "SELECT id, vector FROM shown_chunk WHERE document = ?1"
      " AND (SELECT vector_space FROM document WHERE seq = ?1) = ?2");
  rows.bind(seq, space_);
  VectorSet::Document document;
  document.seq = seq;
  while (rows.step())
    document.add(rows.integer(0), decode_vector(rows.blob(1)));
  vectors_.insert(std::move(document));
}

}  // namespace holdfast::store::sqlite
