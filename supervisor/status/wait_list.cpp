// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/wait_list.hpp"

#include <utility>

namespace holdfast::supervisor::status {

void WaitList::add(Duration wait, std::function<bool()> has_news, std::function<void()> answer) {
  if (wait <= Duration::zero() || has_news()) return answer();
  auto waiter = std::make_shared<Waiter>(
      Waiter{std::move(has_news), std::move(answer), boost::asio::steady_timer(io_, wait)});
  waiters_.push_back(waiter);
  waiter->timer.async_wait([this, waiter](const boost::system::error_code& error) {
    if (error || waiter->answered) return;
    WaitList::answer(*waiter);
    waiters_.remove(waiter);
  });
}

void WaitList::answer(Waiter& waiter) {
  waiter.answered = true;
  waiter.timer.cancel();
  waiter.answer();
}

void WaitList::wake() {
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    if (!(*it)->has_news()) {
      ++it;
      continue;
    }
    answer(**it);
    it = waiters_.erase(it);
  }
}

void WaitList::release_all() {
  for (const auto& waiter : std::exchange(waiters_, {}))
    answer(*waiter);
}

}  // namespace holdfast::supervisor::status
