// SPDX-License-Identifier: Apache-2.0
#include "common/http/server.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>
#include <memory>

namespace holdfast::http {
namespace {

constexpr mode_t kUnixMode = 0660;

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("listen on unix:{}: the path must have 1 to {} bytes", path,
                            sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// A socket file that nobody listens on is left over from a process that was killed.
Result<void> remove_stale(const sockaddr_un& address, const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno(errno, "look at " + path);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return fail(ErrorKind::Conflict, fmt::format("{} exists and is not a socket", path));
  }
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) return fail_errno(errno, "make a socket");
  const int answer =
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (answer == 0 || errno != ECONNREFUSED) {  // EAGAIN: alive, with a full backlog
    return fail(ErrorKind::Conflict, fmt::format("{} is in use by another process", path));
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "remove " + path);
  return {};
}

Result<Fd> listen_unix(const std::string& path, int backlog) {
  HOLDFAST_TRY_ASSIGN(const sockaddr_un address, unix_address(path));
  HOLDFAST_TRY(remove_stale(address, path));
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "make a socket");
  // On Linux the socket's own mode, less the umask, becomes the file's: nobody else can connect in
  // between. What the umask took away is given back before there is a backlog.
  if (::fchmod(fd.get(), kUnixMode) != 0) return fail_errno(errno, "set the mode of " + path);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, "bind unix:" + path);
  }
  if (::chmod(path.c_str(), kUnixMode) != 0) return fail_errno(errno, "set the mode of " + path);
  if (::listen(fd.get(), backlog) != 0) return fail_errno(errno, "listen on unix:" + path);
  return fd;
}

struct HostPort {
  std::string host;
  std::string port;
};

Result<HostPort> split_host_port(std::string_view text) {
  const auto malformed = [&] {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("listen on '{}': expected host:port, [v6]:port or unix:/path", text));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.empty() || host.find(':') != std::string_view::npos) {
    return malformed();
  }
  std::uint16_t number = 0;
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || stop != port.data() + port.size()) return malformed();
  return HostPort{std::string(host), std::string(port)};
}

Result<Fd> listen_on(const addrinfo& address, std::string_view text, int backlog) {
  Fd fd(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno(errno, "make a socket");
  const int on = 1;
  const int off = 0;
  // A restart must not wait for the old connections' TIME_WAIT.
  std::ignore = ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ai_family == AF_INET6) {
    std::ignore = ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
    return fail_errno(errno, fmt::format("bind {}", text));
  }
  if (::listen(fd.get(), backlog) != 0) return fail_errno(errno, fmt::format("listen on {}", text));
  return fd;
}

}  // namespace

Result<Fd> open_listener(std::string_view address, int backlog) {
  constexpr std::string_view kUnix = "unix:";
  if (address.substr(0, kUnix.size()) == kUnix) {
    return listen_unix(std::string(address.substr(kUnix.size())), backlog);
  }
  HOLDFAST_TRY_ASSIGN(const HostPort parts, split_host_port(address));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(parts.host.c_str(), parts.port.c_str(), &hints, &found);
  if (error != 0) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("listen on '{}': {}", address, ::gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  Result<Fd> last = fail(ErrorKind::InvalidArgument, "no address");
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    last = listen_on(*entry, address, backlog);
    if (last) return last;
  }
  return last;
}

}  // namespace holdfast::http
