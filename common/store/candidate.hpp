// SPDX-License-Identifier: Apache-2.0
#pragma once

// One document as a ranking found it, and the best of many. Values; one thread.

#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

namespace holdfast::store {

struct Candidate {
  std::int64_t document = 0;  // document.seq
  std::int64_t chunk = 0;     // chunk.id: its best chunk
  double score = 0;           // higher is better
};

// The documents that a search is narrowed to, by document.seq.
using Admitted = std::unordered_set<std::int64_t>;

// Best first; among equals the older document, so that an answer does not change between calls.
inline bool better(const Candidate& a, const Candidate& b) {
  if (a.score != b.score) return a.score > b.score;
  return a.document < b.document;
}

// Keeps the `limit` best of any number, in that much memory.
class Best {
 public:
  explicit Best(std::size_t limit) : limit_(limit) {}
  void offer(const Candidate& candidate);
  std::vector<Candidate> take();  // best first

 private:
  std::size_t limit_;
  std::vector<Candidate> heap_;  // the worst kept one on top
};

}  // namespace holdfast::store
