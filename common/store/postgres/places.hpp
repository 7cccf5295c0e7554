// SPDX-License-Identifier: Apache-2.0
#pragma once

// Places: whether the server has fewer places for connections than its clients want
// (max_connections, or CONNECTION LIMIT of the role or the database). While they are short, a
// process asks for none beyond its first, writes before it reads, both on what it has, and gives
// back what it does not use: another process may have none at all.
// docs/store.md, "Connections".
//
// Threads: any.

#include "common/base/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace holdfast::store::postgres {

class Places {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void refused(Time now);                       // this process, which wanted one more
  void looked_at(std::int64_t left, Time now);  // how many the server has left
  bool are_short(Time now) const { return now < Time(Time::duration(short_until_.load())); }

 private:
  void extend(Time until);

  std::atomic<Time::rep> short_until_ = Time::min().time_since_epoch().count();
};

}  // namespace holdfast::store::postgres
