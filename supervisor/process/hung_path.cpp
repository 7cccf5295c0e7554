// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/hung_path.hpp"

#include "supervisor/process/child_setup.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>

namespace holdfast::supervisor::process {

namespace {

// In the child of a process with threads: system calls only. What is known of a file may be
// remembered, its first bytes are asked for.
void look_at(const char* path) noexcept {
  struct stat info {};
  if (::stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return;
  const int fd = ::open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return;
  char byte = 0;
  [[maybe_unused]] const ssize_t got = ::read(fd, &byte, 1);
  ::close(fd);
}

// Says a byte for each path that is answered for.
[[noreturn]] void look_at_all(const std::vector<std::string>& paths, int told) noexcept {
  for (const std::string& path : paths) {
    look_at(path.c_str());
    if (::write(told, "", 1) != 1) ::_exit(1);
  }
  ::_exit(0);
}

// Whether there is something to read, or the end.
bool comes_within(int fd, Duration longest) {
  const auto deadline = std::chrono::steady_clock::now() + longest;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd entry{fd, POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready >= 0 || errno != EINTR) return ready != 0;
  }
}

}  // namespace

std::optional<std::size_t> find_hung_path(const std::vector<std::string>& paths, Duration longest) {
  if (paths.empty()) return std::nullopt;
  auto pipe = make_pipe();
  if (!pipe) return std::nullopt;
  const pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) look_at_all(paths, pipe->write.get());
  pipe->write.reset();
  std::size_t answered = 0;
  char told[4096];
  for (;;) {
    if (!comes_within(pipe->read.get(), longest)) {
      // Not waited for: what the kernel holds ends when it can, and is an orphan for the reaper.
      ::kill(child, SIGKILL);
      return answered;
    }
    const ssize_t count = ::read(pipe->read.get(), told, sizeof told);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    answered += static_cast<std::size_t>(count);
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return std::nullopt;
}

}  // namespace holdfast::supervisor::process
