// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/read_as.hpp"

#include "common/os/fd.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>

namespace holdfast::supervisor::process {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLongestRead{5};

// What the child says first: how far it has come.
enum class Step : int { Done, Identity, Open, NotRegular };
struct Report {
  Step step = Step::Done;
  int os_error = 0;
};

// Everything down to show_file() runs in the child of a process with threads: system calls only, no
// allocation.

Report become(const Identity& identity) noexcept {
  if (::syscall(SYS_setgroups, identity.groups.size(), identity.groups.data()) != 0 ||
      ::syscall(SYS_setgid, identity.gid) != 0 || ::syscall(SYS_setuid, identity.uid) != 0)
    return {Step::Identity, errno};
  return {};
}

// By no link of /proc, which would lead to what this process has inherited.
Report open_regular(const char* path, int& fd) noexcept {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  fd = static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how));
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) return {Step::Open, errno};
  if (!S_ISREG(info.st_mode)) return {Step::NotRegular, 0};
  return {};
}

bool write_whole(int to, const char* data, std::size_t size) noexcept {
  while (size > 0) {
    const ssize_t n = ::write(to, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    data += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool copy_rest(int from, int to) noexcept {
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(from, buffer, sizeof buffer);
    if (n == 0) return true;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 || !write_whole(to, buffer, static_cast<std::size_t>(n))) return false;
  }
}

// The child's exit code: 0 if all of the file, or why there is none of it, was written.
int show_file(const Identity& identity, const char* path, int to) noexcept {
  int fd = -1;
  Report report = become(identity);
  if (report.step == Step::Done) report = open_regular(path, fd);
  char bytes[sizeof report];
  std::memcpy(bytes, &report, sizeof report);
  if (!write_whole(to, bytes, sizeof bytes)) return 1;
  return report.step != Step::Done || copy_rest(fd, to) ? 0 : 1;
}

// All that the child writes, or nothing if that takes too long.
std::optional<std::string> receive(int from, std::size_t limit) {
  const auto deadline = Clock::now() + kLongestRead;
  std::string all;
  char buffer[16384];
  while (all.size() <= limit) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd entry{from, POLLIN, 0};
    const int ready = left.count() > 0 ? ::poll(&entry, 1, static_cast<int>(left.count())) : 0;
    if (ready == 0) return std::nullopt;
    if (ready < 0) continue;  // EINTR
    const ssize_t n = ::read(from, buffer, sizeof buffer);
    if (n == 0) break;
    if (n > 0) all.append(buffer, static_cast<std::size_t>(n));
  }
  return all;
}

Failure failure_of(const Report& report, const std::string& path) {
  switch (report.step) {
    case Step::Identity:
      return fail_errno(report.os_error, fmt::format("change the user to read '{}'", path));
    case Step::NotRegular:
      return fail(ErrorKind::InvalidArgument, fmt::format("'{}' is not a regular file", path));
    default: return fail_errno(report.os_error, fmt::format("open '{}'", path));
  }
}

}  // namespace

Result<std::string> read_file_as(const Identity& identity, const std::filesystem::path& path,
                                 std::size_t limit) {
  HOLDFAST_TRY_ASSIGN(PipeFds pipe, make_pipe());
  const pid_t child = ::fork();
  if (child < 0) return fail_errno(errno, "fork");
  if (child == 0) ::_exit(show_file(identity, path.c_str(), pipe.write.get()));
  pipe.write.reset();
  Report report;
  const auto all = receive(pipe.read.get(), sizeof report + limit);
  const bool too_large = all && all->size() > sizeof report + limit;
  // A child that waits for a file system cannot always be ended, and is left to the reaper then.
  if (!all || too_large) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, all ? 0 : WNOHANG) < 0 && errno == EINTR) {
  }
  if (!all) {
    return fail(ErrorKind::DeadlineExceeded, fmt::format("'{}' could not be read within {} s",
                                                         path.native(), kLongestRead.count()));
  }
  if (too_large) {
    return fail(ErrorKind::ResourceExhausted,
                fmt::format("'{}' is larger than {} bytes", path.native(), limit));
  }
  if (all->size() < sizeof report || status != 0)
    return fail(ErrorKind::Internal, fmt::format("reading '{}' was cut short", path.native()));
  std::memcpy(&report, all->data(), sizeof report);
  if (report.step != Step::Done) return failure_of(report, path.native());
  return all->substr(sizeof report);
}

}  // namespace holdfast::supervisor::process
