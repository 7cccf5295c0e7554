// SPDX-License-Identifier: Apache-2.0
#include "common/http/client_stream.hpp"

#include "common/http/watchdog.hpp"
#include "common/net/ip_address.hpp"
#include "common/net/refuse_descriptors.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <thread>

namespace holdfast::http {

struct ClientStream::Tls {
  std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context{nullptr, &::SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&::SSL_free)> session{nullptr, &::SSL_free};
};

namespace {

constexpr MonoTime kNever = MonoTime::max();

Failure failed(std::string_view step, int os_error) {
  return fail(Error{ErrorKind::Unavailable,
                    fmt::format("{}: {}", step, std::generic_category().message(os_error)),
                    os_error});
}

// What OpenSSL says last is what it met first.
std::string tls_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason != nullptr ? reason : "the connection was closed";
}

Result<void> trust(SSL_CTX* context, const std::filesystem::path& ca_file) {
  SSL_CTX_set_default_verify_paths(context);  // a system without authorities trusts nobody
  ERR_clear_error();
  if (ca_file.empty()) return {};
  if (X509_STORE_load_file(SSL_CTX_get_cert_store(context), ca_file.c_str()) == 1) return {};
  ERR_clear_error();
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}' has no certificate that can be read", ca_file.native()));
}

// Whom the certificate must name. An address is no server name of TLS (RFC 6066, 3).
bool expect(SSL* session, const std::string& host) {
  if (net::IpAddress::parse(host))
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(session, host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

}  // namespace

ClientStream::ClientStream() = default;
ClientStream::~ClientStream() = default;
ClientStream::ClientStream(ClientStream&&) noexcept = default;
ClientStream& ClientStream::operator=(ClientStream&&) noexcept = default;

Result<void> ClientStream::connect(const std::string& address, std::uint16_t port, Duration timeout,
                                   SocketWatchdog& watchdog) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0)
    return fail(ErrorKind::Unavailable, fmt::format("{}: {}", address, ::gai_strerror(error)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  HOLDFAST_TRY(connect_to(found->ai_addr, found->ai_addrlen, timeout, watchdog));
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return {};
}

Result<void> ClientStream::connect(const std::string& socket_path, Duration timeout,
                                   SocketWatchdog& watchdog) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof address.sun_path) return failed("connect", ENAMETOOLONG);
  socket_path.copy(address.sun_path, socket_path.size());
  return connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address, timeout, watchdog);
}

Result<void> ClientStream::connect_to(const sockaddr* address, unsigned size, Duration timeout,
                                      SocketWatchdog& watchdog) {
  socket_.reset(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) return failed("make a socket", errno);
  if (address->sa_family == AF_UNIX) net::refuse_descriptors(socket_.get());
  const MonoTime until = MonoTime::clock::now() + timeout;
  int begun = 0;
  while ((begun = ::connect(socket_.get(), address, size) == 0 ? 0 : errno) == EAGAIN &&
         address->sa_family == AF_UNIX) {
    if (watchdog.expired() || MonoTime::clock::now() >= until) return failed("connect", ETIMEDOUT);
    std::this_thread::sleep_for(kBacklogPause);
  }
  // Only now: there is nothing to shut down before.
  watchdog.watch(socket_.get());
  if (begun == 0) return {};
  if (begun != EINPROGRESS && begun != EINTR) return failed("connect", begun);
  HOLDFAST_TRY(wait(POLLOUT, until));
  int error = 0;
  socklen_t length = sizeof error;
  if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  if (error != 0) return failed("connect", error);
  return {};
}

Result<void> ClientStream::secure(const std::string& host, const std::filesystem::path& ca_file,
                                  Duration timeout) {
  ERR_clear_error();
  auto tls = std::make_unique<Tls>();
  tls->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = tls->context.get();
  if (context == nullptr) return fail(ErrorKind::Internal, "TLS: " + tls_reason());
  HOLDFAST_TRY(trust(context, ca_file));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  tls->session.reset(SSL_new(context));
  SSL* const session = tls->session.get();
  if (session == nullptr || SSL_set_fd(session, socket_.get()) != 1 || !expect(session, host))
    return fail(ErrorKind::Internal, "TLS: " + tls_reason());
  tls_ = std::move(tls);
  for (;;) {
    ERR_clear_error();
    const int outcome = SSL_connect(session);
    if (outcome == 1) return {};
    const auto again = wait_for_tls(outcome, MonoTime::clock::now() + timeout);
    if (again && *again) continue;
    if (const long verdict = SSL_get_verify_result(session); verdict != X509_V_OK) {
      ERR_clear_error();
      return fail(ErrorKind::Unavailable,
                  fmt::format("its certificate is not valid for it: another name, out of date, or "
                              "signed by an authority that is not trusted ({})",
                              X509_verify_cert_error_string(verdict)));
    }
    if (!again) return fail(again.error().with_context("TLS handshake"));
    return fail(ErrorKind::Unavailable, "TLS handshake: the connection was closed");
  }
}

Result<void> ClientStream::wait(short events, MonoTime until) const {
  for (;;) {
    int milliseconds = -1;
    if (until != kNever) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - MonoTime::clock::now());
      if (left.count() < 0) return failed("wait", ETIMEDOUT);
      milliseconds = static_cast<int>(std::min<std::int64_t>(left.count(), INT_MAX));
    }
    pollfd waiting{socket_.get(), events, 0};
    const int ready = ::poll(&waiting, 1, milliseconds);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return failed("poll", errno);
    if (ready == 0) return failed("wait", ETIMEDOUT);
  }
}

Result<bool> ClientStream::wait_for_tls(int outcome, MonoTime until) const {
  switch (SSL_get_error(tls_->session.get(), outcome)) {
    case SSL_ERROR_WANT_READ: HOLDFAST_TRY(wait(POLLIN, until)); return true;
    case SSL_ERROR_WANT_WRITE: HOLDFAST_TRY(wait(POLLOUT, until)); return true;
    case SSL_ERROR_ZERO_RETURN: return false;
    default: return fail(ErrorKind::Unavailable, tls_reason());
  }
}

Result<void> ClientStream::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (tls_) {
      ERR_clear_error();
      const int length = static_cast<int>(std::min<std::size_t>(bytes.size(), INT_MAX));
      const int sent = SSL_write(tls_->session.get(), bytes.data(), length);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
        continue;
      }
      HOLDFAST_TRY_ASSIGN(const bool again, wait_for_tls(sent, kNever));
      if (!again) return failed("send", EPIPE);
      continue;
    }
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      HOLDFAST_TRY(wait(POLLOUT, kNever));
    } else if (errno != EINTR) {
      return failed("send", errno);
    }
  }
  return {};
}

Result<std::size_t> ClientStream::receive(std::span<char> into) {
  for (;;) {
    if (tls_) {
      ERR_clear_error();
      const int length = static_cast<int>(std::min<std::size_t>(into.size(), INT_MAX));
      const int got = SSL_read(tls_->session.get(), into.data(), length);
      if (got > 0) return static_cast<std::size_t>(got);
      // An end without TLS's own is an error there: anybody on the way could have made it.
      HOLDFAST_TRY_ASSIGN(const bool again, wait_for_tls(got, kNever));
      if (!again) return std::size_t{0};
      continue;
    }
    const ssize_t got = ::recv(socket_.get(), into.data(), into.size(), 0);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      HOLDFAST_TRY(wait(POLLIN, kNever));
    } else if (errno != EINTR) {
      return failed("receive", errno);
    }
  }
}

bool ClientStream::is_quiet() const {
  if (tls_ && SSL_has_pending(tls_->session.get()) == 1) return false;
  pollfd waiting{socket_.get(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 0;
}

}  // namespace holdfast::http
