// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/vector_index.hpp"

#include "common/store/sqlite/chunks.hpp"
#include "common/store/sqlite/dot.hpp"

#include <cstring>
#include <mutex>

namespace holdfast::store::sqlite {

namespace {

constexpr std::size_t kBytesPerDocument = 120;  // a Document, and its node in the map

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

// The same answer, read from the database.
std::vector<Candidate> scan_database(SqliteConnection& connection, std::span<const float> query,
                                     std::size_t limit) {
  // The chunks of one document were written together: they lie side by side.
  Query rows = connection.query("SELECT document, id, vector FROM chunk ORDER BY id");
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
    const auto score = static_cast<double>(dot(vector.data(), query.data(), query.size()));
    if (score > current.score) current = {document, rows.integer(1), score};
  }
  if (current.score > 0) best.offer(current);
  return best.take();
}

}  // namespace

std::vector<Candidate> VectorIndex::nearest(SqliteConnection& connection,
                                            ReadTransaction& transaction,
                                            std::span<const float> query, std::size_t limit) {
  {
    // The lock before the state is chosen: so the index cannot be ahead of the transaction.
    const std::shared_lock lock(mutex_);
    transaction.begin();
    const std::int64_t newest = newest_change(connection);
    if (too_large_) return scan_database(connection, query, limit);
    if (newest == seen_) return scan(query, limit);
    transaction.end();
  }
  const std::unique_lock lock(mutex_);
  transaction.begin();
  catch_up(connection, newest_change(connection));
  return too_large_ ? scan_database(connection, query, limit) : scan(query, limit);
}

std::size_t VectorIndex::bytes() const {
  return bytes_;
}

void VectorIndex::catch_up(SqliteConnection& connection, std::int64_t newest) {
  if (too_large_ || newest == seen_) return;
  const std::int64_t seen = seen_;
  seen_ = -1;  // if a read fails half way, the next search loads everything
  if (seen < 0 || seen > newest || oldest_change(connection) > seen + 1) {
    reload(connection);
  } else {
    Query changes = connection.query("SELECT DISTINCT document FROM chunk_change WHERE seq > ?1");
    changes.bind(seen);
    while (!too_large_ && changes.step()) {
      remove(changes.integer(0));
      load_document(connection, changes.integer(0));
    }
  }
  seen_ = newest;
}

void VectorIndex::reload(SqliteConnection& connection) {
  documents_.clear();
  at_.clear();
  bytes_ = 0;
  Query rows = connection.query("SELECT document, id, vector FROM chunk ORDER BY id");
  Document current;
  while (!too_large_ && rows.step()) {
    if (rows.integer(0) != current.seq) {
      store(std::move(current));
      current = Document{};
      current.seq = rows.integer(0);
    }
    add_row(current, rows.integer(1), rows.blob(2));
  }
  if (!too_large_) store(std::move(current));
}

void VectorIndex::load_document(SqliteConnection& connection, std::int64_t seq) {
  Query rows = connection.query("SELECT id, vector FROM chunk WHERE document = ?1 ORDER BY id");
  rows.bind(seq);
  Document document;
  document.seq = seq;
  while (rows.step())
    add_row(document, rows.integer(0), rows.blob(1));
  store(std::move(document));
}

void VectorIndex::add_row(Document& document, std::int64_t chunk, std::span<const std::byte> blob) {
  const std::vector<float> vector = decode_vector(blob);
  // One embedding makes all of a document's vectors: they have one dimension.
  if (document.chunks.empty()) document.dimensions = vector.size();
  if (vector.empty() || vector.size() != document.dimensions) return;
  document.chunks.push_back(chunk);
  document.vectors.insert(document.vectors.end(), vector.begin(), vector.end());
}

void VectorIndex::store(Document document) {
  if (document.chunks.empty()) return;
  document.chunks.shrink_to_fit();
  document.vectors.shrink_to_fit();
  bytes_ += document.chunks.size() * (sizeof(std::int64_t) + document.dimensions * sizeof(float)) +
            kBytesPerDocument;
  if (bytes_ > max_bytes_) return give_up();
  at_.emplace(document.seq, documents_.size());
  documents_.push_back(std::move(document));
}

void VectorIndex::remove(std::int64_t seq) {
  const auto found = at_.find(seq);
  if (found == at_.end()) return;
  const std::size_t place = found->second;
  at_.erase(found);
  const Document& document = documents_[place];
  bytes_ -= document.chunks.size() * (sizeof(std::int64_t) + document.dimensions * sizeof(float)) +
            kBytesPerDocument;
  if (place + 1 != documents_.size()) {
    documents_[place] = std::move(documents_.back());
    at_[documents_[place].seq] = place;
  }
  documents_.pop_back();
}

void VectorIndex::give_up() {
  too_large_ = true;
  bytes_ = 0;
  documents_ = {};
  at_ = {};
}

std::vector<Candidate> VectorIndex::scan(std::span<const float> query, std::size_t limit) const {
  Best best(limit);
  for (const Document& document : documents_) {
    if (document.dimensions != query.size()) continue;
    float top = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < document.chunks.size(); ++i) {
      const float score =
          dot(document.vectors.data() + i * query.size(), query.data(), query.size());
      if (score > top) {
        top = score;
        at = i;
      }
    }
    if (top > 0) best.offer({document.seq, document.chunks[at], static_cast<double>(top)});
  }
  return best.take();
}

}  // namespace holdfast::store::sqlite
