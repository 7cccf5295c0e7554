// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reaper: buries strangers. As a child subreaper (or as PID 1) the supervisor inherits what its
// workers left behind; those are reaped and counted. Our own children are only ever looked at here
// and left to their Child, so that no exit status is stolen.
//
// Threads: the io_context's.

#include "common/base/result.hpp"
#include "supervisor/core/types.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sys/types.h>

#include <cstdint>
#include <functional>

namespace holdfast::supervisor::process {

class Reaper {
 public:
  using IsOurs = std::function<bool(pid_t)>;
  using OnStranger = std::function<void(pid_t, const core::ExitStatus&)>;

  Reaper(boost::asio::io_context& io, IsOurs is_ours, OnStranger on_stranger = {});

  // Orphans of our descendants come to this process from now on.
  static Result<void> become_subreaper();

  // On each SIGCHLD. SIGCHLDs coalesce, so this takes whatever is there. A zombie of ours hides the
  // strangers behind it; then, and after many strangers in one turn, it goes on by itself later.
  void reap();

  std::uint64_t strangers() const { return strangers_; }

 private:
  void go_on_after(Duration delay);

  IsOurs is_ours_;
  OnStranger on_stranger_;
  boost::asio::steady_timer again_;
  bool going_on_ = false;  // again_ is armed
  std::uint64_t strangers_ = 0;
};

}  // namespace holdfast::supervisor::process
