// SPDX-License-Identifier: Apache-2.0
#include "common/http/server_connection.hpp"

#include "common/http/peer.hpp"
#include "common/http/response_writer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <tuple>

namespace holdfast::http {
namespace {

// A client that has not read its refusal is given time to, however much it still sends: a proxy
// passes on a body that it holds before it looks for the response. As in other servers.
constexpr Duration kLingerSilence = std::chrono::seconds(2);
constexpr Duration kLingerTime = std::chrono::seconds(30);
constexpr std::uint64_t kBytesPerExtraSecond = 64 << 10;

// Between two pieces of a stream nothing is owed: the stream itself decides how long it lasts.
constexpr Duration kNoDeadline = std::chrono::hours(24 * 365);

// A client that got a response this recently is likely to send its next request now. It is given
// time to do so and to read `Connection: close`, instead of finding the connection gone.
constexpr Duration kDrainGrace = std::chrono::milliseconds(250);

// A large message gets more time: one second for every 64 KiB.
Duration time_for(Duration base, std::uint64_t bytes) {
  return base + std::chrono::seconds(bytes / kBytesPerExtraSecond);
}

}  // namespace

ServerConnection::ServerConnection(std::shared_ptr<ServerState> state, StreamSocket socket,
                                   Peer peer, std::string client, std::optional<Refusal> rejection,
                                   bool behind_proxy)
    : state_(std::move(state)),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      client_(std::move(client)),
      counted_(!rejection),
      mailbox_(std::make_shared<Mailbox>(state_->io, *this)),
      deadline_(state_->io, *this),
      reader_(state_->limits, peer_, state_->bodies),
      phase_began_(MonoTime::clock::now()) {
  if (behind_proxy) reader_.expect_proxy_header();
  if (rejection) refuse(std::move(*rejection));
  state_->add(*this, client_, counted_);
}

ServerConnection::~ServerConnection() {
  finish();
}

Detached ServerConnection::run(std::shared_ptr<ServerConnection> self) {
  ServerConnection& c = *self;
  try {
    c.deadline_.set(c.phase_began_ + c.state_->limits.idle_timeout);
    do {
      for (Need need = c.next_need(); need != Need::Nothing; need = c.next_need()) {
        if (need == Need::Verdict) {
          c.ask_gate();
          co_await Until<&ServerConnection::answered>{c};
          if (c.aborted_) break;
          c.admitted();
          continue;
        }
        if (c.phase_ == Phase::Body && c.reader_.take_continue()) {
          c.send_continue();
          while (c.send_blocks())
            co_await Writable(c.socket_);
        }
        c.received(co_await ReadSome(c.socket_, c.reader_.prepare()));
      }
      if (c.phase_ == Phase::Closed || c.aborted_) break;
      if (!c.answer_) c.call_handler();
      co_await Until<&ServerConnection::answered>{c};
      if (c.aborted_) break;
      c.compose();
      while (c.send_blocks())
        co_await Writable(c.socket_);
      while (c.begin_piece()) {
        if (c.out_.empty()) co_await Until<&ServerConnection::stream_has_news>{c};
        while (c.send_blocks())
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

// --- reading

ServerConnection::Need ServerConnection::next_need() {
  while (phase_ != Phase::Closed && !answer_) {
    switch (reader_.advance()) {
      case RequestReader::Step::NeedMore:
        if (phase_ == Phase::Idle && !reader_.idle()) {
          phase_ = Phase::Head;
          deadline_.set(MonoTime::clock::now() + state_->limits.header_timeout);
        }
        return Need::Bytes;
      case RequestReader::Step::PeerNamed: name_peer(); break;
      case RequestReader::Step::NoProxyHeader: no_proxy_header(); break;
      case RequestReader::Step::HeadAccepted:
        reader_.body_belongs_to(client_);
        if (state_->gate) return Need::Verdict;
        begin_body();
        break;
      case RequestReader::Step::Refused: refuse(reader_.refusal()); break;
      case RequestReader::Step::Complete: return Need::Nothing;
    }
  }
  return Need::Nothing;
}

void ServerConnection::name_peer() {
  // A proxy may open connections before it has requests for them.
  phase_ = Phase::Idle;
  phase_began_ = MonoTime::clock::now();
  deadline_.set(phase_began_ + state_->limits.idle_timeout);
  const std::optional<Peer>& named = reader_.named_peer();
  if (!named) return;
  peer_ = *named;
  const auto& many = state_->limits.speaks_for_many;
  if (many && many(peer_)) return;
  std::string client = client_key(peer_);
  if (auto rejection = state_->admission_of_client(client)) return refuse(std::move(*rejection));
  state_->attribute(client);
  client_ = std::move(client);
}

// What speaks another protocol gets no answer in this one. The refusal's author learns of it.
void ServerConnection::no_proxy_header() {
  std::ignore = state_->refuse(
      *reader_.request(), {400, "The connection did not begin with a PROXY protocol v2 header."});
  phase_ = Phase::Closed;
}

void ServerConnection::ask_gate() {
  const auto exchange = begin_exchange(Phase::AtGate);
  try {
    state_->gate(reader_.request(),
                 {[exchange](std::string client) { exchange->accept(std::move(client)); },
                  [exchange](Response response) { exchange->respond(std::move(response)); }});
  } catch (...) {
    exchange->refuse({500, "The request could not be handled."});
  }
  end_exchange(*exchange);
}

void ServerConnection::admitted() {
  if (auto* accepted = std::get_if<Accepted>(&*answer_)) {
    if (!accepted->client.empty()) reader_.body_belongs_to(std::move(accepted->client));
    answer_.reset();
    admitted_ = true;
    begin_body();
  } else if (!reader_.discard_body()) {
    // The client may be sending the body: it is not read, so nothing after it can be.
    unread_body_ = true;
  }
}

void ServerConnection::begin_body() {
  phase_ = Phase::Body;
  phase_began_ = MonoTime::clock::now();
  set_body_deadline(phase_began_);
}

// The time is earned by what arrives, not by what is announced, and none of it can be saved up for
// a silence.
void ServerConnection::set_body_deadline(MonoTime now) {
  const Duration patience = state_->limits.body_timeout;
  deadline_.set(std::min(now + patience, phase_began_ + time_for(patience, reader_.body_bytes())));
}

void ServerConnection::received(const IoResult& result) {
  if (timed_out_ && !aborted_ && reader_.awaits_proxy_header()) return no_proxy_header();
  if (timed_out_ && !aborted_) {
    refuse({408, phase_ == Phase::Head ? "The request head did not arrive in time."
                                       : "The request body did not arrive in time."});
    return;
  }
  if (result.error) {
    abandon();
    phase_ = Phase::Closed;  // the client is gone, perhaps in the middle of a request
    return;
  }
  reader_.commit(result.count);
  if (phase_ == Phase::Body) set_body_deadline(MonoTime::clock::now());
}

// Whoever accepted the head learns that the body never came. Nobody is there to read the response.
void ServerConnection::abandon() {
  if (!std::exchange(admitted_, false)) return;
  std::ignore = state_->refuse(*reader_.request(),
                               {400, "The connection ended before the request body was complete."});
}

// --- handling

std::shared_ptr<Exchange> ServerConnection::begin_exchange(Phase phase) {
  phase_ = phase;
  if (!std::exchange(in_flight_, true)) ++state_->stats.requests_in_flight;
  return std::make_shared<Exchange>(mailbox_, ++request_number_);
}

void ServerConnection::end_exchange(Exchange& exchange) {
  exchange.handler_returned();
  if (answer_) return;
  phase_began_ = MonoTime::clock::now();
  deadline_.set(phase_began_ + state_->limits.handler_timeout);
}

void ServerConnection::call_handler() {
  const auto exchange = begin_exchange(Phase::Handling);
  admitted_ = false;
  try {
    state_->handler(reader_.request(),
                    [exchange](Response response) { exchange->respond(std::move(response)); });
  } catch (...) {
    exchange->refuse({500, "The request could not be handled."});
  }
  end_exchange(*exchange);
}

void ServerConnection::answer(std::uint64_t request_number, Answer answer) {
  const bool waits = phase_ == Phase::Handling || phase_ == Phase::AtGate;
  if (!waits || request_number != request_number_ || answer_) return;
  answer_ = std::move(answer);
  wake();
}

void ServerConnection::wake() {
  if (waiting_) waiting_();  // may end in this object's destruction
}

// --- writing

void ServerConnection::compose() {
  const Request& request = *reader_.request();
  const Refusal* const refusal = std::get_if<Refusal>(&*answer_);
  const bool refused = refusal != nullptr || unread_body_;
  admitted_ = false;
  response_ = refusal != nullptr ? state_->refuse(request, *refusal)
                                 : std::move(std::get<Response>(*answer_));
  const bool client_keeps_alive = reader_.keep_alive();
  if (request.method == "HEAD") {
    response_.stream.reset();
  } else if (refusal == nullptr && !state_->hold(response_, client_)) {
    response_ = state_->refuse(request, {503, "The server is holding too many unread responses."});
  }
  closing_ = refused || !client_keeps_alive || state_->draining() || asks_to_close(response_) ||
             response_.stream;
  // Closing while the client still sends would reset the connection under a response that it has
  // not read yet (RFC 9112, 9.6).
  sound_ =
      unread_body_ || (refusal != nullptr && (refusal->status == 413 || refusal->status == 503));
  lingering_ = closing_ && (refused || client_keeps_alive || reader_.has_unused_bytes());
  phase_ = Phase::Write;
  write_deadline_set_ = false;
  const bool with_body = write_head(
      response_, {.to_head = request.method == "HEAD", .close = closing_, .date = state_->date()},
      out_.head());
  out_.start(with_body ? std::string_view(response_.body) : std::string_view());
  if (response_.stream) open_stream();
}

void ServerConnection::send_continue() {
  out_.head() = "HTTP/1.1 100 Continue\r\n\r\n";
  out_.start();
}

bool ServerConnection::send_blocks() {
  const std::size_t before = out_.sent();
  if (out_.send(socket_.native_handle()) != SendBuffer::Progress::Blocked) return false;
  const bool first = !write_deadline_set_;
  if (phase_ != Phase::Write || (!first && out_.sent() == before)) return true;
  // As with bodies that arrive: the time is earned by what is taken, and none of it saved up.
  taken_at_ = MonoTime::clock::now();
  if (first) write_began_ = taken_at_;
  write_deadline_set_ = true;
  const Duration patience = state_->limits.write_timeout;
  deadline_.set(std::min(taken_at_ + patience, write_began_ + time_for(patience, out_.sent())));
  return true;
}

std::optional<MonoTime> ServerConnection::unread_since(const std::string& client) const {
  if (phase_ != Phase::Write || !write_deadline_set_ || !response_.held) return std::nullopt;
  return response_.held->client() == client ? std::optional(taken_at_) : std::nullopt;
}

void ServerConnection::drop_answer() {
  response_.held.reset();
  abort();
}

void ServerConnection::open_stream() {
  stream_.open(std::move(response_.stream), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->stream_news();
  });
}

bool ServerConnection::begin_piece() {
  if (!stream_.is_open() || stream_.ended() || aborted_ || state_->draining()) return false;
  if (!out_.complete()) return false;  // the client is gone, or too slow
  out_.head().clear();
  stream_.read(out_.head());
  out_.start();
  if (!out_.empty()) {
    phase_ = Phase::Write;
    write_deadline_set_ = false;
    return true;
  }
  phase_ = Phase::Stream;
  deadline_.set(MonoTime::clock::now() + kNoDeadline);
  return !stream_.ended();
}

void ServerConnection::stream_news() {
  stream_.note_news();
  if (phase_ == Phase::Stream) wake();
}

void ServerConnection::end_request() {
  if (!std::exchange(in_flight_, false)) return;
  --state_->stats.requests_in_flight;
  ++state_->stats.requests_total;
}

void ServerConnection::written() {
  stream_.close();
  end_request();
  const auto now = MonoTime::clock::now();
  if (out_.complete() && !closing_) {
    response_ = {};
    answer_.reset();
    reader_.start_next();
    phase_ = Phase::Idle;
    phase_began_ = now;
    deadline_.set(now + state_->limits.idle_timeout);
  } else if (out_.complete() && lingering_ && ::shutdown(socket_.native_handle(), SHUT_WR) == 0) {
    response_ = {};
    phase_ = Phase::Linger;
    phase_began_ = now;
    deadline_.set(now + kLingerSilence);
  } else {
    phase_ = Phase::Closed;
  }
}

// --- ending

void ServerConnection::discarded(const IoResult& result) {
  if (result.error) {
    phase_ = Phase::Closed;
    return;
  }
  discarded_ += result.count;
  const Duration most = state_->draining() ? kLingerSilence : kLingerTime;
  deadline_.set(std::min(MonoTime::clock::now() + kLingerSilence, phase_began_ + most));
}

void ServerConnection::finish() {
  if (std::exchange(finished_, true)) return;
  abandon();
  phase_ = Phase::Closed;
  stream_.close();
  end_request();
  mailbox_->close();
  deadline_.stop();
  close_socket();
  state_->remove(*this, client_, counted_);
}

void ServerConnection::deadline_passed() {
  boost::system::error_code ignored;
  switch (phase_) {
    case Phase::Idle:
      // A request that came at the last moment is served.
      if (bytes_are_readable()) {
        deadline_.set(MonoTime::clock::now() + state_->limits.header_timeout);
      } else {
        close_socket();
      }
      break;
    case Phase::Head:
    case Phase::Body:
      timed_out_ = true;
      socket_.cancel(ignored);
      break;
    case Phase::AtGate:
    case Phase::Handling:
      answer(request_number_, Refusal{503, "The request took too long to handle."});
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
  if (phase_ == Phase::Stream) return stream_news();  // it ends here
  if (phase_ == Phase::Linger) return deadline_.set(MonoTime::clock::now() + kLingerSilence);
  if (phase_ != Phase::Idle || bytes_are_readable()) return;  // answered, with Connection: close
  const MonoTime until = phase_began_ + kDrainGrace;
  if (MonoTime::clock::now() < until) {
    deadline_.set(until);
  } else {
    close_socket();
  }
}

void ServerConnection::abort() {
  aborted_ = true;
  abandon();
  mailbox_->close();
  close_socket();
  wake();
}

ServerConnection::Spare ServerConnection::spare(MonoTime now) const {
  switch (phase_) {
    case Phase::Idle:
    case Phase::Head:
    case Phase::Linger: return Spare::Waiting;
    case Phase::Body: return Spare::Uploading;
    case Phase::Stream: return Spare::Streaming;
    case Phase::Write: return write_deadline_set_ ? Spare::NotReading : Spare::Needed;
    case Phase::AtGate:
    case Phase::Handling:
      if (state_->limits.handling_kept == Duration::max()) return Spare::Needed;
      return now - phase_began_ > state_->limits.handling_kept ? Spare::HandledForLong
                                                               : Spare::Handled;
    case Phase::Closed: break;
  }
  return Spare::Needed;
}

void ServerConnection::give_place() {
  if (std::exchange(counted_, false)) state_->uncount(client_);
  abort();
}

void ServerConnection::close_socket() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace holdfast::http
