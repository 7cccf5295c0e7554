// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/rehearsal.hpp"

#include "supervisor/process/child_setup.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace holdfast::supervisor::process {

namespace {

constexpr int kLongestMs = 5000;

// Everything down to rehearse() also runs in the child of a process with threads: system calls
// only, no allocation.

class Failures {
 public:
  void add(RehearsalStep step, int os_error, std::size_t limit = 0) noexcept {
    if (count_ < kMost) list_[count_++] = {step, limit, os_error};
  }
  const RehearsalFailure* begin() const noexcept { return list_; }
  const RehearsalFailure* end() const noexcept { return list_ + count_; }

 private:
  static constexpr std::size_t kMost = 24;  // more than there are resource limits
  RehearsalFailure list_[kMost];
  std::size_t count_ = 0;
};

bool raises(const ResourceLimit& limit) noexcept {
  rlimit now{};
  return ::getrlimit(static_cast<__rlimit_resource>(limit.resource), &now) == 0 &&
         limit.hard > now.rlim_max;
}

// Lower limits are always granted, and might end the child that tries them.
void raise_limits(const LaunchSpec& spec, Failures& failures) noexcept {
  for (std::size_t i = 0; i < spec.limits.size(); ++i) {
    if (!raises(spec.limits[i])) continue;
    const rlimit wanted{spec.limits[i].soft, spec.limits[i].hard};
    if (::setrlimit(static_cast<__rlimit_resource>(spec.limits[i].resource), &wanted) != 0)
      failures.add(RehearsalStep::Limit, errno, i);
  }
}

bool change_identity(const Identity& identity, Failures& failures) noexcept {
  if (::syscall(SYS_setgroups, identity.groups.size(), identity.groups.data()) != 0) {
    failures.add(RehearsalStep::Groups, errno);
  } else if (::syscall(SYS_setgid, identity.gid) != 0) {
    failures.add(RehearsalStep::Group, errno);
  } else if (::syscall(SYS_setuid, identity.uid) != 0) {
    failures.add(RehearsalStep::User, errno);
  } else {
    return true;
  }
  return false;
}

// 0, or why the file cannot be executed.
int execution_error(const char* path) noexcept {
  struct stat info {};
  if (::stat(path, &info) != 0) return errno;
  if (!S_ISREG(info.st_mode)) return S_ISDIR(info.st_mode) ? EISDIR : EACCES;
  return ::access(path, X_OK) == 0 ? 0 : errno;
}

// A script whose interpreter is missing fails with the ENOENT of a missing script.
int interpreter_error(const char* path) noexcept {
  char line[256] = {};
  // Not waiting for whoever has a lease on it.
  const int fd = ::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return 0;  // may be executable without being readable
  const ssize_t length = ::read(fd, line, sizeof line - 1);
  ::close(fd);
  if (length < 3 || line[0] != '#' || line[1] != '!') return 0;
  char* const begin = line + 2 + std::strspn(line + 2, " \t");
  begin[std::strcspn(begin, " \t\n")] = '\0';
  return *begin == '/' ? execution_error(begin) : 0;
}

void examine_files(const LaunchSpec& spec, Failures& failures) noexcept {
  if (!spec.directory.empty()) {
    struct stat info {};
    const char* const path = spec.directory.c_str();
    if (::stat(path, &info) != 0 || ::access(path, X_OK) != 0) {
      failures.add(RehearsalStep::Directory, errno);
    } else if (!S_ISDIR(info.st_mode)) {
      failures.add(RehearsalStep::Directory, ENOTDIR);
    }
  }
  if (spec.executable.empty()) return;
  if (const int error = execution_error(spec.executable.c_str())) {
    failures.add(RehearsalStep::Executable, error);
  } else if (const int other = interpreter_error(spec.executable.c_str())) {
    failures.add(RehearsalStep::Interpreter, other);
  }
}

void act(const LaunchSpec& spec, const std::string& oom_score, Failures& failures) noexcept {
  raise_limits(spec, failures);
  if (spec.nice && ::setpriority(PRIO_PROCESS, 0, *spec.nice) != 0) {
    failures.add(RehearsalStep::Nice, errno);
  }
  if (!oom_score.empty()) {
    if (const int error = set_oom_score(oom_score)) failures.add(RehearsalStep::OomScore, error);
  }
  if (spec.identity && changes_identity(*spec.identity) &&
      !change_identity(*spec.identity, failures)) {
    return;
  }
  examine_files(spec, failures);
}

Result<std::vector<RehearsalFailure>> act_in_child(const LaunchSpec& spec) {
  HOLDFAST_TRY_ASSIGN(PipeFds pipe, make_pipe());
  const std::string oom_score = spec.oom_score_adj ? std::to_string(*spec.oom_score_adj) : "";
  const pid_t child = ::fork();
  if (child < 0) return fail_errno(errno, "fork");
  if (child == 0) {
    Failures failures;
    act(spec, oom_score, failures);
    const std::size_t bytes =
        static_cast<std::size_t>(failures.end() - failures.begin()) * sizeof(RehearsalFailure);
    const bool told = ::write(pipe.write.get(), failures.begin(), bytes) ==
                      static_cast<ssize_t>(bytes);  // less than PIPE_BUF: at once
    ::_exit(told ? 0 : 1);
  }
  pipe.write.reset();
  std::vector<RehearsalFailure> result;
  RehearsalFailure one;
  ssize_t got = 0;
  pollfd told{pipe.read.get(), POLLIN, 0};
  if (::poll(&told, 1, kLongestMs) == 0) {
    // Not waited for: what the kernel holds ends when it can, and is an orphan for the reaper.
    ::kill(child, SIGKILL);
    return fail(
        ErrorKind::DeadlineExceeded,
        fmt::format("looking at '{}' does not return: a file system hangs", spec.executable));
  }
  while ((got = ::read(pipe.read.get(), &one, sizeof one)) != 0) {
    if (got == static_cast<ssize_t>(sizeof one)) result.push_back(one);
    if (got < 0 && errno != EINTR) break;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) return fail(ErrorKind::Internal, "the check ended before it was done");
  return result;
}

}  // namespace

// Only root may set groups, but anyone may "become" the user that they already are.
bool changes_identity(const Identity& identity) {
  return ::geteuid() == 0 || identity.uid != ::geteuid() || identity.gid != ::getegid();
}

Result<std::vector<RehearsalFailure>> rehearse(const LaunchSpec& spec) {
  bool needs_child = spec.nice || spec.oom_score_adj;
  needs_child = needs_child || (spec.identity && changes_identity(*spec.identity));
  for (const ResourceLimit& limit : spec.limits)
    needs_child = needs_child || raises(limit);
  if (needs_child) return act_in_child(spec);
  Failures failures;
  examine_files(spec, failures);
  return std::vector<RehearsalFailure>(failures.begin(), failures.end());
}

}  // namespace holdfast::supervisor::process
