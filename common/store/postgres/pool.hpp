// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pool: the connections of one store. Reads have up to a limit of them: one is made when it is
// needed and none is free; beyond that a read waits its turn, but not longer than a statement may
// take. Each writer has one of its own, which is parked here while there is nothing to write.
//
// While the server has few places (places.hpp), no connection is made but the first: readers and
// writers share what there is. A writer comes before readers that wait, but one of them after it.
//
// A read on a connection that turns out to be lost (the server was restarted) is done once more on
// a new one: a read changes nothing. Not so if the server was silent: it would be again.
//
// Threads: any, concurrently. The destructor waits for no read: there must be none.

#include "common/store/postgres/connector.hpp"
#include "common/store/postgres/transaction.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

namespace holdfast::store::postgres {

class Pool {
 public:
  using Observer = std::function<void(Duration)>;
  using Connection = std::unique_ptr<PgConnection>;

  // `on_wait`: how long a read waited for a connection. `on_read`: how long it took, with that
  // wait. Called on the reader's thread; may be empty.
  Pool(Connector& connector, std::size_t limit, Observer on_wait, Observer on_read);
  Pool(const Pool&) = delete;

  // Runs `work(PgConnection&)`, which returns a Result and may throw SqlFailure.
  template <class Work>
  auto read(Work&& work) -> decltype(work(std::declval<PgConnection&>())) {
    const ReadTimer timer(on_read_);
    for (bool first = true;; first = false) {
      auto lease = take();
      if (!lease) return fail(std::move(lease).error());
      try {
        auto result = work(*lease->connection);
        give_back(std::move(*lease));
        return result;
      } catch (const SqlFailure& failure) {
        const bool lost = failure.cause.lost && !failure.cause.silent && !lease->fresh;
        const bool again = first && (lost || failure.cause.repeatable);
        give_back(std::move(*lease));
        if (!again) return fail(failure.cause.error);
      } catch (const std::bad_alloc&) {
        give_back(std::move(*lease));
        return fail(ErrorKind::ResourceExhausted, "out of memory");
      }
    }
  }

  void add(Connection connection);  // one that was made already

  // Of a writer, which parks it again. `owner` tells writers apart.
  Result<Connection> take_for_write(const void* owner);
  // The same if nothing has to be waited for, else null.
  Connection take_parked(const void* owner);
  void park(const void* owner, Connection connection);
  void wake();  // a cutoff was set: waits look at it

  // Gives back to the server what was not used for a while, or else one connection, but not the
  // last one. How many.
  std::size_t shed();

  struct Use {
    std::size_t open = 0;
    std::size_t busy = 0;
  };
  Use use() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Lease {
    Connection connection;
    bool fresh = false;
  };
  struct Idle {
    Connection connection;
    Time since;
    const void* owner = nullptr;  // of one that is parked
  };

  class ReadTimer {
   public:
    explicit ReadTimer(const Observer& observer) : observer_(observer) {}
    ReadTimer(const ReadTimer&) = delete;
    ~ReadTimer() {
      if (observer_) observer_(std::chrono::steady_clock::now() - began_);
    }

   private:
    const Observer& observer_;
    const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  };

  Result<Lease> take();
  void give_back(Lease lease);
  // All with mutex_ held.
  bool wait(std::unique_lock<std::mutex>& lock, std::size_t& waiting, Time until);
  Connection take_for_read();
  std::vector<Idle> forget_idle();
  Connection take_what_there_is(const void* owner);
  std::size_t total() const { return open_ + parked_.size() + writing_; }
  std::string why_none_was_free() const;

  Connector& connector_;
  const std::size_t limit_;
  const Observer on_wait_;
  const Observer on_read_;

  mutable std::mutex mutex_;
  std::condition_variable freed_;
  // The rest is guarded by mutex_.
  std::vector<Idle> idle_;
  std::vector<Idle> parked_;
  std::size_t open_ = 0;     // idle and lent to readers, or about to be made for one
  std::size_t writing_ = 0;  // lent to writers, or about to be made for one
  std::size_t readers_waiting_ = 0;
  std::size_t writers_waiting_ = 0;
  bool readers_turn_ = false;  // while places are short
};

}  // namespace holdfast::store::postgres
