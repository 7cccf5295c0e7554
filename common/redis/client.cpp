// SPDX-License-Identifier: Apache-2.0
#include "common/redis/client.hpp"

#include "common/net/refuse_descriptors.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <deque>
#include <optional>

namespace holdfast::redis {

namespace asio = boost::asio;

namespace {

// Whether the certificate is of this host, and if not, a reason for it: Asio gives none.
auto of_host(const std::string& host) {
  return [verify = asio::ssl::host_name_verification(host)](bool preverified,
                                                            asio::ssl::verify_context& context) {
    const bool accepted = verify(preverified, context);
    if (preverified && !accepted) {
      ::X509_STORE_CTX_set_error(context.native_handle(), X509_V_ERR_HOSTNAME_MISMATCH);
    }
    return accepted;
  };
}

}  // namespace

class RedisClient::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::io_context& io, Lost lost) : io_(io), socket_(io), lost_(std::move(lost)) {}

  void open(const Endpoint& endpoint, Tls tls, std::function<void()> opened) {
    tls_ = std::move(tls);
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
    if (endpoint.path.empty()) {
      socket_.set_option(asio::ip::tcp::no_delay(true), bad);
    } else {
      net::refuse_descriptors(socket_.native_handle());
    }
    socket_.async_connect(where, [self = shared_from_this(), opened = std::move(opened)](
                                     const boost::system::error_code& error) {
      if (self->closed_) return;
      if (error) return self->fail("connect", error);
      if (self->tls_.context) return self->shake_hands(opened);
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
  using Socket =
      asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;

  void shake_hands(std::function<void()> opened) {
    secure_.emplace(socket_, *tls_.context);
    boost::system::error_code bad;
    secure_->set_verify_callback(of_host(tls_.host), bad);
    if (bad) return fail("TLS", bad);
    // Asks for the certificate of this name (RFC 6066, 3); addresses are not sent.
    asio::ip::make_address(tls_.host, bad);
    if (bad) SSL_set_tlsext_host_name(secure_->native_handle(), tls_.host.c_str());
    secure_->async_handshake(asio::ssl::stream_base::client,
                             [self = shared_from_this(),
                              opened = std::move(opened)](const boost::system::error_code& error) {
                               if (self->closed_) return;
                               if (error) return self->fail_handshake(error);
                               self->receive();
                               opened();
                             });
  }

  // OpenSSL's own text says only that verification failed.
  void fail_handshake(const boost::system::error_code& error) {
    const long verdict = ::SSL_get_verify_result(secure_->native_handle());
    if (verdict == X509_V_OK) return fail("TLS handshake", error);
    fail(Error{ErrorKind::Unavailable,
               fmt::format("TLS: the certificate of {} is not accepted: {}", tls_.host,
                           ::X509_verify_cert_error_string(verdict)),
               error.value()});
  }

  void write() {
    if (closed_) return;
    std::swap(outgoing_, in_flight_);
    outgoing_.clear();
    auto done = [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
      if (self->closed_) return;
      if (error) return self->fail("write", error);
      self->writing_ = !self->outgoing_.empty();
      if (self->writing_) self->write();
    };
    if (secure_) {
      asio::async_write(*secure_, asio::buffer(in_flight_), std::move(done));
    } else {
      asio::async_write(socket_, asio::buffer(in_flight_), std::move(done));
    }
  }

  void receive() {
    auto done = [self = shared_from_this()](const boost::system::error_code& error,
                                            std::size_t size) {
      if (self->closed_) return;
      if (error) return self->fail("read", error);
      self->take({self->buffer_.data(), size});
    };
    if (secure_) {
      secure_->async_read_some(asio::buffer(buffer_), std::move(done));
    } else {
      socket_.async_read_some(asio::buffer(buffer_), std::move(done));
    }
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
  Socket socket_;
  Tls tls_;
  std::optional<asio::ssl::stream<Socket&>> secure_;  // once connected, with TLS
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

void RedisClient::open(const Endpoint& endpoint, Tls tls, std::function<void()> opened) {
  impl_->open(endpoint, std::move(tls), std::move(opened));
}

void RedisClient::send(const std::vector<std::string>& command, OnReply on_reply) {
  impl_->send(command, std::move(on_reply));
}

void RedisClient::close() {
  impl_->close();
}

}  // namespace holdfast::redis
