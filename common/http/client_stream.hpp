// SPDX-License-Identifier: Apache-2.0
#pragma once

// ClientStream: a connection to a server, plain or by TLS, for fetch(). Its calls block until the
// socket is ready; a SocketWatchdog bounds them by shutting the socket down.
//
// SIGPIPE: TLS writes without MSG_NOSIGNAL, so whoever secures a connection blocks the signal.
// Threads: one at a time. Errors are Unavailable unless said otherwise.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct sockaddr;

namespace holdfast::http {

class SocketWatchdog;

// A Unix socket whose backlog is full refuses a connection that does not block, with EAGAIN, where
// TCP lets it wait. It is tried again after this time, as poll(2) does not tell when there is room.
inline constexpr Duration kBacklogPause = std::chrono::milliseconds(10);

class ClientStream {
 public:
  ClientStream();
  ~ClientStream();
  ClientStream(ClientStream&&) noexcept;
  ClientStream& operator=(ClientStream&&) noexcept;

  // `address` is a numeric one. The watchdog sees the socket as soon as there is one that blocks.
  Result<void> connect(const std::string& address, std::uint16_t port, Duration timeout,
                       SocketWatchdog& watchdog);
  Result<void> connect(const std::string& socket_path, Duration timeout, SocketWatchdog& watchdog);
  // From here on by TLS, with a certificate for `host` that the system's authorities or those of
  // `ca_file` have signed. `timeout`: of each step. InvalidArgument: nothing in `ca_file`.
  Result<void> secure(const std::string& host, const std::filesystem::path& ca_file,
                      Duration timeout);

  Result<void> send(std::string_view bytes);
  Result<std::size_t> receive(std::span<char> into);  // 0: the peer has ended it, in due form
  // Nothing has come that nobody asked for, the end included: fit for another request.
  bool is_quiet() const;
  int socket() const { return socket_.get(); }

 private:
  Result<void> connect_to(const sockaddr* address, unsigned size, Duration timeout,
                          SocketWatchdog& watchdog);
  Result<void> wait(short events, MonoTime until) const;
  // After a call of OpenSSL that returned `outcome`: true if it is to be made once more.
  Result<bool> wait_for_tls(int outcome, MonoTime until) const;

  struct Tls;
  Fd socket_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace holdfast::http
