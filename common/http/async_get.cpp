// SPDX-License-Identifier: Apache-2.0
#include "common/http/asio_types.hpp"
#include "common/http/beast_parser.hpp"
#include "common/http/client.hpp"
#include "common/http/client_stream.hpp"
#include "common/http/coroutine.hpp"
#include "common/http/read_buffer.hpp"
#include "common/net/refuse_descriptors.hpp"
#include "common/net/url.hpp"
#include "common/os/fd.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace holdfast::http {
namespace {

namespace asio = boost::asio;
using Endpoint = asio::generic::stream_protocol::endpoint;
using Endpoints = std::vector<Endpoint>;  // tried in order
using Done = std::function<void(Result<Response>)>;

constexpr std::size_t kReadRoom = 32 << 10;

Result<Endpoints> endpoints_of(const net::Url& url) {
  if (url.scheme == net::Url::Scheme::Unix) {
    return Endpoints{asio::local::stream_protocol::endpoint(url.socket_path)};
  }
  if (url.scheme == net::Url::Scheme::Https) {
    return fail(ErrorKind::InvalidArgument, "async_get() does not support https; use fetch()");
  }
  if (url.host == "localhost") {
    // A server on "localhost" may listen on either: Node.js takes the first the resolver returns.
    return Endpoints{asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), url.port),
                     asio::ip::tcp::endpoint(asio::ip::address_v6::loopback(), url.port)};
  }
  boost::system::error_code error;
  const auto address = asio::ip::make_address(url.host, error);
  if (error) {
    return fail(ErrorKind::InvalidArgument,
                url.host + ": expected a numeric address or 'localhost'");
  }
  return Endpoints{asio::ip::tcp::endpoint(address, url.port)};
}

std::string request_text(const net::Url& url, const Headers& headers) {
  std::string text = fmt::format("GET {} HTTP/1.1\r\n", url.target);
  if (headers.find("Host") == nullptr) text += fmt::format("Host: {}\r\n", url.host_field());
  for (const auto& [name, value] : headers.fields())
    text += fmt::format("{}: {}\r\n", name, value);
  return text + "Connection: close\r\n\r\n";
}

// co_await Vetted(vet, connection): until the vet lets the request go on, or ends it.
class Vetted {
 public:
  Vetted(const Vet& vet, Fd connection) : vet_(vet), connection_(std::move(connection)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    // Shared, because a std::function can be copied.
    auto resumption = std::make_shared<Resumption>(handle);
    vet_(std::move(connection_), [this, resumption](Result<void> verdict) {
      if (!*resumption) return;
      verdict_ = std::move(verdict);
      (*resumption)();
    });
  }
  Result<void> await_resume() { return std::move(verdict_); }

 private:
  const Vet& vet_;
  Fd connection_;
  Result<void> verdict_;
};

// Owned by its coroutine and by the timer that bounds it.
class Get : public std::enable_shared_from_this<Get> {
 public:
  Get(asio::io_context& io, std::string name, std::string request, const FetchOptions& options,
      Done done)
      : socket_(io),
        timer_(io),
        pause_(io),
        name_(std::move(name)),
        request_(std::move(request)),
        parser_(options.max_response_bytes),
        head_only_(options.head_only),
        greet_(options.greet),
        vet_(options.vet),
        done_(std::move(done)) {}

  void start(Endpoints endpoints, Duration deadline) {
    timer_.expires_after(deadline);
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (error) return;
      self->expired_ = true;
      boost::system::error_code ignored;
      self->socket_.close(ignored);
    });
    run(shared_from_this(), std::move(endpoints));
  }

 private:
  static Detached run(std::shared_ptr<Get> self, Endpoints endpoints) {
    Get& get = *self;
    Result<void> went;
    try {
      for (const Endpoint& endpoint : endpoints) {
        Result<void> reached = get.open(endpoint.protocol().family());
        if (reached) {
          boost::system::error_code error;
          if (endpoint.protocol().family() == AF_UNIX) {
            while ((error = get.connect_now(endpoint)) == asio::error::would_block &&
                   !get.expired_) {
              co_await Elapsed(get.pause_, kBacklogPause);
            }
          } else {
            error = co_await Connected(get.socket_, endpoint);
          }
          if (error) reached = get.failed("connect", error);
        }
        // Of several failures the first is reported.
        if (reached || went) went = std::move(reached);
        if (went || get.expired_) break;
      }
      if (went && get.greet_) went = co_await get.shown_to(get.greet_);
      std::size_t until = get.request_.size() - (get.vet_ ? 1 : 0);
      while (went && get.sent_ < until) {
        if (const auto error = get.send_some(until)) {
          went = get.failed("send", error);
        } else if (get.sent_ < until) {
          std::ignore = co_await Writable(get.socket_);  // the next send reports the error
        } else if (until < get.request_.size()) {
          went = co_await get.shown_to(get.vet_);
          if (went) went = get.read_arrived();
          until = get.complete() ? get.sent_ : get.request_.size();
        }
      }
      while (went && !get.complete()) {
        const IoResult got = co_await ReadSome(get.socket_, get.buffer_.prepare(kReadRoom));
        went = get.received(got);
      }
    } catch (const std::exception& error) {
      went = fail(ErrorKind::Internal, fmt::format("{}: {}", get.name_, error.what()));
    }
    get.finish(std::move(went));
  }

  bool complete() const { return parser_.done() || (head_only_ && parser_.head_done()); }

  Result<void> open(int family) {
    // Not by Asio, whose sockets would leak into child processes.
    boost::system::error_code ignored;
    socket_.close(ignored);
    Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return fail_errno(errno, name_ + ": make a socket");
    if (family == AF_UNIX) net::refuse_descriptors(fd.get());
    socket_.assign(asio::generic::stream_protocol(family, 0), fd.get());
    std::ignore = fd.release();
    return {};
  }

  // Of a Unix socket, which is done at once or not at all. Asio takes EAGAIN for a connection that
  // is on its way.
  boost::system::error_code connect_now(const Endpoint& endpoint) {
    if (expired_) return asio::error::timed_out;
    const int fd = socket_.native_handle();
    if (::connect(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) == 0) return {};
    return {errno, boost::system::system_category()};
  }

  boost::system::error_code send_some(std::size_t until) {
    const ssize_t n = ::send(socket_.native_handle(), request_.data() + sent_, until - sent_,
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      sent_ += static_cast<std::size_t>(n);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
      return {errno, boost::system::system_category()};
    }
    return {};
  }

  Vetted shown_to(const Vet& vet) {
    return {vet, Fd(::fcntl(socket_.native_handle(), F_DUPFD_CLOEXEC, 0))};
  }

  // A server that answers as soon as it has read something, and closes, resets the connection when
  // the rest comes.
  Result<void> read_arrived() {
    while (!complete()) {
      const auto room = buffer_.prepare(kReadRoom);
      const ssize_t n = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return {};
      if (n < 0) return failed("receive", {errno, boost::system::system_category()});
      IoResult got;
      got.count = static_cast<std::size_t>(n);
      if (n == 0) got.error = asio::error::eof;
      HOLDFAST_TRY(received(got));
      if (n == 0) return {};
    }
    return {};
  }

  Result<void> received(const IoResult& got) {
    if (got.error == asio::error::eof) {
      auto end = parser_.finish();
      if (!end) return fail(end.error().with_context(name_));
      return {};
    }
    if (got.error) return failed("receive", got.error);
    buffer_.commit(got.count);
    const auto used = parser_.feed(buffer_.view());
    if (head_only_ && parser_.head_done()) return {};  // whatever the body is like
    if (!used) return fail(used.error().with_context(name_));
    buffer_.consume(*used);
    return {};
  }

  Failure failed(std::string_view step, const boost::system::error_code& error) const {
    return fail(Error{ErrorKind::Unavailable,
                      fmt::format("{}: {}: {}", name_, step, error.message()), error.value()});
  }

  void finish(Result<void> went) {
    timer_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
    const Done done = std::move(done_);
    if (went) return done(parser_.take());
    if (expired_) {
      return done(fail(ErrorKind::DeadlineExceeded, name_ + ": no complete response in time"));
    }
    done(fail(std::move(went).error()));
  }

  StreamSocket socket_;
  SteadyTimer timer_;
  SteadyTimer pause_;
  const std::string name_;
  const std::string request_;
  std::size_t sent_ = 0;
  ReadBuffer buffer_;
  ResponseParser parser_;
  const bool head_only_;
  const Vet greet_;
  const Vet vet_;
  bool expired_ = false;
  Done done_;
};

}  // namespace

void async_get(asio::io_context& io, const std::string& url, const Headers& headers,
               const FetchOptions& options, std::function<void(Result<Response>)> done) {
  const auto parsed = net::parse_url(url);
  const auto endpoints = parsed ? endpoints_of(*parsed) : fail(parsed.error());
  if (!endpoints) {
    asio::post(io, [done = std::move(done), error = endpoints.error()] { done(fail(error)); });
    return;
  }
  auto get =
      std::make_shared<Get>(io, url, request_text(*parsed, headers), options, std::move(done));
  // Started from the event loop: `done` never runs inside this call.
  asio::post(io, [get = std::move(get), endpoints = *endpoints, deadline = options.deadline] {
    get->start(endpoints, deadline);
  });
}

}  // namespace holdfast::http
