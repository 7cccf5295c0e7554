// SPDX-License-Identifier: Apache-2.0
#pragma once

// VectorIndex: every chunk's vector in memory, for exact nearest-neighbour search. Other processes
// write: each change of a document's chunks is a row of chunk_change, and a search first reloads
// the documents named since the last one. Its answer belongs to exactly the state of the database
// that the caller's read transaction sees.
//
// Beyond `max_bytes` (vector_set.hpp) the vectors are read from the database in every search, until
// the store is reopened.
//
// Threads: any. Searches run side by side; catching up is exclusive.

#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/vector_set.hpp"

#include <cstdint>
#include <shared_mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::store::sqlite {

class VectorIndex {
 public:
  // `space`: only vectors of this one are searched (OpenOptions::vector_space).
  VectorIndex(std::size_t max_bytes, std::string space)
      : space_(std::move(space)), vectors_(max_bytes) {}

  const std::string& space() const { return space_; }

  // The `limit` documents whose best chunk has the greatest cosine above 0. Vectors of another
  // dimension than the query's are skipped. `admitted`: only these documents; null: all. Begins
  // `transaction`, in which the caller then
  // reads the chunks. Throws SQLite::Exception.
  std::vector<Candidate> nearest(SqliteConnection& connection, ReadTransaction& transaction,
                                 std::span<const float> query, std::size_t limit,
                                 const Admitted* admitted);

  std::size_t bytes() const { return vectors_.bytes(); }  // held now

 private:
  void catch_up(SqliteConnection& connection, std::int64_t newest);
  void reload(SqliteConnection& connection);
  void load_document(SqliteConnection& connection, std::int64_t seq);

  const std::string space_;
  mutable std::shared_mutex mutex_;
  // The rest is guarded by mutex_; bytes() is read without it: a scrape waits for no reload.
  std::int64_t seen_ = -1;  // chunk_change.seq up to which this is current; -1: nothing loaded
  VectorSet vectors_;
};

}  // namespace holdfast::store::sqlite
