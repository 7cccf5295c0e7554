// SPDX-License-Identifier: Apache-2.0
#pragma once

// EventFeed: readers that wait for the next event (`GET /events?after=N&wait=30`). A reader gets
// an answer at the first event after N, or an empty one when its wait is over.
//
// Threads: everything on the thread of `io`; the event log's listener posts to it.

#include "common/http/server.hpp"
#include "supervisor/engine/event_log.hpp"
#include "supervisor/status/wait_list.hpp"

namespace holdfast::supervisor::status {

class EventFeed {
 public:
  EventFeed(boost::asio::io_context& io, EventLog& events);

  // Answers at once if there are newer events or `wait` is zero.
  void read(std::uint64_t after, std::size_t limit, Duration wait, http::Responder respond);
  // Answers everybody who waits, with what there is.
  void release_all() { waiters_.release_all(); }

 private:
  EventLog& events_;
  WaitList waiters_;
  // Lets the event log's listener outlive this object safely.
  std::shared_ptr<WaitList*> self_ = std::make_shared<WaitList*>(&waiters_);
};

}  // namespace holdfast::supervisor::status
