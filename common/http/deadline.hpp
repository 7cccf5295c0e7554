// SPDX-License-Identifier: Apache-2.0
#pragma once

// Deadline: one timer for the deadline of its owner's present step. Moving the deadline later costs
// nothing: the timer goes off at the earlier time, finds the later one and waits for the rest.
// Arming it anew at every step would cost more than the steps.
// Threads: the one that runs the io_context.

#include "common/base/clock.hpp"
#include "common/http/asio_types.hpp"

#include <optional>

namespace holdfast::http {

// Owner: has shared_from_this() and deadline_passed(); lives at least as long as the timer waits.
template <class Owner>
class Deadline {
 public:
  Deadline(boost::asio::io_context& io, Owner& owner) : timer_(io), owner_(owner) {}

  void set(MonoTime deadline) {
    deadline_ = deadline;
    if (!armed_for_ || *armed_for_ > deadline_) arm(deadline_);
  }

  // deadline_passed() is not called any more.
  void stop() {
    stopped_ = true;
    timer_.cancel();
  }

 private:
  void arm(MonoTime at) {
    armed_for_ = at;
    timer_.expires_at(at);
    timer_.async_wait(
        [this, owner = owner_.shared_from_this()](const boost::system::error_code& error) {
          if (error || stopped_) return;
          armed_for_.reset();
          if (MonoTime::clock::now() < deadline_) {
            arm(deadline_);
          } else {
            owner->deadline_passed();
          }
        });
  }

  SteadyTimer timer_;
  Owner& owner_;
  MonoTime deadline_;
  std::optional<MonoTime> armed_for_;  // what the timer waits for; at most deadline_
  bool stopped_ = false;
};

}  // namespace holdfast::http
