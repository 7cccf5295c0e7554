// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/places.hpp"

namespace holdfast::store::postgres {

namespace {
using namespace std::chrono_literals;

constexpr Duration kAfterRefusal = 30s;
// That none is left may be just enough. What was given back then is not taken again for longer than
// another process may wait between two attempts to connect: if it is still there after that,
// nobody needed it.
constexpr Duration kAfterLook = 10s;
}  // namespace

void Places::refused(Time now) {
  extend(now + kAfterRefusal);
}

void Places::looked_at(std::int64_t left, Time now) {
  if (left <= 0) extend(now + kAfterLook);
}

void Places::extend(Time until) {
  const Time::rep wanted = until.time_since_epoch().count();
  Time::rep now = short_until_.load();
  while (wanted > now && !short_until_.compare_exchange_weak(now, wanted)) {
  }
}

}  // namespace holdfast::store::postgres
