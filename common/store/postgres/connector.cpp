// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/connector.hpp"

#include <algorithm>

namespace holdfast::store::postgres {

namespace {
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr Duration kFirstWait = 50ms;
constexpr Duration kLongestWait = 5s;
}  // namespace

Duration reconnect_wait(std::uint32_t failures, double random) {
  Duration wait = kFirstWait;
  for (std::uint32_t i = 1; i < failures && wait < kLongestWait; ++i)
    wait *= 2;
  wait = std::min(wait, kLongestWait);
  return wait / 2 +
         Duration(static_cast<Duration::rep>(static_cast<double>((wait / 2).count()) * random));
}

Connector::Connector(Endpoint endpoint) : endpoint_(std::move(endpoint)) {}

Result<std::unique_ptr<PgConnection>> Connector::connect() {
  {
    const std::lock_guard lock(mutex_);
    if (last_error_ && steady_clock::now() < next_try_) return fail(*last_error_);
  }
  auto connection = PgConnection::open(endpoint_, cutoff_);
  if (!connection) {
    note_failure(connection.error());
    return fail(std::move(connection).error());
  }
  note_success();
  return std::move(*connection);
}

steady_clock::time_point Connector::next_try() const {
  const std::lock_guard lock(mutex_);
  return next_try_;
}

void Connector::note_failure(const ConnectError& error) {
  ++failed_;
  if (error.lacks_place) places_.refused(steady_clock::now());
  const std::lock_guard lock(mutex_);
  ++failures_;
  last_error_ = error;
  const double random = std::uniform_real_distribution<double>(0, 1)(random_);
  next_try_ = steady_clock::now() + reconnect_wait(failures_, random);
}

void Connector::note_success() {
  ++connected_;
  const std::lock_guard lock(mutex_);
  failures_ = 0;
  last_error_.reset();
}

}  // namespace holdfast::store::postgres
