// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reaper: reaps orphans. As a child subreaper (or as process 1) the supervisor becomes the parent
// of the processes that its workers left behind; the reaper reaps and counts them when they end. It
// leaves the processes that the supervisor launched to their Child, which needs their exit status.
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
  using OnOrphan = std::function<void(pid_t, const core::ExitStatus&)>;

  Reaper(boost::asio::io_context& io, IsOurs is_ours, OnOrphan on_orphan = {});

  // From now on this process is the parent of all orphans among its descendants.
  static Result<void> become_subreaper();

  // Call on every SIGCHLD. SIGCHLDs coalesce, so this reaps all orphans that have ended. A zombie
  // of our own hides the orphans behind it: then, and after many orphans at once, it continues by
  // itself a little later.
  void reap();

  std::uint64_t orphans() const { return orphans_; }

 private:
  void continue_after(Duration delay);

  IsOurs is_ours_;
  OnOrphan on_orphan_;
  boost::asio::steady_timer timer_;
  bool scheduled_ = false;  // timer_ is armed
  std::uint64_t orphans_ = 0;
};

}  // namespace holdfast::supervisor::process
