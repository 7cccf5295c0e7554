// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/event_feed.hpp"

#include "supervisor/status/status_json.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <utility>

namespace holdfast::supervisor::status {

EventFeed::EventFeed(boost::asio::io_context& io, EventLog& events, std::string life)
    : io_(io), events_(events), life_(std::move(life)), waiters_(io) {
  // A burst of events wakes the thread once: `woken` is reset before the events are read.
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

http::Response EventFeed::stream(std::uint64_t after, const std::string* last_event_id) {
  std::erase_if(streams_, [](const auto& stream) { return stream.expired(); });
  if (streams_.size() >= kMaxStreams) {
    http::Response response = http::Response::text(
        503, "too many event streams are open; retry later, or poll with ?wait=25\n");
    response.headers.set("Retry-After", "30");
    return response;
  }
  if (last_event_id != nullptr) after = position_of(*last_event_id, life_).value_or(after);
  const auto stream = std::make_shared<EventStream>(io_, events_, life_, after);
  streams_.push_back(stream);
  http::Response response = http::Response::text(200, "", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Accel-Buffering", "no");  // tells nginx not to buffer
  response.stream = stream;
  return response;
}

std::uint64_t EventFeed::before_last(std::uint64_t count) const {
  return events_.before_last(count);
}

void EventFeed::wake() {
  waiters_.wake();
  // A stream may end when it is woken.
  const auto streams = streams_;
  for (const auto& weak : streams) {
    if (const auto stream = weak.lock()) stream->wake();
  }
}

}  // namespace holdfast::supervisor::status
