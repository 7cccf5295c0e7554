// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/event_feed.hpp"

#include "supervisor/status/status_json.hpp"

#include <boost/asio/post.hpp>

#include <atomic>

namespace holdfast::supervisor::status {

EventFeed::EventFeed(boost::asio::io_context& io, EventLog& events)
    : events_(events), waiters_(io) {
  // Of a storm of events one wakes the thread: `woken` is taken back before the look.
  auto woken = std::make_shared<std::atomic<bool>>(false);
  events_.listen([&io, weak = std::weak_ptr(self_), woken](const EventRecord&) {
    if (woken->exchange(true)) return;
    boost::asio::post(io, [weak, woken] {
      *woken = false;
      if (const auto self = weak.lock()) (*self)->wake();
    });
  });
}

void EventFeed::read(std::uint64_t after, std::size_t limit, Duration wait,
                     http::Responder respond) {
  waiters_.add(
      wait, [this, after] { return events_.last_seq() > after; },
      [this, after, limit, respond = std::move(respond)] {
        http::Response response =
            http::Response::json(200, events_json(events_.since(after, limit), events_.last_seq()));
        response.headers.set("Cache-Control", "no-store");
        respond(std::move(response));
      });
}

}  // namespace holdfast::supervisor::status
