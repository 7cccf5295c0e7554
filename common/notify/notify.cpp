// SPDX-License-Identifier: Apache-2.0
#include "common/notify/notify.hpp"

#include "common/protocol/variables.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "common/text/utf8.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace holdfast::notify {

namespace {

const std::string* find_set(const Environ& environ, const std::string& name) {
  const auto found = environ.find(name);
  return found == environ.end() || found->second.empty() ? nullptr : &found->second;
}

Result<std::int64_t> parse_positive(const std::string& name, const std::string& text) {
  const auto value = text::parse_number<std::int64_t>(text);
  if (!value || *value <= 0) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{}='{}' is not a number", name, text));
  }
  return *value;
}

Result<std::optional<Duration>> read_watchdog(const Environ& environ, pid_t pid) {
  const std::string* const usec = find_set(environ, protocol::kWatchdogUsec);
  if (usec == nullptr) return std::nullopt;
  HOLDFAST_TRY_ASSIGN(const std::int64_t microseconds,
                      parse_positive(protocol::kWatchdogUsec, *usec));
  if (const std::string* const text = find_set(environ, protocol::kWatchdogPid)) {
    HOLDFAST_TRY_ASSIGN(const std::int64_t watched, parse_positive(protocol::kWatchdogPid, *text));
    if (watched != pid) return std::nullopt;
  }
  constexpr std::int64_t kLongest = Duration::max().count() / 1000;
  return Duration(std::min(microseconds, kLongest) * 1000 / 2);
}

// sd_notify(3): '/' begins a path, '@' an abstract name whose first byte is then NUL.
Result<socklen_t> fill_address(const std::string& name, sockaddr_un& address) {
  const bool abstract = name.front() == '@';
  if ((!abstract && name.front() != '/') || name.size() < 2) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("{}='{}' is neither an absolute path nor '@name'",
                            protocol::kNotifySocket, name));
  }
  // A path ends with a NUL; an abstract name does not.
  const std::size_t room = sizeof address.sun_path - (abstract ? 0 : 1);
  if (name.size() > room) {
    return fail(ErrorKind::InvalidArgument, fmt::format("{}='{}' is longer than {} bytes",
                                                        protocol::kNotifySocket, name, room));
  }
  address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), address.sun_path);
  if (abstract) address.sun_path[0] = '\0';
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1));
}

std::string one_line(std::string_view text) {
  std::string out(text::truncate_utf8(text, Notifier::kMaxStatus));
  std::replace_if(out.begin(), out.end(), text::is_control, ' ');
  return out;
}

std::string with_status(std::string_view state, std::string_view status) {
  std::string out(state);
  if (!status.empty()) out += "\nSTATUS=" + one_line(status);
  return out;
}

}  // namespace

Result<Notifier> Notifier::from_environment(const Environ& environ, pid_t pid) {
  Notifier notifier;
  HOLDFAST_TRY_ASSIGN(notifier.watchdog_interval_, read_watchdog(environ, pid));
  const std::string* const name = find_set(environ, protocol::kNotifySocket);
  if (name == nullptr) {
    notifier.watchdog_interval_.reset();  // there is nobody to send it to
    return notifier;
  }
  HOLDFAST_TRY_ASSIGN(notifier.address_size_, fill_address(*name, notifier.address_));
  notifier.socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!notifier.socket_) return fail_errno(errno, "create a socket for NOTIFY_SOCKET");
  return notifier;
}

Result<void> Notifier::send(std::string_view state) const {
  if (!active()) return {};
  if (state.empty()) return fail(ErrorKind::InvalidArgument, "a notification must not be empty");
  for (;;) {
    // Not a connected socket, because the manager may replace its own.
    const ssize_t sent =
        ::sendto(socket_.get(), state.data(), state.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address_), address_size_);
    if (sent >= 0) return {};
    if (errno == EINTR) continue;
    if (errno == ENOBUFS) {
      return fail(Error{ErrorKind::ResourceExhausted, "notify: no buffer space", ENOBUFS});
    }
    return fail_errno(errno, "notify");
  }
}

namespace {

// Sends `state` with one control message.
template <class Payload>
Result<void> send_with(int socket, const sockaddr_un& address, socklen_t address_size,
                       std::string_view state, int type, const Payload& payload) {
  iovec part{const_cast<char*>(state.data()), state.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(Payload))> control{};
  msghdr message{};
  message.msg_name = const_cast<sockaddr_un*>(&address);
  message.msg_namelen = address_size;
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof(Payload));
  std::memcpy(CMSG_DATA(header), &payload, sizeof(Payload));
  while (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return fail_errno(errno, "notify");
  }
  return {};
}

}  // namespace

Result<void> Notifier::send_as(pid_t sender, std::string_view state) const {
  if (!active()) return {};
  if (state.empty()) return fail(ErrorKind::InvalidArgument, "a notification must not be empty");
  const ucred credentials{sender, ::getuid(), ::getgid()};
  return send_with(socket_.get(), address_, address_size_, state, SCM_CREDENTIALS, credentials);
}

// sd_notify_barrier(3): the receiver closes what comes with it, in the order of arrival.
Result<void> Notifier::wait_until_read(Duration timeout) const {
  if (!active()) return {};
  HOLDFAST_TRY_ASSIGN(PipeFds pipe, make_pipe());
  HOLDFAST_TRY(
      send_with(socket_.get(), address_, address_size_, "BARRIER=1", SCM_RIGHTS, pipe.write.get()));
  pipe.write.reset();
  pollfd closed{pipe.read.get(), 0, 0};
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  int count = 0;
  do {
    count = ::poll(&closed, 1, static_cast<int>(ms));
  } while (count < 0 && errno == EINTR);
  if (count < 0) return fail_errno(errno, "notify");
  if (count == 0) return fail(ErrorKind::DeadlineExceeded, "notify: nobody has read the message");
  return {};
}

Result<void> Notifier::ready(std::string_view status) const {
  return send(with_status("READY=1", status));
}

Result<void> Notifier::status(std::string_view text) const {
  return send(status_line(text));
}

std::string Notifier::status_line(std::string_view text) {
  return "STATUS=" + one_line(text);
}

Result<void> Notifier::watchdog() const {
  return send("WATCHDOG=1");
}

Result<void> Notifier::stopping(std::string_view status) const {
  return send(with_status("STOPPING=1", status));
}

Result<void> Notifier::reloading(MonoTime now) const {
  const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  return send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", usec.count()));
}

}  // namespace holdfast::notify
