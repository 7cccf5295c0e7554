// SPDX-License-Identifier: Apache-2.0
#include "common/store/candidate.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::store {

void Best::offer(const Candidate& candidate) {
  if (heap_.size() < limit_) {
    heap_.push_back(candidate);
    std::push_heap(heap_.begin(), heap_.end(), better);
    return;
  }
  if (limit_ == 0 || !better(candidate, heap_.front())) return;
  std::pop_heap(heap_.begin(), heap_.end(), better);
  heap_.back() = candidate;
  std::push_heap(heap_.begin(), heap_.end(), better);
}

std::vector<Candidate> Best::take() {
  std::sort_heap(heap_.begin(), heap_.end(), better);
  return std::exchange(heap_, {});
}

}  // namespace holdfast::store
