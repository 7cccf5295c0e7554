// SPDX-License-Identifier: Apache-2.0
#pragma once

// VectorSet: the vectors of many documents in memory, for exact nearest-neighbour search.
//
// Memory: 4 bytes x dimensions + 8 for each chunk, about 120 for each document, never more than
// `max_bytes`: beyond that the set gives up and stays empty.
//
// Threads: like a container: any number of readers, or one writer. bytes() from any at any time.

#include "common/store/candidate.hpp"

#include <atomic>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace holdfast::store {

class VectorSet {
 public:
  explicit VectorSet(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // One document, on its way into the set.
  struct Document {
    std::int64_t seq = 0;
    std::size_t dimensions = 0;
    std::vector<std::int64_t> chunks;
    std::vector<float> vectors;  // one after the other, as many as chunks
    // One embedding makes all of a document's vectors: one of another dimension is left out.
    void add(std::int64_t chunk, std::span<const float> vector);
  };

  void insert(Document document);  // does nothing for one without chunks
  void erase(std::int64_t seq);
  void clear();

  // The `limit` documents whose best chunk has the greatest cosine above 0. Vectors of another
  // dimension than the query's are skipped. `admitted`: only these documents; null: all.
  std::vector<Candidate> nearest(std::span<const float> query, std::size_t limit,
                                 const Admitted* admitted = nullptr) const;

  bool too_large() const { return too_large_; }
  std::size_t bytes() const { return bytes_; }

 private:
  static std::size_t size_of(const Document& document);
  void give_up();

  const std::size_t max_bytes_;
  bool too_large_ = false;
  std::atomic<std::size_t> bytes_ = 0;
  std::vector<Document> documents_;
  std::unordered_map<std::int64_t, std::size_t> at_;  // document.seq -> its place
};

}  // namespace holdfast::store
