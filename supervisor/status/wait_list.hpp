// SPDX-License-Identifier: Apache-2.0
#pragma once

// WaitList: requests that are answered when there is news, or empty-handed when their wait is over.
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

  // `has_news` says whether it is time; `answer` is called once, then or when `wait` is over.
  void add(Duration wait, std::function<bool()> has_news, std::function<void()> answer);
  // There may be news.
  void wake();
  // Answers everybody.
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
