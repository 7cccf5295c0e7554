// SPDX-License-Identifier: Apache-2.0
#pragma once

// The client for all systems: GET /metrics on a new connection, read to the end.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::bench {

struct Scrape {
  double ms = 0;  // from before connect() to the last byte
  int status = 0;
  std::string body;

  std::size_t lines() const;  // of the workload, in the body
  // The value of the first series of bench_requests_total, which grows with each answer of each
  // worker; 0 if it is not there.
  double first_counter() const;
};

// Throws if there is no answer within 30 s.
Scrape scrape(std::uint16_t port);

void pause_for_ms(int ms);

}  // namespace holdfast::bench
