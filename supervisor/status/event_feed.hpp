// SPDX-License-Identifier: Apache-2.0
#pragma once

// EventFeed: `GET /events`. A long poll (`?after=N&wait=25`) is answered at the first event after
// N, or with an empty list once the wait is over. A reader that accepts text/event-stream gets
// server-sent events until it disconnects.
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
  static constexpr std::size_t kMaxStreams = 64;

  // `life` identifies this run of the supervisor in the ids of server-sent events.
  EventFeed(boost::asio::io_context& io, EventLog& events, std::string life);

  // Answers at once if there are newer events or `wait` is zero.
  void read(std::uint64_t after, std::size_t limit, Duration wait, http::Responder respond);
  // Continues after the event `last_event_id` if given, otherwise after the number `after`. 503 if
  // kMaxStreams are open.
  http::Response stream(std::uint64_t after, const std::string* last_event_id);
  // The number after which the last `count` events begin.
  std::uint64_t before_last(std::uint64_t count) const;
  // Answers all waiting readers with what there is.
  void release_all() { waiters_.release_all(); }

 private:
  void wake();

  boost::asio::io_context& io_;
  EventLog& events_;
  const std::string life_;
  WaitList waiters_;
  std::vector<std::weak_ptr<EventStream>> streams_;
  // The event log's listener may outlive this object; it holds a weak pointer to this.
  std::shared_ptr<EventFeed*> self_ = std::make_shared<EventFeed*>(this);
};

}  // namespace holdfast::supervisor::status
