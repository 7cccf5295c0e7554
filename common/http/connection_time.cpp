// SPDX-License-Identifier: Apache-2.0
// What ends a connection from outside its own coroutine: its deadline, and the server's end.
#include "common/http/server_connection.hpp"

#include <sys/socket.h>

namespace holdfast::http {
namespace {

// A client that got an answer this recently is likely to send its next request now: it is given
// the chance to hear `Connection: close` instead of finding the connection gone.
constexpr Duration kDrainGrace = std::chrono::milliseconds(250);

}  // namespace

void ServerConnection::set_deadline(MonoTime deadline) {
  deadline_ = deadline;
  // A timer that is due earlier will look at the deadline then; re-arming at every step would cost
  // more than the steps.
  if (!armed_for_ || *armed_for_ > deadline_) arm(deadline_);
}

void ServerConnection::arm(MonoTime at) {
  armed_for_ = at;
  timer_.expires_at(at);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->finished_) return;
    self->armed_for_.reset();
    if (MonoTime::clock::now() < self->deadline_) {
      self->arm(self->deadline_);
    } else {
      self->expire();
    }
  });
}

void ServerConnection::expire() {
  boost::system::error_code ignored;
  switch (phase_) {
    case Phase::Idle:
      // A request that came at the last moment is served.
      if (bytes_are_readable()) {
        set_deadline(MonoTime::clock::now() + state_->limits.header_timeout);
      } else {
        close_socket();
      }
      break;
    case Phase::Head:
    case Phase::Body:
      timed_out_ = true;
      socket_.cancel(ignored);
      break;
    case Phase::Handling:
      answer(request_number_,
             tl::unexpected<Refusal>(Refusal{503, "The request took too long to handle."}));
      break;
    case Phase::Write:
    case Phase::Stream:
    case Phase::Linger: close_socket(); break;
    case Phase::Closed: break;
  }
}

bool ServerConnection::bytes_are_readable() {
  char byte = 0;
  return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void ServerConnection::drain() {
  if (phase_ == Phase::Stream) return woken();                // it ends here
  if (phase_ != Phase::Idle || bytes_are_readable()) return;  // answered, with Connection: close
  const MonoTime until = phase_began_ + kDrainGrace;
  if (MonoTime::clock::now() < until) {
    set_deadline(until);
  } else {
    close_socket();
  }
}

void ServerConnection::abort() {
  aborted_ = true;
  mailbox_->close();
  close_socket();
  if (waiting_) waiting_();  // may end in this object's destruction
}

void ServerConnection::close_socket() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace holdfast::http
