// SPDX-License-Identifier: Apache-2.0
#include "common/http/server_connection.hpp"

#include "common/http/response_writer.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>

namespace holdfast::http {
namespace {

constexpr Duration kLingerTime = std::chrono::seconds(2);
constexpr std::uint64_t kBytesPerExtraSecond = 64 << 10;

// A large message gets more time: one second for every 64 KiB.
Duration time_for(Duration base, std::uint64_t bytes) {
  return base + std::chrono::seconds(bytes / kBytesPerExtraSecond);
}

}  // namespace

ServerConnection::ServerConnection(std::shared_ptr<ServerState> state, StreamSocket socket,
                                   Peer peer, std::string client, std::optional<Refusal> unwelcome)
    : state_(std::move(state)),
      socket_(std::move(socket)),
      timer_(state_->io),
      peer_(std::move(peer)),
      client_(std::move(client)),
      counted_(!unwelcome),
      mailbox_(std::make_shared<Mailbox>(state_->io, *this)),
      reader_(state_->limits, peer_, &state_->bodies),
      phase_began_(MonoTime::clock::now()) {
  if (unwelcome) refuse(std::move(*unwelcome));
  state_->add(*this, client_, counted_);
}

ServerConnection::~ServerConnection() {
  finish();
}

Detached ServerConnection::run(std::shared_ptr<ServerConnection> self) {
  ServerConnection& c = *self;
  try {
    c.set_deadline(c.phase_began_ + c.state_->limits.idle_timeout);
    do {
      while (c.wants_bytes()) {
        if (c.phase_ == Phase::Body && c.reader_.take_continue()) {
          c.send_continue();
          while (c.flush() == Flushed::Blocked)
            co_await Writable(c.socket_);
        }
        c.received(co_await ReadSome(c.socket_, c.reader_.prepare()));
      }
      if (c.phase_ == Phase::Closed) break;
      if (!c.answer_) c.call_handler();
      co_await Answered{c};
      if (c.aborted_) break;
      c.compose();
      while (c.flush() == Flushed::Blocked)
        co_await Writable(c.socket_);
      while (c.begin_piece()) {
        if (!c.has_piece()) co_await News{c};
        while (c.flush() == Flushed::Blocked)
          co_await Writable(c.socket_);
      }
      c.written();
    } while (c.phase_ == Phase::Idle);
    while (c.lingers())
      c.discarded(co_await ReadSome(c.socket_, c.reader_.prepare()));
  } catch (const std::exception&) {
    // Out of memory, or a body_limit that threw: this connection ends, the others go on.
  }
  c.finish();
}

bool ServerConnection::wants_bytes() {
  while (phase_ != Phase::Closed && !answer_) {
    switch (reader_.advance()) {
      case RequestReader::Step::NeedMore:
        if (phase_ == Phase::Idle && !reader_.idle()) {
          phase_ = Phase::Head;
          set_deadline(MonoTime::clock::now() + state_->limits.header_timeout);
        }
        return true;
      case RequestReader::Step::HeadAccepted: begin_body(); break;
      case RequestReader::Step::Refused: refuse(reader_.refusal()); break;
      case RequestReader::Step::Complete: return false;
    }
  }
  return false;
}

void ServerConnection::begin_body() {
  phase_ = Phase::Body;
  phase_began_ = MonoTime::clock::now();
  set_deadline(phase_began_ + time_for(state_->limits.body_timeout, reader_.body_bytes_expected()));
}

void ServerConnection::received(const IoResult& result) {
  if (timed_out_ && !aborted_) {
    refuse({408, phase_ == Phase::Head ? "The request head did not arrive in time."
                                       : "The request body did not arrive in time."});
    return;
  }
  if (result.error) {
    phase_ = Phase::Closed;  // gone, or half a request: there is nobody to answer
    return;
  }
  reader_.commit(result.count);
  if (phase_ == Phase::Body) {
    // A chunked body announces nothing, so it earns its time as it comes.
    set_deadline(phase_began_ +
                 time_for(state_->limits.body_timeout, reader_.body_bytes_expected()));
  }
}

void ServerConnection::call_handler() {
  phase_ = Phase::Handling;
  in_flight_ = true;
  ++state_->stats.requests_in_flight;
  const auto exchange = std::make_shared<Exchange>(mailbox_, ++request_number_);
  try {
    state_->handler(reader_.request(),
                    [exchange](Response response) { exchange->respond(std::move(response)); });
  } catch (...) {
    exchange->refuse({500, "The request could not be handled."});
  }
  exchange->handler_returned();
  if (!answer_) set_deadline(MonoTime::clock::now() + state_->limits.handler_timeout);
}

void ServerConnection::answer(std::uint64_t request_number, Answer answer) {
  if (phase_ != Phase::Handling || request_number != request_number_ || answer_) return;
  answer_ = std::move(answer);
  if (waiting_) waiting_();  // may end in this object's destruction
}

void ServerConnection::compose() {
  const Request& request = *reader_.request();
  const bool refused = !answer_->has_value();
  response_ = refused ? state_->refuse(request, answer_->error()) : std::move(**answer_);
  const bool client_goes_on = reader_.keep_alive();
  if (request.method == "HEAD") response_.stream.reset();
  closing_ = refused || !client_goes_on || state_->draining() || asks_to_close(response_) ||
             response_.stream;
  // Closing while the client still sends would reset the connection under the answer it has not
  // read yet (RFC 9112, 9.6).
  lingering_ = closing_ && (refused || client_goes_on || reader_.has_unused_bytes());
  phase_ = Phase::Write;
  write_blocked_ = false;
  const bool with_body = write_head(
      response_, {.to_head = request.method == "HEAD", .close = closing_, .date = state_->date()},
      head_);
  sent_ = 0;
  to_send_ = head_.size() + (with_body ? response_.body.size() : 0);
  if (response_.stream) open_stream();
}

void ServerConnection::send_continue() {
  head_ = "HTTP/1.1 100 Continue\r\n\r\n";
  sent_ = 0;
  to_send_ = head_.size();
}

ServerConnection::Flushed ServerConnection::flush() {
  while (sent_ < to_send_) {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    if (sent_ < head_.size()) parts[count++] = {head_.data() + sent_, head_.size() - sent_};
    if (to_send_ > head_.size()) {
      const std::size_t done = sent_ > head_.size() ? sent_ - head_.size() : 0;
      parts[count++] = {response_.body.data() + done, to_send_ - head_.size() - done};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t n = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      sent_ += static_cast<std::size_t>(n);
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (phase_ == Phase::Write && !std::exchange(write_blocked_, true)) {
        set_deadline(MonoTime::clock::now() + time_for(state_->limits.write_timeout, to_send_));
      }
      return Flushed::Blocked;
    } else if (n < 0 && errno != EINTR) {
      return Flushed::Failed;
    }
  }
  return Flushed::All;
}

void ServerConnection::end_request() {
  if (!std::exchange(in_flight_, false)) return;
  --state_->stats.requests_in_flight;
  ++state_->stats.requests_total;
}

void ServerConnection::written() {
  close_stream();
  end_request();
  const bool complete = sent_ == to_send_;
  const auto now = MonoTime::clock::now();
  if (complete && !closing_) {
    response_ = {};
    answer_.reset();
    reader_.start_next();
    phase_ = Phase::Idle;
    phase_began_ = now;
    set_deadline(now + state_->limits.idle_timeout);
  } else if (complete && lingering_ && ::shutdown(socket_.native_handle(), SHUT_WR) == 0) {
    phase_ = Phase::Linger;
    set_deadline(now + kLingerTime);
  } else {
    phase_ = Phase::Closed;
  }
}

void ServerConnection::discarded(const IoResult& result) {
  discarded_ += result.count;
  if (result.error) phase_ = Phase::Closed;
}

void ServerConnection::finish() {
  if (std::exchange(finished_, true)) return;
  phase_ = Phase::Closed;
  close_stream();
  end_request();
  mailbox_->close();
  timer_.cancel();
  close_socket();
  state_->remove(*this, client_, counted_);
}

}  // namespace holdfast::http
