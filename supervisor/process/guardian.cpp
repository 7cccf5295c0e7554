// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/guardian.hpp"

#include "common/os/exit_codes.hpp"
#include "common/os/proc.hpp"
#include "common/os/signal_mask.hpp"
#include "common/protocol/variables.hpp"
#include "common/text/number.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <set>
#include <thread>
#include <vector>

namespace holdfast::supervisor::process {

namespace {

using namespace std::chrono_literals;

constexpr Duration kSearchInterval = 50ms;
// A process that forks and exits while /proc is being read can be missed together with its child,
// so one empty search does not prove that nothing is left.
constexpr int kEmptySearches = 4;
constexpr Duration kAfterKill = 5s;  // what survives SIGKILL for longer hangs in the kernel

struct Orphan {
  pid_t pid = 0;
  Fd pidfd;

  void signal(int number) const {
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0);
  }
};

// Others reap these processes, so a pid may be reused at any time: each is checked again once a
// pidfd pins it down.
std::vector<Orphan> find_orphans(const std::string& entry) {
  std::vector<Orphan> result;
  for (const pid_t pid : list_processes()) {
    if (!has_environment_entry(pid, entry)) continue;
    Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (pidfd && has_environment_entry(pid, entry)) result.push_back({pid, std::move(pidfd)});
  }
  return result;
}

// Nobody writes into the pipe: read() returns when its other end is closed.
void wait_until_supervisor_ends() {
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR) {
  }
}

// In a child between fork and exec.
[[noreturn]] void become_guardian(int lifeline, char* const* argv) {
  ::setsid();
  // Forked again so that it is not the supervisor's child, which would be reaped and counted.
  if (::fork() != 0) ::_exit(0);
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(lifeline, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(null, STDERR_FILENO);
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  [[maybe_unused]] const int unused = ::chdir("/");
  block_all_signals();
  // An empty environment, so that no guardian takes another for a worker.
  char* const environment[] = {nullptr};
  ::execve("/proc/self/exe", argv, environment);
  ::_exit(exit_code::kNotExecuted);
}

}  // namespace

Result<Guardian> Guardian::start(const std::string& instance, Duration grace) {
  HOLDFAST_TRY_ASSIGN(PipeFds pipe, make_pipe());
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(grace).count();
  std::string name = kGuardianName;
  std::string entry = fmt::format("{}={}", protocol::kInstance, instance);
  std::string time = std::to_string(ms);
  char* const argv[] = {name.data(), entry.data(), time.data(), nullptr};
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork the guardian");
  if (pid == 0) become_guardian(pipe.read.get(), argv);
  ::waitpid(pid, nullptr, 0);
  return Guardian(std::move(pipe.write));
}

int guard(int argc, char** argv) {
  if (argc != 3) return exit_code::kUsage;
  const std::string entry = argv[1];
  const std::chrono::milliseconds grace(std::strtoll(argv[2], nullptr, 10));
  wait_until_supervisor_ends();

  const SystemClock clock;
  const MonoTime ended = clock.mono();
  std::set<pid_t> terminated;
  for (int empty_searches = 0;;) {
    const std::vector<Orphan> orphans = find_orphans(entry);
    const Duration since = clock.mono() - ended;
    empty_searches = orphans.empty() ? empty_searches + 1 : 0;
    if (empty_searches == kEmptySearches || since > grace + kAfterKill) return exit_code::kOk;
    for (const Orphan& orphan : orphans) {
      // SIGKILL alone: a process that forks on every SIGTERM would stay ahead of us.
      if (since >= grace) {
        orphan.signal(SIGKILL);
        continue;
      }
      // A session leader is either a worker, which the kernel has sent SIGTERM (some take a second
      // one as an order to hurry), or a daemon, which gets it at half time.
      const bool leads_session = ::getsid(orphan.pid) == orphan.pid;
      if ((!leads_session || since >= grace / 2) && terminated.insert(orphan.pid).second) {
        orphan.signal(SIGTERM);
        orphan.signal(SIGCONT);
      }
    }
    std::this_thread::sleep_for(kSearchInterval);
  }
}

}  // namespace holdfast::supervisor::process
