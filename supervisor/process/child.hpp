// SPDX-License-Identifier: Apache-2.0
#pragma once

// Child: the handle of one launched process. It learns from the pidfd that the process has ended,
// reaps it once and reports its exit status. Until it is reaped it is a zombie, and its pid, and so
// the number of its group, cannot be reused: what is left of the group can be found and signalled
// safely then.
//
// Threads: the io_context's. Destroying a Child does not affect a process that still runs.

#include "common/base/result.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/process/launcher.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/types.h>

#include <functional>
#include <memory>

namespace holdfast::supervisor::process {

class Child {
 public:
  // Called once, from the io_context. An error means that the status is lost (something else has
  // reaped our child); the process has ended all the same. May destroy the Child.
  using OnExit = std::function<void(Result<core::ExitStatus>)>;

  // What happens when the process ends, before it is reaped.
  enum class AtExit {
    KillGroup,  // what is left of its group gets SIGKILL
    Hold,       // nothing: OnExit is called, and it stays a zombie until reap()
  };

  // Throws boost::system::system_error if the pidfd cannot be watched (no memory for epoll).
  Child(boost::asio::io_context& io, Launched launched, OnExit on_exit,
        AtExit at_exit = AtExit::KillGroup);

  pid_t pid() const { return pid_; }
  bool reaped() const { return reaped_; }
  void reap();  // one that is held

  // To the process, or to its whole group. NotFound once it has been reaped, so that a process that
  // was given the same pid later is never signalled.
  Result<void> signal(int signal, bool group);

 private:
  void watch();
  void on_readable();
  void finish(Result<core::ExitStatus> status);

  pid_t pid_;
  boost::asio::posix::stream_descriptor pidfd_;
  OnExit on_exit_;
  AtExit at_exit_;
  bool reaped_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // a queued handler may outlive us
};

}  // namespace holdfast::supervisor::process
