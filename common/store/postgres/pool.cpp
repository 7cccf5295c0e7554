// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/pool.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace holdfast::store::postgres {

using std::chrono::steady_clock;

Pool::Pool(Connector& connector, std::size_t limit, Observer on_wait, Observer on_read)
    : connector_(connector),
      limit_(std::max<std::size_t>(limit, 1)),
      on_wait_(std::move(on_wait)),
      on_read_(std::move(on_read)) {}

Result<Pool::Lease> Pool::take() {
  const auto asked = steady_clock::now();
  std::unique_lock lock(mutex_);
  const auto is_free = [this] { return !idle_.empty() || open_ < limit_; };
  const bool in_time = freed_.wait_for(lock, connector_.endpoint().statement_timeout, is_free);
  if (on_wait_) on_wait_(steady_clock::now() - asked);
  if (!in_time) {
    return fail(ErrorKind::Unavailable,
                fmt::format("database '{}': all {} connections for reads have been busy for longer "
                            "than store.statement_timeout; raise store.pool_size",
                            connector_.endpoint().shown, limit_));
  }
  if (!idle_.empty()) {
    Lease lease{std::move(idle_.back()), false};
    idle_.pop_back();
    return lease;
  }
  ++open_;
  lock.unlock();
  auto connection = connector_.connect();
  if (connection) return Lease{std::move(*connection), true};
  lock.lock();
  --open_;
  lock.unlock();
  freed_.notify_one();
  return fail(std::move(connection).error());
}

void Pool::give_back(Lease lease) {
  std::vector<std::unique_ptr<PgConnection>> lost;
  {
    const std::lock_guard lock(mutex_);
    if (lease.connection->broken()) {
      // The others were made before it broke: what ended this one has ended them, too.
      --open_;
      open_ -= idle_.size();
      lost = std::exchange(idle_, {});
    } else {
      idle_.push_back(std::move(lease.connection));  // last in, first out: the warmest caches
    }
  }
  freed_.notify_all();
}

void Pool::add(std::unique_ptr<PgConnection> connection) {
  const std::lock_guard lock(mutex_);
  ++open_;
  idle_.push_back(std::move(connection));
}

Pool::Use Pool::use() const {
  const std::lock_guard lock(mutex_);
  return {open_, open_ - idle_.size()};
}

}  // namespace holdfast::store::postgres
