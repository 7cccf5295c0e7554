// SPDX-License-Identifier: Apache-2.0
#include "common/worker/beat.hpp"

namespace holdfast::worker {

void Beat::begin() {
  touch();
}

void Beat::touch() {
  touched_ns_.store(std::chrono::steady_clock::now().time_since_epoch().count(),
                    std::memory_order_relaxed);
}

void Beat::end() {
  touched_ns_.store(0, std::memory_order_relaxed);
}

bool Beat::fresh(MonoTime now, Duration limit) const {
  const std::int64_t touched = touched_ns_.load(std::memory_order_relaxed);
  return touched == 0 || now - MonoTime(Duration(touched)) <= limit;
}

}  // namespace holdfast::worker
