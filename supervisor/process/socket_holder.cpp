// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/socket_holder.hpp"

#include "common/os/fd.hpp"
#include "common/os/proc.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace holdfast::supervisor::process {

namespace {

constexpr std::size_t kMaxDescendants = 4096;

// One exact question to the kernel and its answer, both as netlink(7) has them.
class Diagnosis {
 public:
  template <class Request>
  Result<void> ask(const Request& request) {
    const Fd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!netlink) return fail_errno(errno, "open sock_diag");
    struct {
      nlmsghdr header;
      Request request;
    } message{};
    message.header.nlmsg_len = sizeof message;
    message.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    message.header.nlmsg_flags = NLM_F_REQUEST;
    message.request = request;
    if (::send(netlink.get(), &message, sizeof message, 0) < 0)
      return fail_errno(errno, "ask sock_diag");
    // The kernel has answered by the time that send() returns.
    const ssize_t got = ::recv(netlink.get(), answer_.data(), answer_.size(), MSG_DONTWAIT);
    if (got < 0) return fail_errno(errno, "read from sock_diag");
    size_ = static_cast<std::size_t>(got);
    nlmsghdr header{};
    if (size_ < sizeof header) return fail(ErrorKind::DataLoss, "sock_diag: a short answer");
    std::memcpy(&header, answer_.data(), sizeof header);
    if (header.nlmsg_type != NLMSG_ERROR) return {};
    nlmsgerr error{};
    if (size_ >= NLMSG_LENGTH(sizeof error))
      std::memcpy(&error, answer_.data() + NLMSG_HDRLEN, sizeof error);
    return fail_errno(-error.error, "sock_diag");
  }

  // What follows the message's header and `offset` more bytes.
  template <class T>
  std::optional<T> read(std::size_t offset) const {
    T value{};
    if (NLMSG_HDRLEN + offset + sizeof value > size_) return {};
    std::memcpy(&value, answer_.data() + NLMSG_HDRLEN + offset, sizeof value);
    return value;
  }

 private:
  std::array<char, 8192> answer_{};
  std::size_t size_ = 0;
};

Failure unavailable(const std::string& why) {
  return fail(ErrorKind::Unavailable, why);
}

struct Endpoint {
  std::array<__be32, 4> address{};
  __be16 port = 0;
};

Endpoint endpoint_of(const sockaddr_storage& from) {
  Endpoint endpoint;
  if (from.ss_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, &from, sizeof address);
    endpoint.address[0] = address.sin_addr.s_addr;
    endpoint.port = address.sin_port;
  } else {
    sockaddr_in6 address{};
    std::memcpy(&address, &from, sizeof address);
    std::memcpy(endpoint.address.data(), &address.sin6_addr, sizeof endpoint.address);
    endpoint.port = address.sin6_port;
  }
  return endpoint;
}

void store(const Endpoint& endpoint, __be32 (&address)[4], __be16& port) {
  std::copy(endpoint.address.begin(), endpoint.address.end(), address);
  port = endpoint.port;
}

// Of a connection that no process has: nobody has accepted it yet, or whoever did has closed it.
// Our own end tells these apart, also when the kernel has forgotten the other one.
Result<std::uint64_t> nobody_has(int fd) {
  pollfd state{fd, POLLRDHUP, 0};
  if (::poll(&state, 1, 0) <= 0) return std::uint64_t{0};
  if ((state.revents & POLLERR) != 0) return fail_errno(ECONNRESET, "the connection");
  return unavailable("the other end has closed the connection already");
}

Result<std::uint64_t> accepted_tcp(int fd, const sockaddr_storage& own,
                                   const sockaddr_storage& peer) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<__u8>(own.ss_family);
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = ~0U;
  // Seen from the other end.
  store(endpoint_of(peer), request.id.idiag_src, request.id.idiag_sport);
  store(endpoint_of(own), request.id.idiag_dst, request.id.idiag_dport);
  request.id.idiag_cookie[0] = request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  Diagnosis diagnosis;
  if (const auto asked = diagnosis.ask(request); !asked) return unavailable(asked.error().message);
  const auto answer = diagnosis.read<inet_diag_msg>(0);
  if (!answer) return unavailable("sock_diag: a short answer");
  // Without a connection of these addresses the kernel names the listener.
  if (answer->id.idiag_dport != request.id.idiag_dport || answer->idiag_inode == 0)
    return nobody_has(fd);
  return std::uint64_t{answer->idiag_inode};
}

Result<std::uint64_t> accepted_unix(int fd) {
  struct stat own {};
  if (::fstat(fd, &own) != 0) return fail_errno(errno, "stat a socket");
  unix_diag_req request{};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = ~0U;
  request.udiag_ino = static_cast<__u32>(own.st_ino);
  request.udiag_show = UDIAG_SHOW_PEER;
  request.udiag_cookie[0] = request.udiag_cookie[1] = ~0U;
  Diagnosis diagnosis;
  if (const auto asked = diagnosis.ask(request); !asked) return unavailable(asked.error().message);
  std::size_t at = NLMSG_ALIGN(sizeof(unix_diag_msg));
  while (const auto attribute = diagnosis.read<nlattr>(at)) {
    if (attribute->nla_type == UNIX_DIAG_PEER) {
      const std::uint32_t inode = diagnosis.read<__u32>(at + NLA_HDRLEN).value_or(0);
      if (inode == 0) return nobody_has(fd);
      return std::uint64_t{inode};
    }
    at += NLA_ALIGN(std::max<std::size_t>(attribute->nla_len, NLA_HDRLEN));
  }
  return unavailable("sock_diag: the other end is not known");
}

enum class Holds { Yes, No, Hidden };

Holds holds(pid_t pid, std::string_view socket) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(
      ::opendir(fmt::format("/proc/{}/fd", pid).c_str()), ::closedir);
  if (directory == nullptr) return errno == ENOENT ? Holds::No : Holds::Hidden;
  while (const dirent* entry = ::readdir(directory.get())) {
    std::array<char, 64> target{};
    const ssize_t length =
        ::readlinkat(::dirfd(directory.get()), entry->d_name, target.data(), target.size());
    if (length > 0 && std::string_view(target.data(), static_cast<std::size_t>(length)) == socket)
      return Holds::Yes;
  }
  return Holds::No;
}

std::vector<pid_t> with_descendants(pid_t leader) {
  std::vector<pid_t> pids{leader};
  for (std::size_t i = 0; i < pids.size() && pids.size() < kMaxDescendants; ++i) {
    for (const pid_t child : child_processes(pids[i]))
      pids.push_back(child);
  }
  return pids;
}

bool belongs_to(pid_t pid, const WorkerProcesses& worker) {
  if (::getsid(pid) == worker.leader) return true;
  return !worker.identity.empty() && has_environment(pid, worker.identity).value_or(false);
}

}  // namespace

Result<std::uint64_t> accepted_socket(int fd) {
  sockaddr_storage own{};
  sockaddr_storage peer{};
  socklen_t own_size = sizeof own;
  socklen_t peer_size = sizeof peer;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) != 0 ||
      ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) {
    if (errno == ENOTCONN) return fail_errno(ECONNRESET, "the connection");
    return fail_errno(errno, "read the addresses of a connection");
  }
  return own.ss_family == AF_UNIX ? accepted_unix(fd) : accepted_tcp(fd, own, peer);
}

Holder find_holder(std::uint64_t socket, const WorkerProcesses& worker) {
  const std::string name = fmt::format("socket:[{}]", socket);
  for (const pid_t pid : with_descendants(worker.leader)) {
    if (holds(pid, name) == Holds::Yes) return {Holder::Kind::Worker, pid, {}};
  }
  Holder found;
  for (const pid_t pid : list_processes()) {
    if (holds(pid, name) != Holds::Yes) continue;
    if (belongs_to(pid, worker)) return {Holder::Kind::Worker, pid, {}};
    const auto stat = read_process_stat(pid);
    found = {Holder::Kind::Other, pid, stat ? stat->name : "?"};
  }
  return found;
}

}  // namespace holdfast::supervisor::process
