// SPDX-License-Identifier: Apache-2.0
#include "tests/support/launched.hpp"

#include "supervisor/process/exit_status.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/wait.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace holdfast::supervisor::process::test {

namespace fs = std::filesystem;

Pipe::Pipe() {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  read.reset(ends[0]);
  write.reset(ends[1]);
}

LaunchSpec misbehaving(const Arguments& arguments, int output) {
  LaunchSpec spec;
  spec.executable = MISBEHAVE_PATH;
  spec.argv = {"misbehave"};
  spec.argv.insert(spec.argv.end(), arguments.begin(), arguments.end());
  if (output >= 0) spec.fds.push_back({1, output});
  return spec;
}

std::string read_line(int fd) {
  std::string line;
  for (char c = 0; ::read(fd, &c, 1) == 1 && c != '\n';)
    line.push_back(c);
  return line;
}

core::ExitStatus wait_for(const Launched& launched) {
  siginfo_t info{};
  REQUIRE(::waitid(static_cast<idtype_t>(3), static_cast<id_t>(launched.pidfd.get()), &info,
                   WEXITED) == 0);
  return to_exit_status(info);
}

Finished run(const Arguments& arguments, const std::function<void(LaunchSpec&)>& adjust) {
  Pipe output;
  LaunchSpec spec = misbehaving(arguments, output.write.get());
  if (adjust) adjust(spec);
  Launcher launcher;
  auto launched = launcher.launch(spec);
  INFO((launched ? "" : describe(launched.error())));
  REQUIRE(launched);
  output.write.reset();
  Finished finished;
  finished.output = read_to_end(output.read.get());
  finished.status = wait_for(*launched);
  return finished;
}

void run_until(boost::asio::io_context& io, const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + kHang;
  while (!condition()) {
    io.restart();
    io.run_one_for(10ms);
    if (std::chrono::steady_clock::now() > limit) FAIL("the condition never held");
  }
}

void wait_until(const std::function<bool()>& condition) {
  if (!holdfast::test::wait_until(condition, kHang)) FAIL("the condition never held");
}

std::string in_fork(const std::function<std::string()>& body) {
  Pipe result;
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::string text = body();
    const bool written =
        ::write(result.write.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::_exit(written ? 0 : 1);
  }
  result.write.reset();
  std::string text = read_to_end(result.read.get());
  int status = -1;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(status == 0);
  return text;
}

bool is_root() {
  return ::geteuid() == 0;
}

bool process_exists(pid_t pid) {
  return ::kill(pid, 0) == 0 || errno == EPERM;
}

std::size_t count_zombies() {
  return holdfast::test::zombies_of(::getpid());
}

std::vector<int> own_descriptors() {
  std::vector<int> result;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    result.push_back(std::stoi(entry.path().filename().native()));
  }
  result.pop_back();  // the iterator's own is among them: only the count is compared
  return result;
}

}  // namespace holdfast::supervisor::process::test
