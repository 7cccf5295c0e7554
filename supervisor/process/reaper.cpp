// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/reaper.hpp"

#include "supervisor/process/exit_status.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <utility>

namespace holdfast::supervisor::process {

namespace {
constexpr int kPerTurn = 256;  // a fork bomb's remains must not hold the loop
constexpr Duration kOursInTheWay = std::chrono::milliseconds(10);
}  // namespace

Reaper::Reaper(boost::asio::io_context& io, IsOurs is_ours, OnStranger on_stranger)
    : is_ours_(std::move(is_ours)), on_stranger_(std::move(on_stranger)), again_(io) {}

Result<void> Reaper::become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno(errno, "become a subreaper");
  return {};
}

void Reaper::reap() {
  if (going_on_) return;  // a look is due within milliseconds: a storm of deaths needs no more
  for (int count = 0; count < kPerTurn; ++count) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0) return;  // no children at all
    if (info.si_pid == 0) return;
    if (is_ours_(info.si_pid)) return go_on_after(kOursInTheWay);
    const pid_t pid = info.si_pid;
    info = {};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG) != 0) return;
    ++strangers_;
    if (on_stranger_) on_stranger_(pid, to_exit_status(info));
  }
  go_on_after(Duration::zero());
}

void Reaper::go_on_after(Duration delay) {
  going_on_ = true;
  again_.expires_after(delay);
  again_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    going_on_ = false;
    reap();
  });
}

}  // namespace holdfast::supervisor::process
