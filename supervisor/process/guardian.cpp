// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/guardian.hpp"

#include "common/text/number.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

namespace holdfast::supervisor::process {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLookAgain = 50ms;
// One that forks and dies while /proc is being read may be missed, parent and child: looked for
// again.
constexpr int kQuietLooks = 4;
constexpr Duration kAfterKill = 5s;  // what survives SIGKILL for longer is in the kernel's hands

bool carries(pid_t pid, const std::string& entry) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    if (std::string_view(text).substr(at, end - at) == entry) return true;
    at = end + 1;
  }
  return false;
}

struct Orphan {
  pid_t pid = 0;
  Fd pidfd;

  void signal(int number) const {
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0);
  }
};

// What dies here is reaped by others, so its pid may be given away at any time: a process is looked
// at a second time when it can no longer be mistaken.
std::vector<Orphan> find_orphans(const std::string& entry) {
  std::vector<Orphan> result;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = file.path().filename();
    const auto pid = text::parse_number<pid_t>(name);
    if (!pid || !carries(*pid, entry)) continue;
    Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
    if (pidfd && carries(*pid, entry)) result.push_back({*pid, std::move(pidfd)});
  }
  return result;
}

void wait_for_the_end_of_the_supervisor() {
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR) {
  }
}

// In a child between fork and exec.
[[noreturn]] void become_guardian(int lifeline, char* const* argv) {
  ::setsid();
  // Twice, so that it is nobody's child: the supervisor reaps and counts all of its own.
  if (::fork() != 0) ::_exit(0);
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(lifeline, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(null, STDERR_FILENO);
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  [[maybe_unused]] const int stays = ::chdir("/");
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  // No environment: nobody shall take it for one of those that it looks for.
  char* const environment[] = {nullptr};
  ::execve("/proc/self/exe", argv, environment);
  ::_exit(127);
}

}  // namespace

Result<Guardian> Guardian::start(const std::string& instance, Duration grace) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "make the guardian's pipe");
  const Fd lifeline(ends[0]);
  Fd ours(ends[1]);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(grace).count();
  std::string name = kGuardianName;
  std::string entry = fmt::format("{}={}", kInstanceVariable, instance);
  std::string time = std::to_string(ms);
  char* const argv[] = {name.data(), entry.data(), time.data(), nullptr};
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork the guardian");
  if (pid == 0) become_guardian(lifeline.get(), argv);
  ::waitpid(pid, nullptr, 0);
  return Guardian(std::move(ours));
}

int guard(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string entry = argv[1];
  const std::chrono::milliseconds grace(std::strtoll(argv[2], nullptr, 10));
  wait_for_the_end_of_the_supervisor();

  const SystemClock clock;
  const MonoTime ended = clock.mono();
  std::set<pid_t> told;
  for (int quiet = 0;;) {
    const std::vector<Orphan> orphans = find_orphans(entry);
    const Duration since = clock.mono() - ended;
    quiet = orphans.empty() ? quiet + 1 : 0;
    if (quiet == kQuietLooks || since > grace + kAfterKill) return 0;
    for (const Orphan& orphan : orphans) {
      // No SIGTERM beside it: one that forks at each would be a step ahead for ever.
      if (since >= grace) {
        orphan.signal(SIGKILL);
        continue;
      }
      // The leader of a session is a worker, which the kernel has told (some take a second SIGTERM
      // for impatience), or a daemon: it is told later.
      const bool leads = ::getsid(orphan.pid) == orphan.pid;
      if ((!leads || since >= grace / 2) && told.insert(orphan.pid).second) {
        orphan.signal(SIGTERM);
        orphan.signal(SIGCONT);
      }
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace holdfast::supervisor::process
