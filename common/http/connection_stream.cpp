// SPDX-License-Identifier: Apache-2.0
// An answer that goes on: pieces are read from the stream and written, one after the other.
#include "common/http/server_connection.hpp"

namespace holdfast::http {

namespace {

// Between two pieces nothing is owed: the stream itself decides how long it lasts.
constexpr Duration kNoHurry = std::chrono::hours(24 * 365);

}  // namespace

void ServerConnection::open_stream() {
  stream_ended_ = false;
  woken_ = false;
  response_.stream->on_news([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->woken();
  });
}

bool ServerConnection::begin_piece() {
  if (!response_.stream || stream_ended_ || aborted_ || state_->draining()) return false;
  if (sent_ < to_send_) return false;  // the client is gone, or too slow
  head_.clear();
  sent_ = 0;
  woken_ = false;
  stream_ended_ = !response_.stream->read(head_);
  to_send_ = head_.size();
  if (has_piece()) {
    phase_ = Phase::Write;
    write_blocked_ = false;
    return true;
  }
  phase_ = Phase::Stream;
  set_deadline(MonoTime::clock::now() + kNoHurry);
  return !stream_ended_;
}

void ServerConnection::woken() {
  woken_ = true;
  if (phase_ == Phase::Stream && waiting_) waiting_();  // may end in this object's destruction
}

void ServerConnection::close_stream() {
  if (!response_.stream) return;
  response_.stream->on_news({});
  response_.stream.reset();
}

}  // namespace holdfast::http
