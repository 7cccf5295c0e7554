// SPDX-License-Identifier: Apache-2.0
#include "common/redis/client.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <deque>

namespace holdfast::redis {

namespace asio = boost::asio;

class RedisClient::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, Lost lost) : io_(io), socket_(io), lost_(std::move(lost)) {}

  void open(const Endpoint& endpoint, std::function<void()> opened) {
    boost::system::error_code bad;
    asio::generic::stream_protocol::endpoint where;
    if (!endpoint.path.empty()) {
      where = asio::local::stream_protocol::endpoint(endpoint.path);
    } else {
      const auto address = asio::ip::make_address(endpoint.address, bad);
      where = asio::ip::tcp::endpoint(address, endpoint.port);
    }
    if (bad) return fail_later("address", bad);
    socket_.open(where.protocol(), bad);
    if (bad) return fail_later("socket", bad);
    if (endpoint.path.empty()) socket_.set_option(asio::ip::tcp::no_delay(true), bad);
    socket_.async_connect(where, [self = shared_from_this(), opened = std::move(opened)](
                                     const boost::system::error_code& error) {
      if (self->closed_) return;
      if (error) return self->fail("connect", error);
      self->receive();
      opened();
    });
  }

  void send(const std::vector<std::string>& command, OnReply on_reply) {
    if (closed_) return;
    waiting_.push_back(std::move(on_reply));
    outgoing_ += encode(command);
    if (writing_) return;
    writing_ = true;
    asio::post(io_, [self = shared_from_this()] { self->write(); });
  }

  void close() {
    closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    waiting_.clear();
    lost_ = {};
  }

 private:
  void write() {
    if (closed_) return;
    std::swap(outgoing_, in_flight_);
    outgoing_.clear();
    asio::async_write(
        socket_, asio::buffer(in_flight_),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
          if (self->closed_) return;
          if (error) return self->fail("write", error);
          self->writing_ = !self->outgoing_.empty();
          if (self->writing_) self->write();
        });
  }

  void receive() {
    socket_.async_read_some(
        asio::buffer(buffer_),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
          if (self->closed_) return;
          if (error) return self->fail("read", error);
          self->take({self->buffer_.data(), size});
        });
  }

  void take(std::string_view bytes) {
    if (const auto fed = reader_.feed(bytes); !fed) return fail(fed.error());
    for (;;) {
      auto reply = reader_.next();
      if (!reply) return fail(reply.error());
      if (!*reply) return receive();
      if (waiting_.empty()) {
        return fail(Error{ErrorKind::DataLoss, "Redis protocol: unexpected reply"});
      }
      const OnReply on_reply = std::move(waiting_.front());
      waiting_.pop_front();
      on_reply(std::move(**reply));
      if (closed_) return;
    }
  }

  void fail(const char* what, const boost::system::error_code& error) {
    fail(
        Error{ErrorKind::Unavailable, fmt::format("{}: {}", what, error.message()), error.value()});
  }

  void fail(const Error& error) {
    const Lost lost = std::move(lost_);
    close();
    if (lost) lost(error);
  }

  void fail_later(const char* what, const boost::system::error_code& error) {
    asio::post(io_, [self = shared_from_this(), what, error] {
      if (!self->closed_) self->fail(what, error);
    });
  }

  asio::io_context& io_;
  asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>
      socket_;
  Lost lost_;
  ReplyReader reader_;
  std::deque<OnReply> waiting_;
  std::string outgoing_;
  std::string in_flight_;
  bool writing_ = false;
  bool closed_ = false;
  std::array<char, 16384> buffer_;
};

RedisClient::RedisClient(asio::io_context& io, Lost lost)
    : impl_(std::make_shared<Impl>(io, std::move(lost))) {}

RedisClient::~RedisClient() {
  impl_->close();
}

void RedisClient::open(const Endpoint& endpoint, std::function<void()> opened) {
  impl_->open(endpoint, std::move(opened));
}

void RedisClient::send(const std::vector<std::string>& command, OnReply on_reply) {
  impl_->send(command, std::move(on_reply));
}

void RedisClient::close() {
  impl_->close();
}

}  // namespace holdfast::redis
