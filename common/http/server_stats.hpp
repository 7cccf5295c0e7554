// SPDX-License-Identifier: Apache-2.0
#pragma once

// ServerStats: the counts of one server. A value; any thread.

#include <cstdint>

namespace holdfast::http {

struct ServerStats {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_total = 0;
  std::uint64_t connections_refused = 0;  // with an answer or without
  std::uint64_t connections_evicted = 0;  // closed to make room for another
  std::uint64_t requests_in_flight = 0;
  std::uint64_t requests_total = 0;
  std::uint64_t body_bytes = 0;  // of request bodies that are held now
};

}  // namespace holdfast::http
