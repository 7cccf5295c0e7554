// SPDX-License-Identifier: Apache-2.0
#pragma once

// Child: the passive handle of one launched process. It is told by the pidfd that the process has
// ended, reaps it once and says how; it decides nothing and kills nothing by itself, but for one
// thing: what is left of the process group when its leader ends gets SIGKILL. That is done while
// the leader still is a zombie, as its pid (and so the group's number) cannot be given to somebody
// else before it is reaped.
//
// Threads: the io_context's. Destroying a Child of a running process leaves the process alone.

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
  // Called once, from the io_context. An error means that the status is lost (somebody else waited
  // for our child); the process is gone all the same. May destroy the Child.
  using OnExit = std::function<void(Result<core::ExitStatus>)>;

  // Throws boost::system::system_error if the pidfd cannot be watched (no memory for epoll).
  Child(boost::asio::io_context& io, Launched launched, OnExit on_exit);

  pid_t pid() const { return pid_; }
  bool reaped() const { return reaped_; }

  // To the process, or to its whole group. NotFound once it has been reaped: never to a stranger
  // that got its number.
  Result<void> signal(int signal, bool group);

 private:
  void watch();
  void on_readable();
  void finish(Result<core::ExitStatus> status);

  pid_t pid_;
  boost::asio::posix::stream_descriptor pidfd_;
  OnExit on_exit_;
  bool reaped_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // a queued handler may outlive us
};

}  // namespace holdfast::supervisor::process
