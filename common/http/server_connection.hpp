// SPDX-License-Identifier: Apache-2.0
#pragma once

// ServerConnection: one client of a Server, from accept to close, as one coroutine: read a request,
// have it handled, write the response, again. Every suspended step has a deadline.
//
// Its parts own their state: RequestReader the bytes that come in, SendBuffer those that go out,
// StreamReader a response without a known end, Deadline the timer, Mailbox the way back of an
// answer from a handler's thread. This class is the order of the steps.
//
// Owned by its own coroutine. Threads: the one that runs the io_context.

#include "common/http/asio_types.hpp"
#include "common/http/coroutine.hpp"
#include "common/http/deadline.hpp"
#include "common/http/exchange.hpp"
#include "common/http/request_reader.hpp"
#include "common/http/send_buffer.hpp"
#include "common/http/server_state.hpp"
#include "common/http/stream_reader.hpp"

#include <memory>
#include <optional>

namespace holdfast::http {

class ServerConnection final : public AnswerReceiver,
                               public std::enable_shared_from_this<ServerConnection> {
 public:
  // `client`: the key that its connections are counted by. With `rejection`, the client gets that
  // refusal and nothing else. `behind_proxy`: it begins with a PROXY protocol header, which names
  // the client.
  ServerConnection(std::shared_ptr<ServerState> state, StreamSocket socket, Peer peer,
                   std::string client, std::optional<Refusal> rejection, bool behind_proxy = false);
  ~ServerConnection() override;

  static Detached run(std::shared_ptr<ServerConnection> self);

  void drain();  // the server has begun to drain
  void abort();  // close at once, answer nothing
  void answer(std::uint64_t request_number, Answer answer) override;
  void deadline_passed();

  // How well the server could do without this connection (ServerLimits::make_room), best first.
  enum class Spare { Waiting, Uploading, Streaming, NotReading, HandledForLong, Handled, Needed };
  Spare spare(MonoTime now) const;
  MonoTime phase_began() const { return phase_began_; }
  const std::string& client() const { return client_; }
  bool counted() const { return counted_; }
  void give_place();  // closes it at once, and counts it no longer

  // Since when this client takes nothing of a response that counts; nothing if that is not so.
  std::optional<MonoTime> unread_since(const std::string& client) const;
  void drop_answer();  // closes it at once, and gives back what its response counts

  // Its index in the server's list of connections.
  std::size_t place() const { return place_; }
  void set_place(std::size_t place) { place_ = place; }

 private:
  enum class Phase { Idle, Head, AtGate, Body, Handling, Write, Stream, Linger, Closed };

  // co_await Until<condition>{connection}: suspends until wake() is called, unless the condition
  // holds already.
  template <bool (ServerConnection::*Condition)() const>
  struct Until {
    ServerConnection& connection;
    bool await_ready() const noexcept { return (connection.*Condition)(); }
    void await_suspend(std::coroutine_handle<> handle) { connection.waiting_ = Resumption(handle); }
    void await_resume() const noexcept {}
  };
  bool answered() const { return answer_ || aborted_; }
  bool stream_has_news() const { return stream_.has_news() || aborted_; }

  // The steps of run(), in its order.
  enum class Need { Bytes, Verdict, Nothing };
  Need next_need();
  void name_peer();
  void no_proxy_header();
  void ask_gate();
  void admitted();
  void begin_body();
  void set_body_deadline(MonoTime now);
  void received(const IoResult& result);
  void call_handler();
  void compose();
  void send_continue();
  bool send_blocks();
  void open_stream();
  bool begin_piece();  // false: the stream is over
  void written();
  bool lingers() const { return phase_ == Phase::Linger && (sound_ || discarded_ < kMaxDiscarded); }
  void discarded(const IoResult& result);
  void finish();

  void refuse(Refusal refusal) { answer_ = Answer(std::move(refusal)); }
  std::shared_ptr<Exchange> begin_exchange(Phase phase);
  void end_exchange(Exchange& exchange);
  void abandon();
  void end_request();
  void stream_news();
  void wake();
  bool bytes_are_readable();
  void close_socket();

  static constexpr std::size_t kMaxDiscarded = 256 << 10;  // of what makes no sense

  const std::shared_ptr<ServerState> state_;
  StreamSocket socket_;
  Peer peer_;
  std::string client_;
  std::size_t place_ = 0;
  bool counted_;
  const std::shared_ptr<Mailbox> mailbox_;
  Deadline<ServerConnection> deadline_;
  RequestReader reader_;
  SendBuffer out_;
  StreamReader stream_;

  Phase phase_ = Phase::Idle;
  MonoTime phase_began_;    // of Idle, Body, Linger, and of an answer that is awaited
  bool timed_out_ = false;  // the deadline of the head or body being read has passed
  bool aborted_ = false;
  bool finished_ = false;
  Resumption waiting_;

  // The request in hand.
  std::uint64_t request_number_ = 0;
  bool in_flight_ = false;
  bool admitted_ = false;  // the gate has accepted it, and the handler has not been called yet
  std::optional<Answer> answer_;
  Response response_;
  bool write_deadline_set_ = false;
  MonoTime taken_at_{};       // when the client has last taken something of the response
  MonoTime write_began_{};    // when it first did not take all of it
  bool unread_body_ = false;  // its body may still come: nothing after it can be read
  bool closing_ = false;      // the connection closes after this response
  bool lingering_ = false;    // and reads on for a moment before it does
  bool sound_ = false;        // what it still sends is a body that it may send, but nobody wants
  std::size_t discarded_ = 0;
};

}  // namespace holdfast::http
