// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pool: the connections for reads. One is made when it is needed and none is free, up to the
// limit; beyond that a read waits its turn, but not longer than a statement may take.
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

  void add(std::unique_ptr<PgConnection> connection);  // one that was made already

  struct Use {
    std::size_t open = 0;
    std::size_t busy = 0;
  };
  Use use() const;

 private:
  struct Lease {
    std::unique_ptr<PgConnection> connection;
    bool fresh = false;
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

  Connector& connector_;
  const std::size_t limit_;
  const Observer on_wait_;
  const Observer on_read_;

  mutable std::mutex mutex_;
  std::condition_variable freed_;
  // The rest is guarded by mutex_.
  std::vector<std::unique_ptr<PgConnection>> idle_;
  std::size_t open_ = 0;  // idle and lent
};

}  // namespace holdfast::store::postgres
