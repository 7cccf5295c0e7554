// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/vector_index.hpp"

#include "common/store/dot.hpp"

#include <cstring>
#include <mutex>

namespace holdfast::store::postgres {

namespace {

// How many rows of vectors come at a time: a 1024-dimensional one has 4 KiB.
constexpr std::int64_t kRowsAtATime = 2000;

// A transaction that this server has not begun yet is one of the server that a dump came from: it
// says nothing. Whoever has seen later ones than this server has, or another table of that name,
// has looked at another database under the same address.
constexpr std::string_view kNews =
    "WITH here AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin,"
    " pg_snapshot_xmax(pg_current_snapshot()) AS xmax)"
    " SELECT here.xmin::text, here.xmin < $1::xid8 OR h.tableoid::bigint <> $2"
    " OR (h.transaction >= $1::xid8 AND h.transaction < here.xmax),"
    " h.tableoid::bigint, c.seq, c.document"
    " FROM here CROSS JOIN holdfast.chunk_change_horizon AS h"
    " LEFT JOIN holdfast.chunk_change AS c ON c.transaction >= $1::xid8"
    " AND c.transaction < here.xmax ORDER BY c.seq";
constexpr std::string_view kAllVectors =
    "SELECT c.document, c.ordinal, c.id, c.vector FROM holdfast.chunk AS c"
    " JOIN holdfast.document AS d ON d.seq = c.document AND d.vector_space = $4"
    " WHERE (c.document, c.ordinal) > ($1, $2) ORDER BY c.document, c.ordinal LIMIT $3";
constexpr std::string_view kVectorsOf =
    "SELECT id, vector FROM holdfast.chunk WHERE document = $1"
    " AND (SELECT vector_space FROM holdfast.document WHERE seq = $1) = $2 ORDER BY ordinal";

std::vector<float> decode_vector(std::string_view bytes) {
  std::vector<float> vector(bytes.size() / sizeof(float));
  if (!vector.empty()) std::memcpy(vector.data(), bytes.data(), vector.size() * sizeof(float));
  return vector;
}

// Calls visit(document, chunk, vector) for every chunk, in the order of documents and chunks, until
// it returns false.
template <class Visit>
void for_each_vector(Transaction& transaction, const std::string& space, Visit visit) {
  std::int64_t document = 0;
  std::int64_t ordinal = 0;
  for (;;) {
    const Rows rows =
        transaction.run(Statement(kAllVectors).bind(document, ordinal, kRowsAtATime, space));
    for (int row = 0; row < rows.count(); ++row) {
      document = rows.integer(row, 0);
      ordinal = rows.integer(row, 1);
      if (!visit(document, rows.integer(row, 2), decode_vector(rows.bytes(row, 3)))) return;
    }
    if (rows.count() < kRowsAtATime) return;
  }
}

// The same answer, read from the server.
std::vector<Candidate> scan_database(Transaction& transaction, const std::string& space,
                                     std::span<const float> query, std::size_t limit,
                                     const Admitted* admitted) {
  Best best(limit);
  Candidate current;
  for_each_vector(transaction, space,
                  [&](std::int64_t document, std::int64_t chunk, const std::vector<float>& vector) {
                    if (document != current.document) {
                      if (current.score > 0) best.offer(current);
                      current = {document, 0, 0};
                    }
                    if (vector.size() != query.size()) return true;
                    if (admitted != nullptr && !admitted->contains(document)) return true;
                    const auto score =
                        static_cast<double>(dot(vector.data(), query.data(), query.size()));
                    if (score > current.score) current = {document, chunk, score};
                    return true;
                  });
  if (current.score > 0) best.offer(current);
  return best.take();
}

}  // namespace

std::vector<Candidate> VectorIndex::nearest(Transaction& transaction, std::span<const float> query,
                                            std::size_t limit, const Admitted* admitted) {
  {
    // The lock before the state is chosen: so the index cannot be ahead of the transaction.
    const std::shared_lock lock(mutex_);
    if (vectors_.too_large()) return scan_database(transaction, space_, query, limit, admitted);
    const News news = ask_for_news(transaction);
    if (is_current(news)) return vectors_.nearest(query, limit, admitted);
  }
  transaction.end();
  const std::unique_lock lock(mutex_);
  if (!vectors_.too_large()) catch_up(transaction, ask_for_news(transaction));
  return vectors_.too_large() ? scan_database(transaction, space_, query, limit, admitted)
                              : vectors_.nearest(query, limit, admitted);
}

VectorIndex::News VectorIndex::ask_for_news(Transaction& transaction) const {
  const Rows rows = transaction.run(Statement(kNews).bind(seen_xmin_, seen_table_));
  News news;
  news.xmin = rows.text(0, 0);
  news.behind = rows.boolean(0, 1);
  news.table = rows.integer(0, 2);
  for (int row = 0; row < rows.count(); ++row) {
    if (!rows.is_null(row, 3))
      news.changes.emplace_back(rows.integer(row, 3), rows.integer(row, 4));
  }
  return news;
}

bool VectorIndex::is_current(const News& news) const {
  if (!loaded_ || news.behind) return false;
  for (const auto& [seq, document] : news.changes) {
    if (!applied_.contains(seq)) return false;
  }
  return true;
}

void VectorIndex::catch_up(Transaction& transaction, const News& news) {
  if (!loaded_ || news.behind) {
    reload(transaction);
  } else {
    std::set<std::int64_t> documents;
    for (const auto& [seq, document] : news.changes) {
      if (!applied_.contains(seq)) documents.insert(document);
    }
    loaded_ = false;  // if a read fails half way, the next search loads everything
    for (const std::int64_t document : documents) {
      vectors_.erase(document);
      load_document(transaction, document);
      if (vectors_.too_large()) return;
    }
  }
  applied_.clear();
  for (const auto& [seq, document] : news.changes)
    applied_.insert(seq);
  seen_xmin_ = news.xmin;
  seen_table_ = news.table;
  loaded_ = true;
}

void VectorIndex::reload(Transaction& transaction) {
  loaded_ = false;
  vectors_.clear();
  VectorSet::Document current;
  for_each_vector(transaction, space_,
                  [&](std::int64_t document, std::int64_t chunk, const std::vector<float>& vector) {
                    if (document != current.seq) {
                      vectors_.insert(std::move(current));
                      current = VectorSet::Document{};
                      current.seq = document;
                    }
                    current.add(chunk, vector);
                    return !vectors_.too_large();
                  });
  vectors_.insert(std::move(current));
}

void VectorIndex::load_document(Transaction& transaction, std::int64_t seq) {
  const Rows rows = transaction.run(Statement(kVectorsOf).bind(seq, space_));
  VectorSet::Document document;
  document.seq = seq;
  for (int row = 0; row < rows.count(); ++row)
    document.add(rows.integer(row, 0), decode_vector(rows.bytes(row, 1)));
  vectors_.insert(std::move(document));
}

}  // namespace holdfast::store::postgres
