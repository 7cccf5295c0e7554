// SPDX-License-Identifier: Apache-2.0
#pragma once

// VectorIndex: every chunk's vector in memory, for exact nearest-neighbour search. Other processes
// write: each change of a document's chunks is a row of chunk_change, and a search first reloads
// the documents named since the last one. Its answer belongs to exactly the state of the database
// that the caller's read transaction sees.
//
// Memory: 4 bytes x dimensions + 8 for each chunk, about 120 for each document, never more than
// `max_bytes`. Beyond that the vectors are read from the database in every search, until the store
// is reopened.
//
// Threads: any. Searches run side by side; catching up is exclusive.

#include "common/store/candidate.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace holdfast::store::sqlite {

class VectorIndex {
 public:
  explicit VectorIndex(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // The `limit` documents whose best chunk has the greatest cosine above 0. Vectors of another
  // dimension than the query's are skipped. Begins `transaction`, in which the caller then
  // reads the chunks. Throws SQLite::Exception.
  std::vector<Candidate> nearest(SqliteConnection& connection, ReadTransaction& transaction,
                                 std::span<const float> query, std::size_t limit);

  std::size_t bytes() const;  // held now

 private:
  struct Document {
    std::int64_t seq = 0;
    std::size_t dimensions = 0;
    std::vector<std::int64_t> chunks;
    std::vector<float> vectors;  // one after the other, as many as chunks
  };

  void catch_up(SqliteConnection& connection, std::int64_t newest);
  void reload(SqliteConnection& connection);
  void load_document(SqliteConnection& connection, std::int64_t seq);
  void add_row(Document& document, std::int64_t chunk, std::span<const std::byte> blob);
  void store(Document document);
  void remove(std::int64_t seq);
  void give_up();
  std::vector<Candidate> scan(std::span<const float> query, std::size_t limit) const;

  const std::size_t max_bytes_;
  mutable std::shared_mutex mutex_;
  // The rest is guarded by mutex_.
  std::int64_t seen_ = -1;  // chunk_change.seq up to which this is current; -1: nothing loaded
  bool too_large_ = false;
  std::atomic<std::size_t> bytes_ = 0;  // read without the mutex: a scrape waits for no reload
  std::vector<Document> documents_;
  std::unordered_map<std::int64_t, std::size_t> at_;  // document.seq -> its place
};

}  // namespace holdfast::store::sqlite
