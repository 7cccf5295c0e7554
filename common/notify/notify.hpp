// SPDX-License-Identifier: Apache-2.0
#pragma once

// Notifier: reports the state of this process to its service manager by sd_notify(3), with
// datagrams of "KEY=value" lines to the socket named by NOTIFY_SOCKET. A worker reports to the
// supervisor, the supervisor to systemd. Without NOTIFY_SOCKET every call succeeds and does
// nothing.
//
// Threads: send() and the helpers may be called from any. Owns its socket. Never blocks: if the
// manager does not keep up, the error is Unavailable or ResourceExhausted and the caller may retry.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::notify {

using Environ = std::map<std::string, std::string>;

class Notifier {
 public:
  Notifier() = default;  // inactive

  // NOTIFY_SOCKET is "/path" or "@abstract". Anything else is InvalidArgument, and so is a
  // WATCHDOG_USEC or WATCHDOG_PID that is not a number. `pid` is this process's own.
  static Result<Notifier> from_environment(const Environ& environ, pid_t pid);

  bool active() const { return static_cast<bool>(socket_); }

  // `state` is sent as it is: one or more "KEY=value" lines, separated by newlines.
  Result<void> send(std::string_view state) const;

  // As `sender`, whose message it then is: for a script's helper, whose own pid nobody knows. Only
  // root may name another process than itself; PermissionDenied for others.
  Result<void> send_as(pid_t sender, std::string_view state) const;
  // Waits until everything sent so far has been read: the receiver asks the kernel about a sender,
  // which must not have exited by then. DeadlineExceeded if that takes longer. Blocks.
  Result<void> wait_until_read(Duration timeout) const;

  // Newlines and control characters in a status become spaces, so that a status cannot inject
  // another key. It is truncated to kMaxStatus bytes, at a character boundary.
  Result<void> ready(std::string_view status = {}) const;
  Result<void> status(std::string_view text) const;
  static std::string status_line(std::string_view text);  // what status() sends
  Result<void> watchdog() const;
  Result<void> stopping(std::string_view status = {}) const;
  // RELOADING=1 with the monotonic time that systemd requires of Type=notify-reload.
  Result<void> reloading(MonoTime now) const;

  // How often to call watchdog(): half of WATCHDOG_USEC, as sd_watchdog_enabled(3) advises. Nothing
  // if there is no watchdog, or if the variable is addressed to another process.
  std::optional<Duration> watchdog_interval() const { return watchdog_interval_; }

  static constexpr std::size_t kMaxStatus = 1024;

 private:
  Fd socket_;
  sockaddr_un address_{};
  socklen_t address_size_ = 0;
  std::optional<Duration> watchdog_interval_;
};

}  // namespace holdfast::notify
