// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connector: makes the connections of one store. After a failure it waits before it tries again,
// longer each time and never exactly as long as another process, so that a server that comes back
// is not met by all of its clients at once. Until then it answers with the last error at once: a
// request is refused in microseconds, and not after a time limit.
//
// Threads: any, concurrently.

#include "common/store/postgres/connection.hpp"
#include "common/store/postgres/places.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <random>

namespace holdfast::store::postgres {

// The wait after the nth failure in a row: between half and all of 50 ms, 100 ms, 200 ms, … 5 s.
Duration reconnect_wait(std::uint32_t failures, double random);

class Connector {
 public:
  explicit Connector(Endpoint endpoint);

  // Unavailable after `cutoff`.
  Result<std::unique_ptr<PgConnection>> connect();

  Cutoff& cutoff() { return cutoff_; }
  Places& places() { return places_; }
  bool places_are_short() const { return places_.are_short(std::chrono::steady_clock::now()); }
  // Until when connect() will only repeat its last error.
  std::chrono::steady_clock::time_point next_try() const;

  const Endpoint& endpoint() const { return endpoint_; }
  std::uint64_t connected() const { return connected_; }  // so far
  std::uint64_t failed() const { return failed_; }

 private:
  void note_failure(const ConnectError& error);
  void note_success();

  const Endpoint endpoint_;
  Cutoff cutoff_;
  Places places_;
  std::atomic<std::uint64_t> connected_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  mutable std::mutex mutex_;
  // The rest is guarded by mutex_.
  std::mt19937_64 random_{std::random_device{}()};
  std::uint32_t failures_ = 0;  // in a row
  std::chrono::steady_clock::time_point next_try_{};
  std::optional<Error> last_error_;
};

}  // namespace holdfast::store::postgres
