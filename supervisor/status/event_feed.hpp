// SPDX-License-Identifier: Apache-2.0
#pragma once

// EventFeed: readers that wait for the next event: one at a time (`GET /events?after=N&wait=30`),
// answered at the first event after N or with an empty list when the wait is over; or as
// server-sent events, for as long as they stay.
//
// Threads: everything on the thread of `io`; the event log's listener posts to it.

#include "common/http/server.hpp"
#include "supervisor/state/event_log.hpp"
#include "supervisor/status/event_stream.hpp"
#include "supervisor/status/wait_list.hpp"

#include <memory>
#include <string>
#include <vector>

namespace holdfast::supervisor::status {

class EventFeed {
 public:
  static constexpr std::size_t kMostStreams = 64;

  // `life` names this supervisor's life in the ids of server-sent events.
  EventFeed(boost::asio::io_context& io, EventLog& events, std::string life);

  // Answers at once if there are newer events or `wait` is zero.
  void read(std::uint64_t after, std::size_t limit, Duration wait, http::Responder respond);
  // Goes on after the event that `last_event_id` names, else after the number `after`. 503 once
  // kMostStreams are open.
  http::Response stream(std::uint64_t after, const std::string* last_event_id);
  // The number to begin after for the last `count` events.
  std::uint64_t before_last(std::uint64_t count) const;
  // Answers everybody who waits, with what there is.
  void release_all() { waiters_.release_all(); }

 private:
  void wake();

  boost::asio::io_context& io_;
  EventLog& events_;
  const std::string life_;
  WaitList waiters_;
  std::vector<std::weak_ptr<EventStream>> streams_;
  // Lets the event log's listener outlive this object safely.
  std::shared_ptr<EventFeed*> self_ = std::make_shared<EventFeed*>(this);
};

}  // namespace holdfast::supervisor::status
