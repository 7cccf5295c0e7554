// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/event_stream.hpp"

#include "common/text/number.hpp"
#include "supervisor/status/status_json.hpp"

#include <fmt/format.h>

namespace holdfast::supervisor::status {

namespace {

constexpr std::size_t kEventsPerWrite = 100;  // bounds what a slow reader makes us hold

}  // namespace

EventStream::EventStream(boost::asio::io_context& io, const EventLog& events, std::string life,
                         std::uint64_t after, Duration beat_every)
    : events_(events), life_(std::move(life)), beat_every_(beat_every), after_(after), timer_(io) {}

bool EventStream::read(std::string& out) {
  if (!std::exchange(opened_, true)) out += "retry: 1000\n\n";
  for (const EventRecord& event : events_.since(after_, kEventsPerWrite)) {
    out += fmt::format("id: {}-{}\ndata: {}\n\n", life_, event.seq, event_json(event));
    after_ = event.seq;
  }
  if (out.empty() && beat_) out += ":\n\n";
  beat_ = false;
  return true;
}

void EventStream::on_news(std::function<void()> wake) {
  wake_ = std::move(wake);
  if (wake_) {
    arm();
  } else {
    timer_.cancel();
  }
}

void EventStream::arm() {
  timer_.expires_after(beat_every_);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || !self->wake_) return;
    self->beat_ = true;
    self->arm();
    self->wake();
  });
}

std::optional<std::uint64_t> position_of(std::string_view last_event_id, std::string_view life) {
  const auto dash = last_event_id.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  if (last_event_id.substr(0, dash) != life) return 0;
  return text::parse_number<std::uint64_t>(last_event_id.substr(dash + 1));
}

}  // namespace holdfast::supervisor::status
