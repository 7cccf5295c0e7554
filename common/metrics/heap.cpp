// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/heap.hpp"

#include <malloc.h>

namespace holdfast::metrics {

HeapInstruments::HeapInstruments(prometheus::Registry& registry)
    : used_(Gauges(registry, "heap_used_bytes").only()),
      free_(Gauges(registry, "heap_free_bytes").only()),
      mapped_(Gauges(registry, "heap_mapped_bytes").only()) {
  update();
}

void HeapInstruments::update() {
  const struct mallinfo2 info = ::mallinfo2();
  // Large blocks are mapped one by one (hblkhd) and are not part of the arenas.
  used_.Set(static_cast<double>(info.uordblks + info.hblkhd));
  free_.Set(static_cast<double>(info.fordblks));
  mapped_.Set(static_cast<double>(info.arena + info.hblkhd));
}

}  // namespace holdfast::metrics
