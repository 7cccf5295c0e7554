// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/event_feed.hpp"

#include "supervisor/status/status_json.hpp"

#include <boost/asio/post.hpp>

namespace holdfast::supervisor::status {

EventFeed::EventFeed(boost::asio::io_context& io, EventLog& events) : io_(io), events_(events) {
  events_.listen([&io, weak = std::weak_ptr(self_)](const EventRecord&) {
    boost::asio::post(io, [weak] {
      if (const auto self = weak.lock()) (*self)->wake();
    });
  });
}

void EventFeed::read(std::uint64_t after, std::size_t limit, Duration wait,
                     http::Responder respond) {
  if (wait <= Duration::zero() || events_.last_seq() > after) {
    answer(respond, after, limit);
    return;
  }
  auto waiter = std::make_shared<Waiter>(
      Waiter{after, limit, std::move(respond), boost::asio::steady_timer(io_, wait)});
  waiters_.push_back(waiter);
  waiter->timer.async_wait([this, waiter](const boost::system::error_code& error) {
    if (error || waiter->answered) return;
    answer(*waiter);
    waiters_.remove(waiter);
  });
}

void EventFeed::release_all() {
  for (const auto& waiter : std::exchange(waiters_, {}))
    answer(*waiter);
}

void EventFeed::answer(Waiter& waiter) const {
  waiter.answered = true;
  waiter.timer.cancel();
  answer(waiter.respond, waiter.after, waiter.limit);
}

void EventFeed::answer(const http::Responder& respond, std::uint64_t after,
                       std::size_t limit) const {
  http::Response response =
      http::Response::json(200, events_json(events_.since(after, limit), events_.last_seq()));
  response.headers.set("Cache-Control", "no-store");
  respond(std::move(response));
}

void EventFeed::wake() {
  const std::uint64_t last = events_.last_seq();
  for (auto it = waiters_.begin(); it != waiters_.end();) {
    if (last <= (*it)->after) {
      ++it;
      continue;
    }
    answer(**it);
    it = waiters_.erase(it);
  }
}

}  // namespace holdfast::supervisor::status
