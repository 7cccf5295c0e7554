// SPDX-License-Identifier: Apache-2.0
#pragma once

// VectorIndex: every chunk's vector in the memory of this process, for exact nearest-neighbour
// search. Each change of a document's chunks is a row of holdfast.chunk_change with its
// transaction's id. A search takes what was written by transactions that were not over when it last
// looked: numbers alone would miss one that commits late. Its answer belongs to exactly the state
// of the database that the caller's transaction sees.
//
// Beyond `max_bytes` (vector_set.hpp) the vectors are read from the server in every search: just as
// exact, and slow.
//
// Threads: any. Searches run side by side; catching up is exclusive.

#include "common/store/postgres/transaction.hpp"
#include "common/store/vector_set.hpp"

#include <cstdint>
#include <set>
#include <shared_mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::store::postgres {

class VectorIndex {
 public:
  // `space`: only vectors of this one are searched (OpenOptions::vector_space).
  VectorIndex(std::size_t max_bytes, std::string space)
      : space_(std::move(space)), vectors_(max_bytes) {}

  const std::string& space() const { return space_; }

  // The `limit` documents whose best chunk has the greatest cosine above 0. Vectors of another
  // dimension than the query's are skipped. `admitted`: only these documents; null: all.
  // `transaction` has not begun, and reads one state; the
  // caller goes on with it. Throws SqlFailure.
  std::vector<Candidate> nearest(Transaction& transaction, std::span<const float> query,
                                 std::size_t limit, const Admitted* admitted);

  std::size_t bytes() const { return vectors_.bytes(); }  // held now

 private:
  struct News {
    std::string xmin;  // every transaction before it was over in this state
    // Changes that this has not seen were forgotten, or the database is another one.
    bool behind = false;
    std::int64_t table = 0;  // the oid of the horizon's: another one after a restore
    std::vector<std::pair<std::int64_t, std::int64_t>> changes;  // seq, document
  };
  News ask_for_news(Transaction& transaction) const;
  bool is_current(const News& news) const;
  void catch_up(Transaction& transaction, const News& news);
  void reload(Transaction& transaction);
  void load_document(Transaction& transaction, std::int64_t seq);

  const std::string space_;
  mutable std::shared_mutex mutex_;
  // The rest is guarded by mutex_; bytes() is read without it: a scrape waits for no reload.
  bool loaded_ = false;
  std::string seen_xmin_ = "0";
  std::int64_t seen_table_ = 0;
  std::set<std::int64_t> applied_;  // changes of transactions from seen_xmin_ on, by seq
  VectorSet vectors_;
};

}  // namespace holdfast::store::postgres
