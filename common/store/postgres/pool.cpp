// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/pool.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace holdfast::store::postgres {

using std::chrono::steady_clock;

namespace {

using namespace std::chrono_literals;

// Unused for as long, a connection is given back while places are short.
constexpr Duration kUnused = 1s;

}  // namespace

Pool::Pool(Connector& connector, std::size_t limit, Observer on_wait, Observer on_read)
    : connector_(connector),
      limit_(std::max<std::size_t>(limit, 1)),
      on_wait_(std::move(on_wait)),
      on_read_(std::move(on_read)) {}

// False: the time is over.
bool Pool::wait(std::unique_lock<std::mutex>& lock, std::size_t& waiting, Time until) {
  const Time end = std::min(until, connector_.cutoff().time());
  if (steady_clock::now() >= end) return false;
  ++waiting;
  freed_.wait_until(lock, end);
  --waiting;
  return true;
}

std::string Pool::why_none_was_free() const {
  const std::string& shown = connector_.endpoint().shown;
  if (connector_.cutoff().passed()) {
    return fmt::format("database '{}': this process is ending, and waits for no server", shown);
  }
  if (connector_.places_are_short()) {
    return fmt::format(
        "database '{}': the server takes no more connections, and those that this process has "
        "have been busy for longer than store.statement_timeout; raise max_connections, lower "
        "store.pool_size, or put a pooler between",
        shown);
  }
  return fmt::format(
      "database '{}': all {} connections for reads have been busy for longer "
      "than store.statement_timeout; raise store.pool_size",
      shown, limit_);
}

Result<Pool::Lease> Pool::take() {
  const auto asked = steady_clock::now();
  const auto until = asked + connector_.endpoint().statement_timeout;
  std::unique_lock lock(mutex_);
  bool observed = false;
  const auto observe = [&] {
    if (on_wait_ && !std::exchange(observed, true)) on_wait_(steady_clock::now() - asked);
  };
  for (;;) {
    if (Connection found = take_for_read()) {
      observe();
      return Lease{std::move(found), false};
    }
    const bool is_short = connector_.places_are_short();
    if (is_short ? total() == 0 : open_ < limit_) {
      ++open_;
      lock.unlock();
      observe();
      auto made = connector_.connect();
      if (made) return Lease{std::move(*made), true};
      lock.lock();
      --open_;
      freed_.notify_all();
      if (!connector_.places_are_short() || total() == 0) return fail(std::move(made).error());
    } else if (!wait(lock, readers_waiting_, until)) {
      freed_.notify_all();  // it may have been this one's turn
      observe();
      return fail(ErrorKind::Unavailable, why_none_was_free());
    }
  }
}

// Of those that are idle; while places are short, also of those that are parked.
Pool::Connection Pool::take_for_read() {
  const bool is_short = connector_.places_are_short();
  if (is_short && writers_waiting_ > 0 && !readers_turn_) return nullptr;
  std::vector<Idle>& from = idle_.empty() && is_short ? parked_ : idle_;
  if (from.empty()) return nullptr;
  if (&from == &parked_) ++open_;
  readers_turn_ = false;
  Connection found = std::move(from.back().connection);
  from.pop_back();
  return found;
}

// The others were made before one broke: what ended that one has ended them, too. A writer finds
// out by itself, unless its connection may be somebody else's next one.
std::vector<Pool::Idle> Pool::forget_idle() {
  open_ -= idle_.size();
  std::vector<Idle> lost = std::exchange(idle_, {});
  if (connector_.places_are_short()) {
    std::move(parked_.begin(), parked_.end(), std::back_inserter(lost));
    parked_.clear();
  }
  return lost;
}

void Pool::give_back(Lease lease) {
  std::vector<Idle> lost;
  {
    const std::lock_guard lock(mutex_);
    if (lease.connection->broken()) {
      --open_;
      lost = forget_idle();
    } else {
      // Last in, first out: the warmest caches.
      idle_.push_back({std::move(lease.connection), steady_clock::now()});
    }
  }
  freed_.notify_all();
}

void Pool::add(Connection connection) {
  const std::lock_guard lock(mutex_);
  ++open_;
  idle_.push_back({std::move(connection), steady_clock::now()});
}

// The writer's own one; while places are short, any.
Pool::Connection Pool::take_what_there_is(const void* owner) {
  const auto own = std::find_if(parked_.begin(), parked_.end(),
                                [&](const Idle& parked) { return parked.owner == owner; });
  const bool is_short = connector_.places_are_short();
  if (is_short && readers_turn_ && readers_waiting_ > 0) return nullptr;
  Connection found;
  if (own != parked_.end()) {
    found = std::move(own->connection);
    parked_.erase(own);
  } else if (is_short && !idle_.empty()) {
    found = std::move(idle_.back().connection);
    idle_.pop_back();
    --open_;
  } else if (is_short && !parked_.empty()) {
    found = std::move(parked_.back().connection);
    parked_.pop_back();
  }
  if (found) ++writing_;
  return found;
}

Pool::Connection Pool::take_parked(const void* owner) {
  const std::lock_guard lock(mutex_);
  return take_what_there_is(owner);
}

Result<Pool::Connection> Pool::take_for_write(const void* owner) {
  const auto until = steady_clock::now() + connector_.endpoint().statement_timeout;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (Connection found = take_what_there_is(owner)) return found;
    if (!connector_.places_are_short() || total() == 0) {
      ++writing_;
      lock.unlock();
      auto made = connector_.connect();
      if (made) return made;
      lock.lock();
      --writing_;
      freed_.notify_all();
      if (!connector_.places_are_short() || total() == 0) return made;
    } else if (!wait(lock, writers_waiting_, until)) {
      freed_.notify_all();
      return fail(ErrorKind::Unavailable, why_none_was_free());
    }
  }
}

void Pool::park(const void* owner, Connection connection) {
  std::vector<Idle> lost;
  {
    const std::lock_guard lock(mutex_);
    --writing_;
    readers_turn_ = true;
    if (!connection->broken()) {
      parked_.push_back({std::move(connection), steady_clock::now(), owner});
    } else if (connector_.places_are_short()) {
      lost = forget_idle();
    }
  }
  freed_.notify_all();
}

void Pool::wake() {
  { const std::lock_guard lock(mutex_); }  // who is about to wait is then waiting
  freed_.notify_all();
}

std::size_t Pool::shed() {
  std::vector<Connection> given_back;
  {
    const std::lock_guard lock(mutex_);
    const Time unused = steady_clock::now() - kUnused;
    const auto give_back_from = [&](std::vector<Idle>& from, Time before) {
      for (std::size_t i = 0; i < from.size() && total() > 1;) {
        if (from[i].since > before) {
          ++i;
          continue;
        }
        given_back.push_back(std::move(from[i].connection));
        from.erase(from.begin() + static_cast<std::ptrdiff_t>(i));
        if (&from == &idle_) --open_;
        if (before == Time::max()) return;  // one
      }
    };
    give_back_from(idle_, unused);
    give_back_from(parked_, unused);
    if (given_back.empty()) give_back_from(idle_, Time::max());
    if (given_back.empty()) give_back_from(parked_, Time::max());
  }
  return given_back.size();
}

Pool::Use Pool::use() const {
  const std::lock_guard lock(mutex_);
  return {open_, open_ - idle_.size()};
}

}  // namespace holdfast::store::postgres
