// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/guardian.hpp"

#include "common/os/exit_codes.hpp"
#include "common/os/proc.hpp"
#include "common/os/signal_mask.hpp"
#include "common/protocol/variables.hpp"
#include "supervisor/process/kin.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

namespace holdfast::supervisor::process {

namespace {

using namespace std::chrono_literals;

constexpr Duration kSearchInterval = 50ms;
// A process that forks and exits while /proc is being read can be missed together with its child,
// so one empty search does not prove that nothing is left.
constexpr int kEmptySearches = 4;
constexpr Duration kAfterKill = 5s;  // what survives SIGKILL for longer hangs in the kernel

// How often the tree is looked at, and how many times as long as a look takes the pause is at
// least.
constexpr Duration kLookWhileStarting = 25ms;
constexpr int kPauseWhileStarting = 20;
constexpr Duration kLook = 1s;
constexpr int kPause = 500;
constexpr Duration kStarting = 1s;  // since the last launch

constexpr char kLaunched = 'l';
constexpr char kDismissed = 'd';
constexpr Duration kUntilGone = 500ms;

struct Orphan {
  pid_t pid = 0;
  Fd pidfd;

  void signal(int number) const {
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0);
  }
};

// Others reap these processes, so a pid may be reused at any time: each is checked again once a
// pidfd pins it down.
std::vector<Orphan> find_orphans(Kin& kin) {
  std::vector<Orphan> result;
  for (const pid_t pid : kin.left()) {
    const std::int64_t started = process_started(pid);
    Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    if (pidfd && process_alive(pid, started)) result.push_back({pid, std::move(pidfd)});
  }
  return result;
}

// Returns whether it was dismissed; false: the supervisor has ended without a word.
bool watch_until_supervisor_ends(Kin& kin, const Clock& clock) {
  MonoTime starting_until = clock.mono() + kStarting;
  MonoTime next_look = clock.mono();
  for (;;) {
    MonoTime now = clock.mono();
    if (now >= next_look) {
      kin.look();
      const MonoTime after = clock.mono();
      const bool starting = after < starting_until;
      next_look =
          after + std::max<Duration>(starting ? kLookWhileStarting : kLook,
                                     (after - now) * (starting ? kPauseWhileStarting : kPause));
      now = after;
    }
    pollfd lifeline{STDIN_FILENO, POLLIN, 0};
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_look - now).count();
    if (::poll(&lifeline, 1, static_cast<int>(wait)) <= 0) continue;
    char words[256];
    const ssize_t count = ::read(STDIN_FILENO, words, sizeof words);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    if (std::find(words, words + count, kDismissed) != words + count) return true;
    starting_until = clock.mono() + kStarting;
    next_look = std::min(next_look, clock.mono() + kLookWhileStarting);
  }
}

// In a child between fork and exec: it may only make system calls. `report` is the write end of a
// pipe, which tells its pid and later, by being closed, its end.
[[noreturn]] void become_guardian(int lifeline, int report, char* const* argv) {
  ::setsid();
  // Forked again so that it is not the supervisor's child by birth, which would have to be reaped.
  if (::fork() != 0) ::_exit(0);
  const pid_t pid = ::getpid();
  std::ignore = ::write(report, &pid, sizeof pid);
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(lifeline, STDIN_FILENO);
  ::dup2(report, STDOUT_FILENO);
  ::dup2(null, STDERR_FILENO);
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  [[maybe_unused]] const int unused = ::chdir("/");
  block_all_signals();
  // An empty environment, so that no guardian takes another for a worker.
  char* const environment[] = {nullptr};
  ::execve("/proc/self/exe", argv, environment);
  ::_exit(exit_code::kNotExecuted);
}

// Descriptors above the standard ones, which become_guardian() overwrites.
Result<Fd> above_standard(Fd fd) {
  const int moved = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (moved < 0) return fail_errno(errno, "move a descriptor");
  return Fd(moved);
}

}  // namespace

Result<Guardian> Guardian::start(const std::string& instance, Duration grace) {
  HOLDFAST_TRY_ASSIGN(PipeFds lifeline, make_pipe());
  HOLDFAST_TRY_ASSIGN(PipeFds report, make_pipe());
  HOLDFAST_TRY_ASSIGN(const Fd reads, above_standard(std::move(lifeline.read)));
  HOLDFAST_TRY_ASSIGN(Fd reports, above_standard(std::move(report.write)));
  HOLDFAST_TRY(set_nonblocking(lifeline.write.get()));
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(grace).count();
  std::string name = kGuardianName;
  std::string entry = fmt::format("{}={}", protocol::kInstance, instance);
  std::string time = std::to_string(ms);
  std::string supervisor = std::to_string(::getpid());
  char* const argv[] = {name.data(), entry.data(), time.data(), supervisor.data(), nullptr};
  const pid_t child = ::fork();
  if (child < 0) return fail_errno(errno, "fork the guardian");
  if (child == 0) become_guardian(reads.get(), reports.get(), argv);
  reports.reset();
  ::waitpid(child, nullptr, 0);
  pid_t pid = 0;
  ssize_t count = 0;
  do {
    count = ::read(report.read.get(), &pid, sizeof pid);
  } while (count < 0 && errno == EINTR);
  if (count != static_cast<ssize_t>(sizeof pid))
    return fail(ErrorKind::ResourceExhausted, "the guardian could not be forked");
  return Guardian(pid, std::move(lifeline.write), std::move(report.read));
}

void Guardian::launched() const {
  // If the pipe is full it has enough to read.
  std::ignore = ::write(lifeline_.get(), &kLaunched, 1);
}

void Guardian::dismiss() {
  if (::write(lifeline_.get(), &kDismissed, 1) != 1) return;
  const auto ends = [this] {
    pollfd end{ended_.get(), POLLIN, 0};
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(kUntilGone).count();
    return ::poll(&end, 1, static_cast<int>(ms)) > 0;
  };
  bool ended = ends();
  if (!ended) {  // stopped, or short of time: it has nothing left to do
    ::kill(pid_, SIGKILL);
    ended = ends();
  }
  // Ours if it was started after this process had become a subreaper. Its pipe is closed a moment
  // before it can be reaped, and until then it would count as left behind.
  ::waitpid(pid_, nullptr, ended ? 0 : WNOHANG);
}

int guard(int argc, char** argv) {
  if (argc != 4) return exit_code::kUsage;
  const std::chrono::milliseconds grace(std::strtoll(argv[2], nullptr, 10));
  const SystemClock clock;
  Kin kin(static_cast<pid_t>(std::strtol(argv[3], nullptr, 10)), ::getpid(), argv[1]);
  if (watch_until_supervisor_ends(kin, clock)) return exit_code::kOk;
  kin.look_once_more();

  const MonoTime ended = clock.mono();
  std::set<pid_t> terminated;
  for (int empty_searches = 0;;) {
    const std::vector<Orphan> orphans = find_orphans(kin);
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
