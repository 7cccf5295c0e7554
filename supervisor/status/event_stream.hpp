// SPDX-License-Identifier: Apache-2.0
#pragma once

// EventStream: the event log as server-sent events (WHATWG HTML, 9.2), for one reader.
//
//   id: LIFE-SEQ          LIFE identifies the run of the supervisor; each run numbers its own
//   events data: {"seq":…}       the event as in `GET /events`
//
// A comment every 15 s keeps the connection alive and detects readers that are gone.
//
// Owned by its connection. Threads: the thread of `io`.

#include "common/base/clock.hpp"
#include "common/http/message.hpp"
#include "supervisor/state/event_log.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::supervisor::status {

class EventStream final : public http::BodyStream,
                          public std::enable_shared_from_this<EventStream> {
 public:
  // Starts after the event with the number `after`.
  EventStream(boost::asio::io_context& io, const EventLog& events, std::string life,
              std::uint64_t after, Duration beat_every = std::chrono::seconds(15));

  bool read(std::string& out) override;
  void on_news(std::function<void()> wake) override;
  // Call when there may be new events. May destroy this object, if the connection ends.
  void wake() const {
    if (const auto call = wake_) call();
  }

 private:
  void arm();

  const EventLog& events_;
  const std::string life_;
  const Duration beat_every_;
  std::uint64_t after_;
  bool opened_ = false;
  bool beat_ = false;
  std::function<void()> wake_;
  boost::asio::steady_timer timer_;
};

// The event number in a Last-Event-ID. 0 if the id is from another run of the supervisor, to which
// all events are new; nothing if it is not a valid id.
std::optional<std::uint64_t> position_of(std::string_view last_event_id, std::string_view life);

}  // namespace holdfast::supervisor::status
