// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/reaper.hpp"

#include "supervisor/process/exit_status.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <utility>

namespace holdfast::supervisor::process {

namespace {
constexpr int kPerTurn = 256;  // what a fork bomb leaves must not block the loop
constexpr Duration kUntilChildIsReaped = std::chrono::milliseconds(10);
}  // namespace

Reaper::Reaper(boost::asio::io_context& io, IsOurs is_ours, OnOrphan on_orphan)
    : is_ours_(std::move(is_ours)), on_orphan_(std::move(on_orphan)), timer_(io) {}

Result<void> Reaper::become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno(errno, "become a subreaper");
  return {};
}

void Reaper::reap() {
  if (scheduled_) return;  // it is due within milliseconds; more often helps nobody
  for (int count = 0; count < kPerTurn; ++count) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return;  // no children
    if (info.si_pid == 0) return;
    if (is_ours_(info.si_pid)) return continue_after(kUntilChildIsReaped);
    const pid_t pid = info.si_pid;
    info = {};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG) != 0) return;
    ++orphans_;
    if (on_orphan_) on_orphan_(pid, to_exit_status(info));
  }
  continue_after(Duration::zero());
}

void Reaper::continue_after(Duration delay) {
  scheduled_ = true;
  timer_.expires_after(delay);
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    scheduled_ = false;
    reap();
  });
}

}  // namespace holdfast::supervisor::process
