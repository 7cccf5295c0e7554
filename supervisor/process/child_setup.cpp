// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/child_setup.hpp"

#include "common/os/exit_codes.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <limits>

namespace holdfast::supervisor::process {

std::string_view to_string(ChildStep step) {
  switch (step) {
    case ChildStep::Exec: return "exec";
    case ChildStep::Setsid: return "setsid";
    case ChildStep::Dup2: return "dup2";
    case ChildStep::CloseRange: return "close_range";
    case ChildStep::Rlimit: return "setrlimit";
    case ChildStep::Setgroups: return "setgroups";
    case ChildStep::Setgid: return "setgid";
    case ChildStep::Setuid: return "setuid";
    case ChildStep::Chdir: return "chdir";
    case ChildStep::Deathsig: return "prctl(PR_SET_PDEATHSIG)";
    case ChildStep::Nice: return "setpriority";
    case ChildStep::OomScore: return "oom_score_adj";
    case ChildStep::Cgroup: return "cgroup";
  }
  return "unknown step";
}

namespace {

// Ignored signals stay ignored over an exec, and none of our handlers may run in the child once
// signals are unblocked. All zeros are SIG_DFL with an empty mask in the kernel's structure.
void reset_dispositions() noexcept {
  constexpr std::size_t kMaskBytes = 8;
  constexpr int kLast = 64;
  const std::array<unsigned long, 4> defaults{};
  for (int signal = 1; signal <= kLast; ++signal)
    ::syscall(SYS_rt_sigaction, signal, defaults.data(), nullptr, kMaskBytes);
}

// With CLONE_FILES the child shares the supervisor's descriptor table until the first call, which
// gives it a copy without anything above the sources.
int set_up_descriptors(const LaunchPlan& plan) noexcept {
  if (plan.keep_below > 0 &&
      ::syscall(SYS_close_range, plan.keep_below, std::numeric_limits<unsigned>::max(),
                CLOSE_RANGE_UNSHARE) != 0) {
    return pack(ChildStep::CloseRange, errno);
  }
  for (const PassedFd& move : plan.moves) {
    if (::syscall(SYS_dup3, move.source, move.target, 0) < 0) return pack(ChildStep::Dup2, errno);
  }
  for (const auto& [first, last] : plan.unwanted) {
    if (::syscall(SYS_close_range, first, last, CLOSE_RANGE_CLOEXEC) != 0) {
      return pack(ChildStep::CloseRange, errno);
    }
  }
  return 0;
}

int set_up_limits(const LaunchPlan& plan) noexcept {
  const LaunchSpec& spec = *plan.spec;
  if (spec.nice && ::setpriority(PRIO_PROCESS, 0, *spec.nice) != 0) {
    return pack(ChildStep::Nice, errno);
  }
  if (!plan.oom_score.empty()) {
    if (const int error = set_oom_score(plan.oom_score)) return pack(ChildStep::OomScore, error);
  }
  if (spec.umask) ::umask(*spec.umask);
  rlimit files{};
  if (spec.soft_files && ::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = std::min(*spec.soft_files, files.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &files) != 0) return pack(ChildStep::Rlimit, errno);
  }
  for (const ResourceLimit& limit : spec.limits) {
    const rlimit value{limit.soft, limit.hard};
    if (::setrlimit(static_cast<__rlimit_resource>(limit.resource), &value) != 0) {
      return pack(ChildStep::Rlimit, errno);
    }
  }
  return 0;
}

int set_up_identity(const LaunchPlan& plan) noexcept {
  if (plan.change_identity) {
    const Identity& identity = *plan.spec->identity;
    if (::syscall(SYS_setgroups, identity.groups.size(), identity.groups.data()) != 0) {
      return pack(ChildStep::Setgroups, errno);
    }
    if (::syscall(SYS_setgid, identity.gid) != 0) return pack(ChildStep::Setgid, errno);
    if (::syscall(SYS_setuid, identity.uid) != 0) return pack(ChildStep::Setuid, errno);
  }
  // After setuid: the user may have access to other directories than root has.
  if (!plan.spec->directory.empty() && ::chdir(plan.spec->directory.c_str()) != 0) {
    return pack(ChildStep::Chdir, errno);
  }
  return 0;
}

void write_pid(char* slot) noexcept {
  char digits[kPidWidth];
  std::size_t count = 0;
  for (unsigned pid = static_cast<unsigned>(::getpid()); pid != 0; pid /= 10) {
    digits[count++] = static_cast<char>('0' + pid % 10);
  }
  while (count > 0)
    *slot++ = digits[--count];
  *slot = '\0';
}

}  // namespace

int set_oom_score(const std::string& text) noexcept {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error =
      ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : errno;
  ::close(fd);
  return error;
}

int set_up_child(const LaunchPlan& plan) noexcept {
  if (::setsid() < 0) return pack(ChildStep::Setsid, errno);
  // First of all: whatever it does from here on counts in its own group.
  if (plan.spec->cgroup >= 0 && ::write(plan.spec->cgroup, "0", 1) != 1)
    return pack(ChildStep::Cgroup, errno);
  reset_dispositions();
  if (const int failure = set_up_descriptors(plan)) return failure;
  if (const int failure = set_up_limits(plan)) return failure;
  if (const int failure = set_up_identity(plan)) return failure;

  // After setuid, which clears it. If the parent died before this call no signal comes, hence the
  // check. It compares pids, because orphans below a subreaper never get 1 as their parent.
  if (::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return pack(ChildStep::Deathsig, errno);
  if (::getppid() != plan.parent) ::_exit(exit_code::kNotExecuted);

  if (plan.listen_pid != nullptr) write_pid(plan.listen_pid);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  return 0;
}

}  // namespace holdfast::supervisor::process
