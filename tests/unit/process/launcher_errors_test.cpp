// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/launcher.hpp"
#include "tests/support/launched.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

namespace {

LaunchError error_of(const LaunchSpec& spec) {
  Launcher launcher;
  auto launched = launcher.launch(spec);
  REQUIRE_FALSE(launched);
  return launched.error();
}

LaunchSpec command(const std::string& path) {
  LaunchSpec spec;
  spec.executable = path;
  spec.argv = {path};
  return spec;
}

std::string make_script(const std::filesystem::path& path, const std::string& text, int mode) {
  std::ofstream(path) << text;
  ::chmod(path.c_str(), static_cast<mode_t>(mode));
  return path;
}

}  // namespace

TEST_CASE("a program that does not exist fails at exec with ENOENT") {
  const LaunchError error = error_of(command("/nonexistent/program"));
  REQUIRE(error.step == "exec");
  REQUIRE(error.os_error == ENOENT);
  REQUIRE(describe(error) == "exec: No such file or directory");
}

TEST_CASE("a file that is not executable fails at exec with EACCES") {
  const TempDir directory;
  const LaunchError error =
      error_of(command(make_script(directory.path() / "plain", "#!/bin/sh\n", 0644)));
  REQUIRE(error.step == "exec");
  REQUIRE(error.os_error == EACCES);
}

TEST_CASE("a script whose interpreter is missing, and a file that is no program, fail at exec") {
  const TempDir directory;
  REQUIRE(error_of(command(make_script(directory.path() / "bad", "#!/no/such/interpreter\n", 0755)))
              .os_error == ENOENT);
  REQUIRE(error_of(command(make_script(directory.path() / "text", "just text\n", 0755))).os_error ==
          ENOEXEC);
}

TEST_CASE("a working directory that is not there fails at chdir") {
  LaunchSpec spec = misbehaving({"--exit", "0"});
  spec.directory = "/nonexistent/directory";
  const LaunchError error = error_of(spec);
  REQUIRE(error.step == "chdir");
  REQUIRE(error.os_error == ENOENT);
}

TEST_CASE("a directory that the program's user may not enter fails at chdir") {
  if (!is_root()) return;
  const TempDir directory;  // 0700
  LaunchSpec spec = misbehaving({"--exit", "0"});
  spec.directory = directory.path();
  spec.identity = Identity{65534, 65534, {65534}};
  const LaunchError error = error_of(spec);
  REQUIRE(error.step == "chdir");
  REQUIRE(error.os_error == EACCES);
}

TEST_CASE("becoming another user without the right to fails at setgroups") {
  const std::string seen = in_fork([] {
    if (is_root() && ::setresuid(65534, 65534, 65534) != 0) return std::string("setresuid");
    LaunchSpec spec = misbehaving({"--exit", "0"});
    spec.identity = Identity{12345, 12345, {12345}};
    Launcher launcher;
    auto launched = launcher.launch(spec);
    return launched ? std::string("it ran") : describe(launched.error());
  });
  REQUIRE(seen == "setgroups: Operation not permitted");
}

TEST_CASE("becoming who one already is needs no right") {
  const std::string seen = in_fork([] {
    if (is_root() && ::setresgid(65534, 65534, 65534) != 0) return std::string("setresgid");
    if (is_root() && ::setresuid(65534, 65534, 65534) != 0) return std::string("setresuid");
    LaunchSpec spec = misbehaving({"--exit", "0"});
    spec.executable = "/bin/true";
    spec.identity = Identity{::geteuid(), ::getegid(), {::getegid()}};
    Launcher launcher;
    auto launched = launcher.launch(spec);
    return launched ? std::string("it ran") : describe(launched.error());
  });
  REQUIRE(seen == "it ran");
}

TEST_CASE("a limit that may not be raised fails at setrlimit") {
  const std::string seen = in_fork([] {
    if (is_root() && ::setresuid(65534, 65534, 65534) != 0) return std::string("setresuid");
    const rlimit low{64, 64};
    ::setrlimit(RLIMIT_NOFILE, &low);
    LaunchSpec spec = misbehaving({"--exit", "0"});
    spec.limits = {{RLIMIT_NOFILE, 65, 65}};
    Launcher launcher;
    auto launched = launcher.launch(spec);
    return launched ? std::string("it ran") : describe(launched.error());
  });
  REQUIRE(seen == "setrlimit: Operation not permitted");
}

TEST_CASE("a source that is not open fails at dup2, in the child or before") {
  LaunchSpec spec = misbehaving({"--exit", "0"});
  spec.fds = {{1, 999}};
  const LaunchError error = error_of(spec);
  REQUIRE(error.step == "dup2");
  REQUIRE(error.os_error == EBADF);
}

TEST_CASE("a fork refused for too many processes fails at fork with EAGAIN") {
  const std::string seen = in_fork([] {
    if (is_root() && ::setresuid(65534, 65534, 65534) != 0) return std::string("setresuid");
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) return std::string("setrlimit");
    Launcher launcher;
    auto launched = launcher.launch(misbehaving({"--exit", "0"}));
    return launched ? std::string("it ran") : describe(launched.error());
  });
  REQUIRE(seen == "fork: Resource temporarily unavailable");
}

TEST_CASE("no descriptors left is an error with its step, and the launcher goes on working after") {
  const std::string seen = in_fork([] {
    Launcher launcher;
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    std::string steps;
    // One more descriptor each time: it runs out at every step in turn.
    for (rlim_t allowed = 3; allowed < 64; ++allowed) {
      const rlimit few{allowed, before.rlim_max};
      ::setrlimit(RLIMIT_NOFILE, &few);
      auto launched = launcher.launch(misbehaving({"--exit", "0"}));
      ::setrlimit(RLIMIT_NOFILE, &before);
      if (launched) {
        siginfo_t info{};
        ::waitid(P_ALL, 0, &info, WEXITED);
        return std::string(steps.empty() ? "never failed" : "recovered");
      }
      if (launched.error().os_error != EMFILE) return "odd: " + describe(launched.error());
      steps += launched.error().step;
      if (count_zombies() != 0) return std::string("zombie after ") + steps;
    }
    return "never recovered from " + steps;
  });
  REQUIRE(seen == "recovered");
}

TEST_CASE("a failed exec leaves no zombie and no descriptor") {
  Launcher launcher;
  auto first = launcher.launch(command("/nonexistent/program"));
  const std::size_t descriptors = own_descriptors().size();
  for (int i = 0; i < 20; ++i)
    REQUIRE_FALSE(launcher.launch(command("/nonexistent/program")));
  REQUIRE(own_descriptors().size() == descriptors);
  REQUIRE(count_zombies() == 0);
}

TEST_CASE("a failed exec does not print the supervisor's buffered output again") {
  Pipe output;
  std::fflush(nullptr);        // what the test's own runner has buffered is not meant
  const pid_t pid = ::fork();  // not executed: it runs code of this program
  if (pid == 0) {
    ::dup2(output.write.get(), 1);
    std::setvbuf(stdout, nullptr, _IOFBF, 4096);
    std::printf("buffered once\n");
    Launcher launcher;
    for (int i = 0; i < 3; ++i)
      (void)launcher.launch(command("/nonexistent/program"));
    LaunchSpec bad = misbehaving({"--exit", "0"});
    bad.directory = "/nonexistent";
    (void)launcher.launch(bad);
    std::fflush(stdout);
    ::_exit(0);
  }
  output.write.reset();
  REQUIRE(read_to_end(output.read.get()) == "buffered once\n");
  ::waitpid(pid, nullptr, 0);
}
