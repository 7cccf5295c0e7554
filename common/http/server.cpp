// SPDX-License-Identifier: Apache-2.0
#include "common/http/server.hpp"

#include "common/http/peer.hpp"
#include "common/http/server_connection.hpp"
#include "common/net/refuse_descriptors.hpp"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <tuple>

namespace holdfast::http {
namespace {

// One at a time, so that processes sharing a listener also share a burst.
constexpr int kAcceptBatch = 1;

// Without a free descriptor or memory, the connection stays in the backlog and the listener stays
// readable: accepting again is worth trying only after a pause.
constexpr Duration kAcceptPause = std::chrono::milliseconds(100);

// Draining the backlog is bounded: a flood must not keep the process from exiting.
constexpr int kLastAccepts = 4096;

int integer_option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

void set_option(int fd, int level, int name, int value) {
  std::ignore = ::setsockopt(fd, level, name, &value, sizeof value);
}

// Whoever shares the listener may have set what its connections inherit: never heard until they
// have sent very much, cut off while they read slowly, reset at their end. The supervisor sets the
// listener back only a moment later.
void reset_inherited(int fd) {
  const linger none{};
  set_option(fd, SOL_SOCKET, SO_RCVLOWAT, 1);
  std::ignore = ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 0);
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(boost::asio::io_context& io, ServerLimits limits, Handler handler, RefusalHandler refuse,
       Gate gate)
      : state(std::make_shared<ServerState>(io, std::move(limits), std::move(handler),
                                            std::move(refuse), std::move(gate))) {}

  struct Listener {
    Listener(boost::asio::io_context& io, int fd, int socket_family, ProxyPeers proxy_peers)
        : descriptor(io, fd), timer(io), family(socket_family), proxies(std::move(proxy_peers)) {}
    boost::asio::posix::basic_stream_descriptor<Executor> descriptor;
    SteadyTimer timer;
    int family;
    const ProxyPeers proxies;
  };

  void wait(const std::shared_ptr<Listener>& listener);
  void accept_some(const std::shared_ptr<Listener>& listener);
  enum class Accepted { Yes, None, GoneAlready, NoRoom };
  Accepted accept_one(Listener& listener);
  void accept_the_last();
  void pause(const std::shared_ptr<Listener>& listener);
  void open_connection(Fd fd, const Listener& listener, const sockaddr_storage& address);
  void close_listeners();

  const std::shared_ptr<ServerState> state;
  std::vector<std::shared_ptr<Listener>> listeners;
  bool closed = false;
};

void Server::Impl::wait(const std::shared_ptr<Listener>& listener) {
  listener->descriptor.async_wait(
      boost::asio::posix::descriptor_base::wait_read,
      [self = shared_from_this(), listener](const boost::system::error_code& error) {
        if (!error && !self->closed) self->accept_some(listener);
      });
}

Server::Impl::Accepted Server::Impl::accept_one(Listener& listener) {
  // Whoever shares the listener may have made it block: every time, for the next one to come may
  // already be somebody else's.
  std::ignore = set_nonblocking(listener.descriptor.native_handle());
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  Fd fd(::accept4(listener.descriptor.native_handle(), reinterpret_cast<sockaddr*>(&address), &size,
                  SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) {
    // Not inherited if it was made before the listener refused them, or if somebody who shares the
    // listener takes them.
    if (listener.family == AF_UNIX) {
      net::refuse_descriptors(fd.get());
    } else {
      reset_inherited(fd.get());
    }
    open_connection(std::move(fd), listener, address);
    return Accepted::Yes;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) return Accepted::None;
  // These concern one connection that is already gone (accept(2), "Error handling").
  if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO || errno == EPERM) {
    return Accepted::GoneAlready;
  }
  return Accepted::NoRoom;
}

void Server::Impl::accept_some(const std::shared_ptr<Listener>& listener) {
  for (int i = 0; i < kAcceptBatch; ++i) {
    const Accepted accepted = accept_one(*listener);
    if (closed) return;
    if (accepted == Accepted::None) break;
    if (accepted == Accepted::NoRoom) return pause(listener);
  }
  wait(listener);
}

// Closing a listener for good resets what waits in its backlog, requests already sent included.
void Server::Impl::accept_the_last() {
  for (const auto& listener : std::vector(listeners)) {
    for (int i = 0; i < kLastAccepts && !closed; ++i) {
      const Accepted accepted = accept_one(*listener);
      if (accepted == Accepted::None || accepted == Accepted::NoRoom) break;
    }
  }
}

void Server::Impl::pause(const std::shared_ptr<Listener>& listener) {
  listener->timer.expires_after(kAcceptPause);
  listener->timer.async_wait(
      [self = shared_from_this(), listener](const boost::system::error_code& error) {
        if (!error && !self->closed) self->accept_some(listener);
      });
}

void Server::Impl::open_connection(Fd fd, const Listener& listener,
                                   const sockaddr_storage& address) try {
  Peer peer = peer_from(address);
  const ServerLimits& limits = state->limits;
  const auto& many = limits.speaks_for_many;
  const bool behind_proxy = listener.proxies && listener.proxies(peer);
  const bool for_many = behind_proxy || (many && many(peer));
  std::string client = for_many ? std::string() : client_key(address);
  if (peer.unix_socket && limits.count_processes) client = process_key(fd.get());
  if (limits.restricts) peer.restricted = limits.restricts(fd.get());
  auto rejection = state->admission(client);
  if (rejection && !state->can_send_refusal()) return;
  StreamSocket socket(state->io);
  socket.assign(boost::asio::generic::stream_protocol(listener.family, 0), fd.get());
  std::ignore = fd.release();
  ServerConnection::run(std::make_shared<ServerConnection>(
      state, std::move(socket), peer, std::move(client), std::move(rejection), behind_proxy));
} catch (const std::exception&) {
  // No memory, or no room in epoll: this connection is closed, the server goes on.
}

void Server::Impl::close_listeners() {
  closed = true;
  for (const auto& listener : listeners) {
    listener->timer.cancel();
    // release() removes the descriptor from epoll, which close() does not do for a socket shared
    // with other processes. Never shutdown(): it would stop those processes from accepting.
    Fd own(listener->descriptor.release());
  }
  listeners.clear();
}

Server::Server(boost::asio::io_context& io, ServerLimits limits, Handler handler,
               RefusalHandler refuse, Gate gate)
    : impl_(std::make_shared<Impl>(io, std::move(limits), std::move(handler), std::move(refuse),
                                   std::move(gate))) {}

Server::~Server() {
  impl_->close_listeners();
  impl_->state->abort_all();
}

Result<void> Server::listen(Fd listener, ProxyPeers proxies) {
  const int fd = listener.get();
  if (integer_option(fd, SOL_SOCKET, SO_ACCEPTCONN) != 1) {
    return fail(ErrorKind::InvalidArgument, fmt::format("descriptor {} is not listening", fd));
  }
  if (impl_->closed) return fail(ErrorKind::Conflict, "the server is draining");
  // Another process may take the connection that made the listener readable: do not block.
  HOLDFAST_TRY(set_nonblocking(fd));
  const int family = integer_option(fd, SOL_SOCKET, SO_DOMAIN);
  if (family == AF_INET || family == AF_INET6) {
    // Accepted sockets inherit it on Linux: one system call instead of one per connection.
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  }
  if (family == AF_UNIX) net::refuse_descriptors(fd);
  try {
    auto entry = std::make_shared<Impl::Listener>(impl_->state->io, fd, family, std::move(proxies));
    std::ignore = listener.release();
    impl_->listeners.push_back(entry);
    impl_->wait(entry);
  } catch (const boost::system::system_error& error) {
    return fail(ErrorKind::Internal, std::string("watch the listener: ") + error.what());
  }
  return {};
}

void Server::drain(std::function<void()> done) {
  impl_->accept_the_last();
  impl_->close_listeners();
  impl_->state->drain(std::move(done));
}

bool Server::draining() const {
  return impl_->state->draining();
}

bool Server::hold(Response& response, const std::string& client) {
  return impl_->state->hold(response, client);
}

ServerStats Server::stats() const {
  ServerStats stats = impl_->state->stats;
  stats.body_bytes = impl_->state->bodies->used();
  return stats;
}

}  // namespace holdfast::http
