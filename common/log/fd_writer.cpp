// SPDX-License-Identifier: Apache-2.0
#include "common/log/fd_writer.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace holdfast::log {

void FdWriter::give_up_at(MonoTime deadline) {
  give_up_.store(deadline.time_since_epoch().count(), std::memory_order_relaxed);
}

bool FdWriter::wait_writable() {
  const MonoTime since = std::chrono::steady_clock::now();
  MonoTime now = since;
  for (;;) {
    const MonoTime give_up{MonoTime::duration(give_up_.load(std::memory_order_relaxed))};
    const bool last_round = now >= give_up || (mode_ == Mode::Direct && now - since >= kPatience);
    // Short rounds: the deadline may be set while this waits.
    constexpr int kRoundMs = 50;
    pollfd waited{fd_, POLLOUT, 0};
    const int ready = ::poll(&waited, 1, last_round ? 0 : kRoundMs);
    if (ready > 0) return (waited.revents & (POLLERR | POLLNVAL)) == 0;
    if (last_round || (ready < 0 && errno != EINTR)) return false;
    now = std::chrono::steady_clock::now();
  }
}

// Writes once and removes what was written from `rest`; false if it must give up.
bool FdWriter::write_some(std::string_view& rest) {
  std::size_t size = rest.size();
  if (mode_ == Mode::Interruptible) {
    if (!wait_writable()) return false;
    // poll(2) promises room for PIPE_BUF bytes in a pipe, and no more.
    size = std::min<std::size_t>(size, PIPE_BUF);
  }
  const ssize_t written = ::write(fd_, rest.data(), size);
  if (written >= 0) {
    rest.remove_prefix(static_cast<std::size_t>(written));
    return true;
  }
  if (errno == EINTR) return true;
  if (errno != EAGAIN) return false;
  return mode_ == Mode::Interruptible || wait_writable();
}

bool FdWriter::write_all(std::string_view& rest) {
  while (!rest.empty()) {
    if (!write_some(rest)) return false;
  }
  return true;
}

void FdWriter::write(std::string_view lines) {
  std::string_view newline = owes_newline_ ? "\n" : "";
  std::string_view rest = lines;
  if (write_all(newline)) {
    owes_newline_ = false;
    if (write_all(rest)) return;
    // The next line must not be appended to a part of this one.
    const std::size_t written = lines.size() - rest.size();
    owes_newline_ = written > 0 && lines[written - 1] != '\n';
  }
  dropped_.fetch_add(static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n')),
                     std::memory_order_relaxed);
}

}  // namespace holdfast::log
