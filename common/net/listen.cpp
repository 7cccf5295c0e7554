// SPDX-License-Identifier: Apache-2.0
#include "common/net/listen.hpp"

#include "common/net/address.hpp"
#include "common/net/host_port.hpp"
#include "common/net/refuse_descriptors.hpp"
#include "common/os/plain_file.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>

namespace holdfast::net {

namespace {

constexpr std::uint32_t kMaxBacklog = 65535;

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

template <class Address>
SocketAddress to_socket_address(const Address& address) {
  SocketAddress out;
  std::memcpy(&out.storage, &address, sizeof address);
  out.size = sizeof address;
  return out;
}

Result<SocketAddress> unix_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& name = path.native();
  if (name.empty() || name.size() > kMaxUnixPath) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("the path of the socket '{}' has {} bytes, and the system takes 1 to "
                            "{}: choose a shorter directory",
                            name, name.size(), kMaxUnixPath));
  }
  std::memcpy(address.sun_path, name.data(), name.size());
  return to_socket_address(address);
}

SocketAddress ip_address(const ListenAddress& address) {
  if (address.kind == ListenAddress::Kind::Ip6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    ::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr);
    return to_socket_address(v6);
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address.port);
  ::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr);
  return to_socket_address(v4);
}

Result<Fd> make_socket(int family, int type) {
  Fd fd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "make a socket");
  return fd;
}

int to_backlog(std::uint32_t backlog) {
  return static_cast<int>(std::min(backlog, kMaxBacklog));
}

Failure fail_with_advice(int os_error, std::string_view text, std::uint16_t port) {
  Error error = fail_errno(os_error, fmt::format("listen on {}", text)).value();
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

Result<Fd> listen_tcp(const ListenAddress& listen, std::string_view text, std::uint32_t backlog,
                      BoundBeside beside) {
  const SocketAddress address = ip_address(listen);
  HOLDFAST_TRY_ASSIGN(Fd fd, make_socket(address.storage.ss_family, SOCK_STREAM));
  const int on = 1;
  const int off = 0;
  // A restart must not wait for the TIME_WAIT of old connections.
  std::ignore = ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (listen.kind == ListenAddress::Kind::Ip6) {
    std::ignore = ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (beside == BoundBeside::OfSameUser) let_bind_beside(fd.get(), true);
  if (::bind(fd.get(), address.get(), address.size) != 0 ||
      ::listen(fd.get(), to_backlog(backlog)) != 0) {
    return fail_with_advice(errno, text, listen.port);
  }
  // As it is without: those who share it may look.
  if (beside == BoundBeside::OfSameUser) let_bind_beside(fd.get(), false);
  return fd;
}

// Whether there is a socket at `path`; a Conflict if there is another kind of file.
Result<bool> socket_exists(const std::filesystem::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return false;
    return fail_errno(errno, fmt::format("look at '{}'", path.native()));
  }
  if (!S_ISSOCK(info.st_mode)) {
    return fail_errno(EADDRINUSE, fmt::format("'{}' exists and is not a socket", path.native()));
  }
  return true;
}

// Only a refused connection proves that nobody listens: EAGAIN means a full backlog, EACCES says
// nothing.
Result<bool> in_use(const SocketAddress& address) {
  HOLDFAST_TRY_ASSIGN(const Fd probe, make_socket(AF_UNIX, SOCK_STREAM));
  refuse_descriptors(probe.get());
  if (::connect(probe.get(), address.get(), address.size) == 0) return true;
  return errno != ECONNREFUSED && errno != ENOENT;
}

}  // namespace

Result<Fd> bind_unix_socket(int type, const std::filesystem::path& path, mode_t mode,
                            Descriptors descriptors) {
  HOLDFAST_TRY_ASSIGN(const SocketAddress address, unix_address(path));
  HOLDFAST_TRY_ASSIGN(const bool replaces, socket_exists(path));
  if (replaces && ::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail_errno(errno, fmt::format("remove '{}'", path.native()));
  }
  HOLDFAST_TRY_ASSIGN(Fd fd, make_socket(AF_UNIX, type));
  if (descriptors == Descriptors::Refused) refuse_descriptors(fd.get());
  // bind(2) gives the file the mode of the socket less the umask: nobody else can connect before
  // the mode is set, which only gives back what the umask took.
  if (::fchmod(fd.get(), mode) != 0 || ::bind(fd.get(), address.get(), address.size) != 0)
    return fail_errno(errno, fmt::format("make the socket '{}'", path.native()));
  // Of the file itself: where others can write, they may have put a link in its place.
  HOLDFAST_TRY_ASSIGN(const HeldFile file, HeldFile::hold(path));
  if (!S_ISSOCK(file.info().st_mode))
    return fail(ErrorKind::Conflict, fmt::format("'{}' was replaced", path.native()));
  HOLDFAST_TRY(file.set_mode(mode));
  return fd;
}

Result<Fd> listen_unix_socket(const std::filesystem::path& path, mode_t mode, std::uint32_t backlog,
                              Descriptors descriptors) {
  HOLDFAST_TRY_ASSIGN(const SocketAddress address, unix_address(path));
  HOLDFAST_TRY_ASSIGN(const bool exists, socket_exists(path));
  if (exists) {
    HOLDFAST_TRY_ASSIGN(const bool used, in_use(address));
    if (used) {
      return fail(ErrorKind::Conflict,
                  fmt::format("another program already listens on '{}'", path.native()));
    }
  }
  HOLDFAST_TRY_ASSIGN(Fd fd, bind_unix_socket(SOCK_STREAM, path, mode, descriptors));
  if (::listen(fd.get(), to_backlog(backlog)) != 0) {
    return fail_errno(errno, fmt::format("listen on '{}'", path.native()));
  }
  return fd;
}

void let_bind_beside(int listener, bool let) {
  const int on = let ? 1 : 0;
  std::ignore = ::setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
}

Result<Fd> open_listener(std::string_view text, std::uint32_t backlog, BoundBeside beside) {
  HOLDFAST_TRY_ASSIGN(const ListenAddress address, parse_listen_address(text));
  if (address.kind == ListenAddress::Kind::Unix) {
    return listen_unix_socket(address.path, kUnixListenerMode, backlog, Descriptors::Taken);
  }
  return listen_tcp(address, text, backlog, beside);
}

bool is_shut_down(int listener) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) return false;
  if (listening == 0) return true;
  // A Unix socket goes on listening by name.
  pollfd state{listener, POLLRDHUP, 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & (POLLRDHUP | POLLHUP)) != 0;
}

Result<void> listen_again(int listener, std::string_view text, std::uint32_t backlog) {
  HOLDFAST_TRY_ASSIGN(const ListenAddress listen, parse_listen_address(text));
  if (listen.kind == ListenAddress::Kind::Unix) {
    return fail(ErrorKind::InvalidArgument, "a Unix socket that was shut down cannot listen again");
  }
  // A port that the kernel chose was given back; one that was asked for is still ours (EINVAL).
  const SocketAddress address = ip_address(listen);
  if (::bind(listener, address.get(), address.size) != 0 && errno != EINVAL)
    return fail_with_advice(errno, text, listen.port);
  if (::listen(listener, to_backlog(backlog)) != 0)
    return fail_with_advice(errno, text, listen.port);
  return {};
}

Result<std::string> address_of(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (::getsockname(socket, address, &size) != 0) return fail_errno(errno, "getsockname");
  if (storage.ss_family == AF_UNIX) {
    return fmt::format("unix:{}", reinterpret_cast<sockaddr_un*>(&storage)->sun_path);
  }
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getnameinfo(address, size, host.data(), host.size(), port.data(), port.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return fail(ErrorKind::Internal, "getnameinfo: not an address of a known family");
  }
  return fmt::format("{}:{}", bracket_host(host.data()), port.data());
}

}  // namespace holdfast::net
