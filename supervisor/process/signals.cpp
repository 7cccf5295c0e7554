// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/signals.hpp"

#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace holdfast::supervisor::process {

namespace {

sigset_t to_set(SignalSet signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals)
    ::sigaddset(&set, signal);
  return set;
}

}  // namespace

Result<void> block_signals(SignalSet signals) {
  const sigset_t set = to_set(signals);
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr)) {
    return fail_errno(error, "block signals");
  }
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);  // if it was ignored, exit statuses would be lost
  return {};
}

Result<std::unique_ptr<SignalSource>> SignalSource::open(boost::asio::io_context& io,
                                                         OnSignal on_signal, SignalSet signals) {
  const sigset_t set = to_set(signals);
  const int fd = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "signalfd");
  return std::make_unique<SignalSource>(io, fd, std::move(on_signal));
}

SignalSource::SignalSource(boost::asio::io_context& io, int signalfd, OnSignal on_signal)
    : signalfd_(io, signalfd), on_signal_(std::move(on_signal)) {
  watch();
}

void SignalSource::watch() {
  signalfd_.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [this, alive = std::weak_ptr<char>(alive_)](boost::system::error_code error) {
        if (!error && !alive.expired()) read_pending();
      });
}

void SignalSource::read_pending() {
  std::array<signalfd_siginfo, 16> pending;
  const ssize_t bytes = ::read(signalfd_.native_handle(), pending.data(), sizeof pending);
  const std::size_t count = bytes > 0 ? static_cast<std::size_t>(bytes) / sizeof pending[0] : 0;
  for (std::size_t i = 0; i < count; ++i) {
    on_signal_(static_cast<int>(pending[i].ssi_signo), static_cast<pid_t>(pending[i].ssi_pid));
  }
  watch();  // the rest in the next turn: a flood of signals must not block the loop
}

}  // namespace holdfast::supervisor::process
