// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the objects of the job loop share. Everything here outlives them.

#include "common/embedding/provider.hpp"
#include "common/protocol/in_flight.hpp"
#include "common/store/store.hpp"
#include "queue-worker/jobs/job_observer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <utility>

namespace holdfast::queue {

struct Parts {
  boost::asio::io_context& io;
  store::Store& store;
  embedding::Provider& provider;
  JobObserver& observer;
  const Clock& clock;
  protocol::InFlightTable* in_flight = nullptr;  // null: nobody reads what we are at
};

// A store callback that continues on the loop, as then(owner, result), if the owner still exists.
template <class T, class Owner, class Then>
store::Callback<T> on_loop(boost::asio::io_context& io, std::weak_ptr<Owner> weak, Then then) {
  return [&io, weak = std::move(weak), then = std::move(then)](Result<T> result) {
    boost::asio::post(io, [weak, then, result = std::move(result)]() mutable {
      if (const auto owner = weak.lock()) then(*owner, std::move(result));
    });
  };
}

// Calls then(owner) after `delay`, unless the timer is cancelled or set again before.
template <class Owner, class Then>
void after(boost::asio::steady_timer& timer, Duration delay, std::weak_ptr<Owner> weak, Then then) {
  timer.expires_after(delay);
  timer.async_wait(
      [weak = std::move(weak), then = std::move(then)](const boost::system::error_code& error) {
        const auto owner = error ? nullptr : weak.lock();
        if (owner) then(*owner);
      });
}

}  // namespace holdfast::queue
