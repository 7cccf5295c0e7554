// SPDX-License-Identifier: Apache-2.0

// bench_floor COUNT STOP_MS COMMAND...: the least that can keep COUNT processes running. fork,
// exec, one pidfd each in one epoll; a process that dies is forked again at once; SIGTERM is passed
// on, followed by SIGKILL after STOP_MS. No logs, no readiness, no back-off, no status, no error
// handling: the cost of the system calls themselves, and so the baseline for everything that does
// more. It forks by itself on purpose: a library's launcher would be part of the figure.

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

constexpr idtype_t kPidFd = static_cast<idtype_t>(3);  // P_PIDFD
constexpr std::uint64_t kSignals = UINT64_MAX;
constexpr std::uint64_t kDeadline = UINT64_MAX - 1;

struct Floor {
  char** command = nullptr;
  int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<pid_t> pids;
  std::vector<int> pidfds;
  std::size_t alive = 0;
  bool stopping = false;

  void watch(int fd, std::uint64_t tag) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = tag;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
  }

  void start(std::size_t slot) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      sigset_t none;
      ::sigemptyset(&none);
      ::sigprocmask(SIG_SETMASK, &none, nullptr);
      ::execv(command[0], command);
      ::_exit(127);
    }
    pids[slot] = pid;
    pidfds[slot] = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    watch(pidfds[slot], slot);
    ++alive;
  }

  void on_exit(std::size_t slot) {
    siginfo_t info{};
    ::waitid(kPidFd, static_cast<id_t>(pidfds[slot]), &info, WEXITED);
    // close() does not suffice: a child that has not executed yet holds a copy, and the event would
    // be reported again, for the slot's next process.
    ::epoll_ctl(epoll, EPOLL_CTL_DEL, pidfds[slot], nullptr);
    ::close(pidfds[slot]);
    pids[slot] = 0;
    --alive;
    if (!stopping) start(slot);
  }

  void signal_all(int signal) const {
    for (const pid_t pid : pids) {
      if (pid > 0) ::kill(pid, signal);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const rlimit files{65536, 65536};
  ::setrlimit(RLIMIT_NOFILE, &files);
  Floor floor;
  floor.command = argv + 3;
  const auto count = static_cast<std::size_t>(std::atoi(argv[1]));
  floor.pids.resize(count);
  floor.pidfds.resize(count);
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, nullptr);
  const int signals = ::signalfd(-1, &term, SFD_CLOEXEC);
  floor.watch(signals, kSignals);
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  floor.watch(timer, kDeadline);
  for (std::size_t slot = 0; slot < count; ++slot)
    floor.start(slot);

  std::array<epoll_event, 64> events;
  while (!floor.stopping || floor.alive > 0) {
    const int ready = ::epoll_wait(floor.epoll, events.data(), 64, -1);
    for (int i = 0; i < ready; ++i) {
      const std::uint64_t tag = events[static_cast<std::size_t>(i)].data.u64;
      std::array<char, sizeof(signalfd_siginfo)> ignored;
      if (tag == kDeadline) {
        (void)!::read(timer, ignored.data(), ignored.size());
        floor.signal_all(SIGKILL);
      } else if (tag != kSignals) {
        floor.on_exit(static_cast<std::size_t>(tag));
      } else {
        (void)!::read(signals, ignored.data(), ignored.size());
        floor.stopping = true;
        const long ms = std::atol(argv[2]);
        const itimerspec after{{0, 0}, {ms / 1000, ms % 1000 * 1'000'000}};
        ::timerfd_settime(timer, 0, &after, nullptr);
        floor.signal_all(SIGTERM);
      }
    }
  }
}
