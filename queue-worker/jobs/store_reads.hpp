// SPDX-License-Identifier: Apache-2.0
#pragma once

// StoreReads: the loop's way to the store's reads, so that none of them makes it wait. Bounded
// reads run at once where the engine allows it (Store::inline_reads); all others run on a thread of
// their own, one after the other.
//
// Threads: the loop's; `done` is called on it, before the call returns or later. The destructor
// waits for the read that is running and drops the rest.

#include "common/os/thread.hpp"
#include "common/store/store.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <utility>

namespace holdfast::queue {

class StoreReads {
 public:
  // Both outlive this.
  StoreReads(boost::asio::io_context& io, store::Store& store) : io_(io), store_(store) {}
  StoreReads(const StoreReads&) = delete;

  // `read(store)` returns a Result, which goes to `done(result)`.
  template <class Read, class Done>
  void bounded(Read read, Done done) {
    if (store_.inline_reads()) return done(read(store_));
    off_loop(std::move(read), std::move(done));
  }
  template <class Read, class Done>
  void off_loop(Read read, Done done) {
    boost::asio::post(thread_, [this, read = std::move(read), done = std::move(done)]() mutable {
      prepare_thread("store-reads");
      boost::asio::post(io_, [done = std::move(done), result = read(store_)]() mutable {
        done(std::move(result));
      });
    });
  }

 private:
  boost::asio::io_context& io_;
  store::Store& store_;
  boost::asio::thread_pool thread_{1};  // last: its destructor waits for a read
};

}  // namespace holdfast::queue
