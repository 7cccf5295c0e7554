// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/child.hpp"

#include "supervisor/process/exit_status.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

namespace holdfast::supervisor::process {

namespace {

// P_PIDFD is an enumerator in newer C libraries only.
constexpr idtype_t kPidFd = static_cast<idtype_t>(3);

int wait_now(int pidfd, siginfo_t& info, int extra) {
  info = {};
  int result = 0;
  do {
    result = ::waitid(kPidFd, static_cast<id_t>(pidfd), &info, WEXITED | WNOHANG | extra);
  } while (result != 0 && errno == EINTR);
  return result;
}

}  // namespace

Child::Child(boost::asio::io_context& io, Launched launched, OnExit on_exit, AtExit at_exit)
    : pid_(launched.pid), pidfd_(io), on_exit_(std::move(on_exit)), at_exit_(at_exit) {
  pidfd_.assign(launched.pidfd.get());  // if it throws, `launched` closes it
  (void)launched.pidfd.release();
  watch();
}

void Child::watch() {
  pidfd_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [this, alive = std::weak_ptr<char>(alive_)](boost::system::error_code error) {
                      if (!error && !alive.expired()) on_readable();
                    });
}

void Child::on_readable() {
  siginfo_t info;
  if (wait_now(pidfd_.native_handle(), info, WNOWAIT) == 0) {
    if (info.si_pid == 0) return watch();  // a spurious wake-up: it has not ended
    if (at_exit_ == AtExit::Hold) {
      const OnExit on_exit = std::move(on_exit_);
      return on_exit(to_exit_status(info));  // `this` may be gone now
    }
    ::kill(-pid_, SIGKILL);  // the leader is a zombie: the group is still ours
    if (wait_now(pidfd_.native_handle(), info, 0) == 0 && info.si_pid != 0) {
      return finish(to_exit_status(info));
    }
  }
  finish(fail_errno(errno, fmt::format("wait for process {}", pid_)));
}

void Child::reap() {
  if (reaped_) return;
  siginfo_t info;
  (void)wait_now(pidfd_.native_handle(), info, 0);
  reaped_ = true;
  boost::system::error_code ignored;
  pidfd_.close(ignored);
}

void Child::finish(Result<core::ExitStatus> status) {
  reaped_ = true;
  boost::system::error_code ignored;
  pidfd_.close(ignored);
  const OnExit on_exit = std::move(on_exit_);
  on_exit(std::move(status));  // `this` may be gone now
}

Result<void> Child::signal(int signal, bool group) {
  if (reaped_) return fail(ErrorKind::NotFound, fmt::format("process {} has ended", pid_));
  const long result =
      group ? ::kill(-pid_, signal)
            : ::syscall(SYS_pidfd_send_signal, pidfd_.native_handle(), signal, nullptr, 0);
  if (result != 0) return fail_errno(errno, fmt::format("signal {} to process {}", signal, pid_));
  return {};
}

}  // namespace holdfast::supervisor::process
