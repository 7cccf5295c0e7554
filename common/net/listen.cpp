// SPDX-License-Identifier: Apache-2.0
#include "common/net/listen.hpp"

#include "common/net/unix_socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

namespace holdfast::supervisor::process {

namespace {

constexpr std::string_view kUnix = "unix:";
constexpr mode_t kUnixMode = 0660;

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

Failure fail_with_advice(int os_error, const std::string& address, std::string_view port) {
  Error error = fail_errno(os_error, fmt::format("listen on {}", address)).value();
  if (os_error == EADDRINUSE) {
    error.message += fmt::format(
        "; another program has this port (`ss -ltnp 'sport = :{}'` names it): stop it, or choose "
        "another address",
        port);
  } else if (os_error == EADDRNOTAVAIL) {
    error.message += "; this machine does not have that address (`ip address` lists what it has)";
  } else if (os_error == EACCES) {
    error.message +=
        "; ports below 1024 need CAP_NET_BIND_SERVICE: choose a higher one, or let systemd open "
        "it (holdfast.socket)";
  }
  return fail(std::move(error));
}

Result<Fd> listen_on(const addrinfo& info, const std::string& address, std::string_view port,
                     int backlog) {
  Fd fd(::socket(info.ai_family, info.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_with_advice(errno, address, port);
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (info.ai_family == AF_INET6) {
    ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(fd.get(), info.ai_addr, info.ai_addrlen) != 0 || ::listen(fd.get(), backlog) != 0) {
    return fail_with_advice(errno, address, port);
  }
  return fd;
}

}  // namespace

Result<HostPort> parse_host_port(std::string_view address) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is not an address: {}; write host:port, [v6]:port or unix:/path",
                            address, why));
  };
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return bad("it has no port");
  std::string_view host = address.substr(0, colon);
  const std::string_view port = address.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size()) {
    return bad("the port is a number up to 65535");
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad("an IPv6 address stands in brackets");
  }
  if (host.empty()) return bad("it has no host (0.0.0.0 is every IPv4 address of this machine)");
  return HostPort{std::string(host), std::string(port)};
}

Result<Fd> open_socket(const std::string& address, std::uint32_t backlog) {
  const int queue = static_cast<int>(std::min<std::uint32_t>(backlog, 65535));
  if (address.starts_with(kUnix)) {
    return listen_unix_socket(address.substr(kUnix.size()), kUnixMode, queue);
  }
  HOLDFAST_TRY_ASSIGN(const HostPort parsed, parse_host_port(address));
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(parsed.host.c_str(), parsed.port.c_str(), &hints, &list);
  if (error != 0) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("listen on {}: {}", address, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, FreeAddresses> owner(list);
  return listen_on(*list, address, parsed.port, queue);
}

Result<std::string> address_of(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(socket, address, &size) != 0) return fail_errno(errno, "getsockname");
  if (storage.ss_family == AF_UNIX) {
    return fmt::format("{}{}", kUnix, reinterpret_cast<sockaddr_un*>(&storage)->sun_path);
  }
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getnameinfo(address, size, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return fail(ErrorKind::Internal, "getnameinfo: not an address of a known family");
  }
  return storage.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host.data(), port.data())
                                       : fmt::format("{}:{}", host.data(), port.data());
}

}  // namespace holdfast::supervisor::process
