// SPDX-License-Identifier: Apache-2.0
#include "common/store/vector_set.hpp"

#include "common/store/dot.hpp"

namespace holdfast::store {

namespace {
constexpr std::size_t kBytesPerDocument = 120;  // a Document, and its node in the map
}

void VectorSet::Document::add(std::int64_t chunk, std::span<const float> vector) {
  if (chunks.empty()) dimensions = vector.size();
  if (vector.empty() || vector.size() != dimensions) return;
  chunks.push_back(chunk);
  vectors.insert(vectors.end(), vector.begin(), vector.end());
}

std::size_t VectorSet::size_of(const Document& document) {
  return document.chunks.size() * (sizeof(std::int64_t) + document.dimensions * sizeof(float)) +
         kBytesPerDocument;
}

void VectorSet::insert(Document document) {
  if (document.chunks.empty() || too_large_) return;
  document.chunks.shrink_to_fit();
  document.vectors.shrink_to_fit();
  bytes_ += size_of(document);
  if (bytes_ > max_bytes_) return give_up();
  at_.emplace(document.seq, documents_.size());
  documents_.push_back(std::move(document));
}

void VectorSet::erase(std::int64_t seq) {
  const auto found = at_.find(seq);
  if (found == at_.end()) return;
  const std::size_t place = found->second;
  at_.erase(found);
  bytes_ -= size_of(documents_[place]);
  if (place + 1 != documents_.size()) {
    documents_[place] = std::move(documents_.back());
    at_[documents_[place].seq] = place;
  }
  documents_.pop_back();
}

void VectorSet::clear() {
  bytes_ = 0;
  documents_ = {};
  at_ = {};
}

void VectorSet::give_up() {
  too_large_ = true;
  clear();
}

std::vector<Candidate> VectorSet::nearest(std::span<const float> query, std::size_t limit,
                                          const Admitted* admitted) const {
  Best best(limit);
  for (const Document& document : documents_) {
    if (document.dimensions != query.size()) continue;
    if (admitted != nullptr && !admitted->contains(document.seq)) continue;
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

}  // namespace holdfast::store
