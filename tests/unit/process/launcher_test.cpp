// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/launcher.hpp"

#include "tests/support/launched.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

TEST_CASE("a child has standard input, output and error, and nothing else") {
  // Descriptors of every kind without close-on-exec, as a careless library leaves them.
  const Fd leaked(::open("/etc/hostname", O_RDONLY));
  const Fd high(::fcntl(leaked.get(), F_DUPFD, 500));
  REQUIRE(high);
  REQUIRE(run({"--print-fds", "--exit", "0"}).output == "[0,1,2]\n");
}

TEST_CASE("a child has exactly the descriptors that were declared, from 3 upward") {
  const Fd leaked(::open("/etc/hostname", O_RDONLY));
  const Fd source(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const Finished finished = run({"--print-fds", "--exit", "0"}, [&](LaunchSpec& spec) {
    spec.fds.push_back({3, source.get()});
    spec.fds.push_back({4, source.get()});
  });
  REQUIRE(finished.output == "[0,1,2,3,4]\n");
}

TEST_CASE("gaps between declared descriptors are closed") {
  const Fd source(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const Finished finished = run({"--print-fds", "--exit", "0"}, [&](LaunchSpec& spec) {
    spec.fds.push_back({50, source.get()});
    spec.fds.push_back({9, source.get()});
  });
  REQUIRE(finished.output == "[0,1,2,9,50]\n");
}

TEST_CASE("any number of sockets arrives, in order") {
  const Fd source(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  const int count = GENERATE(13, 14, 40);  // about as many as have a place in the low row, and more
  const Finished finished = run({"--print-fds", "--exit", "0"}, [&](LaunchSpec& spec) {
    for (int number = 0; number < count; ++number)
      spec.fds.push_back({3 + number, source.get()});
  });
  REQUIRE(Json::parse(finished.output).size() == static_cast<std::size_t>(count) + 3);
}

TEST_CASE("what a child was given is kept by nobody else") {
  Launcher launcher;
  Pipe output;
  auto first = launcher.launch(misbehaving({"--print", "up", "--exit", "0"}, output.write.get()));
  auto second = launcher.launch(misbehaving({}));  // made while the first one's pipe was about
  REQUIRE(first);
  REQUIRE(second);
  output.write.reset();
  REQUIRE(read_to_end(output.read.get()) == "up\n");  // returns when the last writer is gone
  wait_for(*first);
  ::kill(second->pid, SIGKILL);
  wait_for(*second);
}

TEST_CASE("sources that have the numbers of targets arrive where they were sent") {
  Pipe first;
  Pipe second;
  const int a = first.write.get();
  const int b = second.write.get();
  Pipe output;
  LaunchSpec spec = misbehaving({"--exit", "0"}, output.write.get());
  spec.executable = "/bin/sh";
  spec.argv = {"sh", "-c", fmt::format("echo to-a >&{}; echo to-b >&{}", a, b)};
  spec.fds = {{0, output.read.get()}, {b, a}, {a, b}};  // swapped
  Launcher launcher;
  auto launched = launcher.launch(spec);
  REQUIRE(launched);
  REQUIRE(wait_for(*launched).value == 0);
  first.write.reset();
  second.write.reset();
  REQUIRE(read_to_end(first.read.get()) == "to-b\n");
  REQUIRE(read_to_end(second.read.get()) == "to-a\n");
}

TEST_CASE("launching works when the supervisor has no standard descriptors") {
  const std::string seen = in_fork([] {
    Pipe output;
    const Fd kept(::fcntl(output.write.get(), F_DUPFD_CLOEXEC, 100));
    const Fd from(::fcntl(output.read.get(), F_DUPFD_CLOEXEC, 100));
    output.read.reset();
    output.write.reset();
    for (int fd = 0; fd <= 2; ++fd)
      ::close(fd);
    Launcher launcher;
    auto launched = launcher.launch(misbehaving({"--print-fds", "--exit", "0"}, kept.get()));
    if (!launched) return describe(launched.error());
    return read_line(from.get());
  });
  REQUIRE(seen == "[0,1,2]");
}

TEST_CASE("a child leads a session and a process group of its own") {
  const Json id = Json::parse(run({"--print-identity", "--exit", "0"}).output);
  REQUIRE(id["sid"] == id["pid"]);
  REQUIRE(id["pgid"] == id["pid"]);
  REQUIRE(id["ppid"] == ::getpid());
}

TEST_CASE("signal mask inherited: a child starts with no signal blocked, ignored or caught") {
  sigset_t blocked;
  sigset_t before;
  ::sigemptyset(&blocked);
  for (const int signal : {SIGTERM, SIGINT, SIGCHLD, SIGUSR1})
    ::sigaddset(&blocked, signal);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto old_pipe = ::signal(SIGPIPE, SIG_IGN);
  const auto old_hup = ::signal(SIGHUP, SIG_IGN);
  const Finished finished = run({"--print-signals", "--exit", "0"});
  ::signal(SIGPIPE, old_pipe);
  ::signal(SIGHUP, old_hup);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  const Json signals = Json::parse(finished.output);
  REQUIRE(signals["SigBlk"] == "0000000000000000");
  REQUIRE(signals["SigIgn"] == "0000000000000000");
  REQUIRE(signals["SigCgt"] == "0000000000000000");
}

TEST_CASE("FD leak on flapping: launches leave our own signal mask and descriptors as they were") {
  sigset_t before;
  sigset_t after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &before);
  run({"--exit", "0"});  // what is made once is made
  Launcher launcher;
  {
    const auto warm = launcher.launch(misbehaving({"--exit", "0"}));
    wait_for(*warm);
  }
  const std::size_t descriptors = own_descriptors().size();
  for (int i = 0; i < 20; ++i) {
    auto launched = launcher.launch(misbehaving({"--exit", "0"}));
    REQUIRE(launched);
    REQUIRE(wait_for(*launched).value == 0);
  }
  REQUIRE(own_descriptors().size() == descriptors);
  ::pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int signal = 1; signal < 32; ++signal) {
    REQUIRE(::sigismember(&before, signal) == ::sigismember(&after, signal));
  }
}

TEST_CASE("a child has the environment it was given and LISTEN_PID is its own pid") {
  Pipe output;
  LaunchSpec spec = misbehaving({"--print-env", "--exit", "0"}, output.write.get());
  spec.envp = {"A=1", "LISTEN_FDS=0", "LISTEN_PID=", "B=two words"};
  Launcher launcher;
  auto launched = launcher.launch(spec);
  REQUIRE(launched);
  output.write.reset();
  const Json seen = Json::parse(read_to_end(output.read.get()));
  wait_for(*launched);
  REQUIRE(seen == Json({"A=1", "LISTEN_FDS=0", fmt::format("LISTEN_PID={}", launched->pid),
                        "B=two words"}));
}

TEST_CASE("a child has the directory, umask and limits it was given") {
  const TempDir directory;
  const Finished finished = run({"--print-identity", "--exit", "0"}, [&](LaunchSpec& spec) {
    spec.directory = directory.path();
    spec.umask = 027;
    spec.limits = {{RLIMIT_NOFILE, 123, 4000}};
  });
  const Json id = Json::parse(finished.output);
  REQUIRE(id["cwd"] == directory.path().native());
  REQUIRE(id["umask"] == 027);
  REQUIRE(id["nofile"] == 123);
  REQUIRE(id["nofile_hard"] == 4000);
}

TEST_CASE("a child gets its soft limit of descriptors, unless its own limits say otherwise") {
  const auto nofile = [](const std::vector<ResourceLimit>& limits) {
    const Finished finished = run({"--print-identity", "--exit", "0"}, [&](LaunchSpec& spec) {
      spec.soft_files = 77;
      spec.limits = limits;
    });
    return Json::parse(finished.output)["nofile"].get<int>();
  };
  REQUIRE(nofile({}) == 77);
  REQUIRE(nofile({{RLIMIT_NOFILE, 123, 123}}) == 123);
}

TEST_CASE("a child runs as the user and groups it was given") {
  if (!is_root()) return;  // nobody else may
  const Finished finished = run({"--print-identity", "--exit", "0"}, [](LaunchSpec& spec) {
    spec.identity = Identity{65534, 65533, {65533, 65532}};
  });
  const Json id = Json::parse(finished.output);
  REQUIRE(id["uid"] == 65534);
  REQUIRE(id["gid"] == 65533);
  REQUIRE(id["groups"] == 2);
}

TEST_CASE("a supervisor killed by SIGKILL takes its children with it") {
  const bool as_other_user = GENERATE(false, true);
  if (as_other_user && !is_root()) return;
  Pipe pids;
  Pipe life;                          // its last writer is the grandchild: end of file is its death
  const pid_t supervisor = ::fork();  // not executed: it runs code of this program
  if (supervisor == 0) {
    life.read.reset();
    LaunchSpec spec = misbehaving({"--print", "up"}, life.write.get());
    if (as_other_user) spec.identity = Identity{65534, 65534, {65534}};
    Launcher launcher;
    auto launched = launcher.launch(spec);
    const pid_t pid = launched ? launched->pid : -1;
    life.write.reset();
    if (::write(pids.write.get(), &pid, sizeof pid) != sizeof pid) ::_exit(1);
    for (;;)
      ::pause();
  }
  life.write.reset();
  pid_t child = -1;
  REQUIRE(::read(pids.read.get(), &child, sizeof child) == sizeof child);
  REQUIRE(child > 0);
  REQUIRE(read_line(life.read.get()) == "up");
  ::kill(supervisor, SIGKILL);
  ::waitpid(supervisor, nullptr, 0);
  REQUIRE(read_to_end(life.read.get()).empty());  // returns when the child is gone
}

TEST_CASE("exit code 9 and death by SIGKILL are told apart") {
  Launcher launcher;
  auto coded = launcher.launch(misbehaving({"--exit", "9"}));
  auto killed = launcher.launch(misbehaving({"--signal-after", "0", "9"}));
  REQUIRE(coded);
  REQUIRE(killed);
  const auto by_code = wait_for(*coded);
  const auto by_signal = wait_for(*killed);
  REQUIRE_FALSE(by_code.signaled);
  REQUIRE(by_code.value == 9);
  REQUIRE(by_signal.signaled);
  REQUIRE(by_signal.value == 9);
}
