// SPDX-License-Identifier: Apache-2.0
#pragma once

// WaitList: pending requests (long polls), answered when there is news or their wait is over.
//
// Threads: everything on the thread of `io`.

#include "common/base/clock.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <list>
#include <memory>

namespace holdfast::supervisor::status {

class WaitList {
 public:
  explicit WaitList(boost::asio::io_context& io) : io_(io) {}

  // Calls `answer` once: when `has_news` returns true, or after `wait`.
  void add(Duration wait, std::function<bool()> has_news, std::function<void()> answer);
  // Call when there may be news.
  void wake();
  // Answers all.
  void release_all();
  bool empty() const { return waiters_.empty(); }

 private:
  struct Waiter {
    std::function<bool()> has_news;
    std::function<void()> answer;
    boost::asio::steady_timer timer;
    bool answered = false;  // the timer may already have fired when news answers
  };
  static void answer(Waiter& waiter);

  boost::asio::io_context& io_;
  std::list<std::shared_ptr<Waiter>> waiters_;
};

}  // namespace holdfast::supervisor::status
