// SPDX-License-Identifier: Apache-2.0
#include "common/os/proc.hpp"

#include "tests/support/catch.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

using namespace holdfast;

namespace {

constexpr pid_t kNoSuchPid = 0x7FFFFFF0;  // above the kernel's highest pid

const char* const kRest =
    " S 1 4242 4242 0 -1 4194560 1234 0 5 0 250 50 0 0 20 0 7 0 98765 104857600 2560 "
    "18446744073709551615 1 1 0 0 0 0 0 4096 17642 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

}  // namespace

TEST_CASE("stat: the fields after the name are found, whatever the name holds") {
  for (const std::string name : {"worker", "my worker", "a) S 1 (b", "))", "((", "\n", ""}) {
    INFO(name);
    const auto stat = parse_process_stat("4242 (" + name + ")" + kRest);
    REQUIRE(stat);
    CHECK(stat->name == name);
    CHECK(stat->state == 'S');
    CHECK(stat->parent == 1);
    CHECK(stat->user_ticks == 250);
    CHECK(stat->kernel_ticks == 50);
    CHECK(stat->threads == 7);
    CHECK(stat->start_ticks == 98765);
    CHECK(stat->virtual_bytes == 104857600);
    CHECK(stat->resident_pages == 2560);
  }
}

TEST_CASE("stat: a text that is cut off or malformed is an error, not zeros") {
  for (const char* text :
       {"", "4242", "4242 (worker", "4242 (worker)", "4242 (worker) ", "4242 worker S 1",
        "4242 )worker( S 1", "4242 (worker) S 1 4242",
        "4242 (worker) S 1 4242 4242 0 -1 4194560 1234 0 5 0 x 50 0 0 20 0 7 0 1 1 1",
        "4242 (worker) S 1 4242 4242 0 -1 4194560 1234 0 5 0 1 50 0 0 20 0 7 0 1 1"}) {
    INFO(text);
    const auto stat = parse_process_stat(text);
    REQUIRE_FALSE(stat);
    CHECK(stat.error().kind == ErrorKind::DataLoss);
  }
}

TEST_CASE("stat of a real process whose name holds spaces and parentheses") {
  char before[16];
  REQUIRE(::prctl(PR_GET_NAME, before) == 0);
  REQUIRE(::prctl(PR_SET_NAME, "a b) R (c") == 0);
  const auto stat = read_process_stat(::getpid());
  ::prctl(PR_SET_NAME, before);
  REQUIRE(stat);
  CHECK(stat->name == "a b) R (c");
  CHECK(stat->parent == ::getppid());
  CHECK(stat->threads >= 1);
  CHECK_FALSE(stat->dead());
}

TEST_CASE("a process that does not exist is not found") {
  const auto stat = read_process_stat(kNoSuchPid);
  REQUIRE_FALSE(stat);
  CHECK(stat.error().kind == ErrorKind::NotFound);
  CHECK(process_started(kNoSuchPid) == 0);
  CHECK_FALSE(has_environment_entry(kNoSuchPid, "A=1"));
}

TEST_CASE("a process is alive if it is not a zombie and not another one with its pid") {
  const auto started = process_started(::getpid());
  REQUIRE(started > 0);
  CHECK(process_alive(::getpid(), started));
  CHECK_FALSE(process_alive(::getpid(), started + 1));
  CHECK_FALSE(process_alive(-5, started));

  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  CHECK(read_process_stat(child)->dead());
  CHECK_FALSE(process_alive(child, process_started(child)));
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("all processes are listed, and nothing else in /proc") {
  const auto pids = list_processes();
  CHECK(std::find(pids.begin(), pids.end(), ::getpid()) != pids.end());
  CHECK(std::all_of(pids.begin(), pids.end(), [](pid_t pid) { return pid > 0; }));
}

TEST_CASE("an environment entry is found only as a whole") {
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ready[0], STDIN_FILENO);
    ::close(ready[1]);
    char name[] = "cat";
    char* const argv[] = {name, nullptr};
    char first[] = "FIRST=1";
    char middle[] = "HOLDFAST_TEST=a=b";
    char last[] = "LAST=2";
    char* const environment[] = {first, middle, last, nullptr};
    ::execve("/bin/cat", argv, environment);
    ::_exit(127);
  }
  ::close(ready[0]);
  while (!has_environment_entry(child, "HOLDFAST_TEST=a=b")) {
    REQUIRE(::waitpid(child, nullptr, WNOHANG) == 0);  // the exec has failed
    ::usleep(1000);
  }
  CHECK(has_environment_entry(child, "FIRST=1"));
  CHECK(has_environment_entry(child, "LAST=2"));
  CHECK_FALSE(has_environment_entry(child, "HOLDFAST_TEST=a"));
  CHECK_FALSE(has_environment_entry(child, "TEST=a=b"));
  CHECK_FALSE(has_environment_entry(child, "LAST"));
  CHECK(has_environment(child, {"FIRST=1", "LAST=2"}) == true);
  CHECK(has_environment(child, {"FIRST=1", "LAST=3"}) == false);
  ::close(ready[1]);
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("of a process with an empty environment it is not known what it carries") {
  const pid_t child = ::fork();
  if (child == 0) {
    char name[] = "sleep";
    char time[] = "60";
    char* const argv[] = {name, time, nullptr};
    char* const environment[] = {nullptr};
    ::execve("/bin/sleep", argv, environment);
    ::_exit(127);
  }
  while (has_environment(child, {"A=1"})) {
    REQUIRE(::waitpid(child, nullptr, WNOHANG) == 0);  // the exec has failed
    ::usleep(1000);
  }
  CHECK_FALSE(has_environment_entry(child, "A=1"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("the descriptor limit may be unlimited or missing") {
  const std::string head =
      "Limit                     Soft Limit           Hard Limit           Units\n";
  CHECK(parse_max_open_files(
            head + "Max open files            1024                 524288               files\n") ==
        1024);
  CHECK(parse_max_open_files(
            head + "Max open files            unlimited            unlimited            files\n") ==
        std::nullopt);
  CHECK(parse_max_open_files(head) == std::nullopt);
}

TEST_CASE("the boot time is a line of /proc/stat") {
  CHECK(parse_boot_time("cpu  1 2\nintr 1\nbtime 1700000000\nprocesses 5\n").value() == 1700000000);
  CHECK_FALSE(parse_boot_time("cpu  1 2\n"));
  CHECK_FALSE(parse_boot_time("btime soon\n"));
}

TEST_CASE("the boot id is one line without its end") {
  const auto id = boot_id();
  REQUIRE(id);
  CHECK(id->size() == 36);
}
