// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connection: one client, from accept to close, as one coroutine: read a request, have it handled,
// write the answer, again. Every suspended step stands under one deadline.
// Owned by its own coroutine; threads: the one that runs the io_context.

#include "common/http/asio_types.hpp"
#include "common/http/coroutine.hpp"
#include "common/http/exchange.hpp"
#include "common/http/request_reader.hpp"
#include "common/http/server_state.hpp"

#include <memory>
#include <optional>

namespace holdfast::http {

class ServerConnection final : public AnswerReceiver,
                               public std::enable_shared_from_this<ServerConnection> {
 public:
  // `client`: what it is counted by. With `unwelcome`, it only gets that refusal.
  ServerConnection(std::shared_ptr<ServerState> state, StreamSocket socket, Peer peer,
                   std::string client, std::optional<Refusal> unwelcome);
  ~ServerConnection() override;

  static Detached run(std::shared_ptr<ServerConnection> self);

  void drain();  // the server has begun to drain
  void abort();  // close at once, answer nothing
  void answer(std::uint64_t request_number, Answer answer) override;

 private:
  enum class Phase { Idle, Head, Body, Handling, Write, Stream, Linger, Closed };
  enum class Flushed { All, Blocked, Failed };

  // co_await answered(): until answer_ is set, or the connection was aborted.
  struct Answered {
    ServerConnection& connection;
    bool await_ready() const noexcept { return connection.answer_ || connection.aborted_; }
    void await_suspend(std::coroutine_handle<> handle) { connection.waiting_ = Resumption(handle); }
    void await_resume() const noexcept {}
  };

  // co_await News{}: until the stream has something new, or the connection is to end.
  struct News {
    ServerConnection& connection;
    bool await_ready() const noexcept { return connection.woken_ || connection.aborted_; }
    void await_suspend(std::coroutine_handle<> handle) { connection.waiting_ = Resumption(handle); }
    void await_resume() const noexcept {}
  };

  // The steps of run(), in its order.
  bool wants_bytes();
  void begin_body();
  void received(const IoResult& result);
  void call_handler();
  void compose();
  void send_continue();
  Flushed flush();
  void open_stream();  // connection_stream.cpp
  bool begin_piece();  // false: the stream is over
  bool has_piece() const { return to_send_ > 0; }
  void woken();
  void close_stream();
  void written();
  bool lingers() const { return phase_ == Phase::Linger && discarded_ < kMaxDiscarded; }
  void discarded(const IoResult& result);
  void finish();

  void refuse(Refusal refusal) { answer_ = tl::unexpected<Refusal>(std::move(refusal)); }
  void end_request();
  bool bytes_are_readable();
  void close_socket();
  void set_deadline(MonoTime deadline);
  void arm(MonoTime at);
  void expire();

  static constexpr std::size_t kMaxDiscarded = 256 << 10;

  const std::shared_ptr<ServerState> state_;
  StreamSocket socket_;
  SteadyTimer timer_;
  const Peer peer_;
  const std::string client_;
  const bool counted_;
  const std::shared_ptr<Mailbox> mailbox_;
  RequestReader reader_;

  Phase phase_ = Phase::Idle;
  bool timed_out_ = false;  // the deadline of the head or body being read has passed
  bool aborted_ = false;
  bool in_flight_ = false;
  bool finished_ = false;
  MonoTime phase_began_;  // of Idle and Body
  MonoTime deadline_;
  std::optional<MonoTime> armed_for_;  // what the timer waits for; at most deadline_

  std::uint64_t request_number_ = 0;
  std::optional<Answer> answer_;
  Resumption waiting_;

  Response response_;
  std::string head_;  // reused from answer to answer
  std::size_t to_send_ = 0;
  std::size_t sent_ = 0;
  bool closing_ = false;
  bool lingering_ = false;
  bool write_blocked_ = false;
  bool woken_ = false;         // the stream may have something new
  bool stream_ended_ = false;  // it said so
  std::size_t discarded_ = 0;
};

}  // namespace holdfast::http
