// SPDX-License-Identifier: Apache-2.0
#pragma once

// SignalSource: signals as events on the loop, by signalfd(2). There are no handlers, so nothing
// ever runs in signal context. The kernel keeps signals pending until they are read, but may merge
// several of one kind: treat each as "at least one".
//
// Threads: call block_signals() in the main thread before any other thread starts, as threads
// inherit the mask. The rest belongs to the io_context's thread.

#include "common/base/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <signal.h>
#include <sys/types.h>

#include <functional>
#include <initializer_list>
#include <memory>

namespace holdfast::supervisor::process {

using SignalSet = std::initializer_list<int>;
// SIGUSR2 and SIGALRM have no meaning; they are here so that they do not end the supervisor.
inline constexpr SignalSet kSupervisorSignals = {SIGTERM, SIGINT,  SIGQUIT, SIGHUP,
                                                 SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD};

// Blocks them in this thread. Ignores SIGPIPE: a closed pipe is an error of write(2).
Result<void> block_signals(SignalSet signals = kSupervisorSignals);

class SignalSource {
 public:
  // `sender`: the pid of the process that called kill(2), 0 for the kernel. Must not destroy the
  // SignalSource.
  using OnSignal = std::function<void(int signal, pid_t sender)>;

  static Result<std::unique_ptr<SignalSource>> open(boost::asio::io_context& io, OnSignal on_signal,
                                                    SignalSet signals = kSupervisorSignals);

  SignalSource(boost::asio::io_context& io, int signalfd, OnSignal on_signal);  // see open()

 private:
  void watch();
  void read_pending();

  boost::asio::posix::stream_descriptor signalfd_;
  OnSignal on_signal_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace holdfast::supervisor::process
