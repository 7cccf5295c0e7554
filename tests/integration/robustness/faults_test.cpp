// SPDX-License-Identifier: Apache-2.0
// The machine refuses something: the supervisor says what and goes on supervising.
#include "tests/support/catch.hpp"
#include "tests/support/preload.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/small_disk.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

const std::string kQuickRetries =
    "backoff_base = \"20ms\"\nbackoff_cap = \"100ms\"\ncrash_loop_retry = \"200ms\"\n";

std::string last_error(Stack& stack, const std::string& worker) {
  return stack.worker(worker).value("last_error", "");
}

// The step and its errno, wherever an administrator may look.
void check_told(Stack& stack, const std::string& worker, const std::string& error) {
  REQUIRE(wait_until([&] { return last_error(stack, worker) == error; }));
  REQUIRE(stack.wait_event("spawn_failed", error));
  REQUIRE(stack.wait_logged(error));
  REQUIRE(wait_until(
      [&] { return stack.command({"status"}).output.find(error) != std::string::npos; }));
  // A try costs two milliseconds: a spin would make hundreds before the crash loop is entered.
  REQUIRE(stack.wait_state(worker, "crash_loop"));
  REQUIRE(stack.worker(worker)["starts"].get<int>() < 20);
}

std::string make_script(const std::filesystem::path& path, const std::string& text, mode_t mode) {
  std::ofstream(path) << text;
  ::chmod(path.c_str(), mode);
  return path;
}

std::uint64_t soft_descriptor_limit(pid_t pid, std::uint64_t value) {
  rlimit before{};
  REQUIRE(::prlimit(pid, RLIMIT_NOFILE, nullptr, &before) == 0);
  const rlimit after{value, before.rlim_max};
  REQUIRE(::prlimit(pid, RLIMIT_NOFILE, &after, nullptr) == 0);
  return before.rlim_cur;
}

// A limit below which only so many descriptors are free.
std::uint64_t limit_with_free(pid_t pid, int free) {
  int limit = 0;
  for (;; ++limit) {
    const auto path = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(limit);
    if (std::filesystem::exists(std::filesystem::symlink_status(path))) continue;
    if (free-- == 0) return static_cast<std::uint64_t>(limit);
  }
}

}  // namespace

TEST_CASE("fork fails: step and errno are reported, retries back off, and it recovers by itself") {
  Faults faults;
  Stack stack("[log]\nformat = \"json\"\n\n" + misbehaving("web", {"--ready"}, kQuickRetries),
              faults.environment());
  stack.wait_ready();
  faults.set("no-fork");
  stack.signal("web.0", SIGKILL);
  check_told(stack, "web.0", "fork: Resource temporarily unavailable");
  faults.clear("no-fork");
  REQUIRE(stack.wait_state("web.0", "ready"));
  REQUIRE(last_error(stack, "web.0").empty());
}

TEST_CASE("exec fails: a missing file, one that is not executable, one without its interpreter") {
  struct Row {
    const char* what;
    const char* text;
    mode_t mode;
    const char* error;
  };
  const Row row = GENERATE(Row{"missing", nullptr, 0, "exec: No such file or directory"},
                           Row{"not executable", "#!/bin/sh\n", 0644, "exec: Permission denied"},
                           Row{"no such interpreter", "#!/no/such/interpreter\n", 0755,
                               "exec: No such file or directory"},
                           Row{"no program", "just text\n", 0755, "exec: Exec format error"});
  INFO(row.what);
  const TempDir dir;
  const std::string path = dir / "program";
  const std::string works = "#!/bin/sh\nexec sleep 600\n";
  make_script(path, works, 0755);  // a start with a broken program is refused
  Stack stack("[log]\nformat = \"json\"\n\n[program.broken]\n" + command_of({path}) +
                  "ready = \"started\"\nrequired = false\n" + kQuickRetries + "\n" +
                  misbehaving("fine", {"--ready"}),
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.wait_state("broken.0", "ready"));
  std::filesystem::remove(path);
  if (row.text != nullptr) make_script(path, row.text, row.mode);
  stack.signal("broken.0", SIGKILL);
  check_told(stack, "broken.0", row.error);
  REQUIRE(stack.worker("fine.0")["starts"] == 1);
  REQUIRE(zombies_of(stack.supervisor().pid()) == 0);
  // Mended on the disk, it comes up at the next try.
  std::filesystem::remove(path);
  make_script(path, works, 0755);
  REQUIRE(stack.wait_state("broken.0", "ready"));
}

TEST_CASE("a process that cannot be watched is not left running") {
  Faults faults;
  Stack stack(misbehaving("web", {"--ready"}, kQuickRetries), faults.environment());
  stack.wait_ready();
  faults.set("no-watch");
  stack.signal("web.0", SIGKILL);
  REQUIRE(wait_until(
      [&] { return last_error(stack, "web.0") == "watch the process: No space left on device"; }));
  faults.clear("no-watch");
  REQUIRE(stack.wait_state("web.0", "ready"));
  REQUIRE(wait_until([&] { return children_of(stack.supervisor().pid()).size() == 1; }));
}

TEST_CASE(
    "EMFILE: without descriptors nothing new starts, running workers continue, and it recovers") {
  Stack stack(misbehaving("web", {"--ready"}, "metrics = \"off\"\n" + kQuickRetries), kNoPort);
  stack.wait_ready();
  const pid_t supervisor = stack.supervisor().pid();
  const pid_t first = stack.pid_of("web.0");
  // Enough for a question on the socket, not for a process with its pipes.
  const auto before = soft_descriptor_limit(supervisor, limit_with_free(supervisor, 2));
  // The supervisor may be looking at /proc with one of them just then: asked again, it answers.
  REQUIRE(wait_until([&] { return stack.command({"scale", "web", "3"}).exit_code == 0; }));
  REQUIRE(wait_until(
      [&] { return last_error(stack, "web.2").find("Too many open files") != std::string::npos; }));
  REQUIRE(stack.pid_of("web.0") == first);
  REQUIRE(stack.state_of("web.0") == "ready");
  soft_descriptor_limit(supervisor, before);
  REQUIRE(stack.wait_state("web.1", "ready"));
  REQUIRE(stack.wait_state("web.2", "ready"));
  REQUIRE(stack.pid_of("web.0") == first);
}

TEST_CASE("ENOSPC in the runtime directory: the start fails, names its step, and is retried") {
  const SmallDisk disk("nr_inodes=40,mode=0750");
  if (!disk.mounted()) return;
  Stack stack(misbehaving("web", {"--ready"}, "metrics = \"socket\"\n" + kQuickRetries) +
                  misbehaving("fine", {"--ready"}),
              kNoPort, {}, disk.path());
  stack.wait_ready();
  const pid_t fine = stack.pid_of("fine.0");
  stack.signal("web.0", SIGKILL);
  REQUIRE(wait_until([&] {
    disk.fill_with_files();  // again, as the end of a worker makes room
    return last_error(stack, "web.0") == "notification socket: No space left on device";
  }));
  REQUIRE(stack.pid_of("fine.0") == fine);
  disk.empty();
  REQUIRE(stack.wait_state("web.0", "ready"));
}

TEST_CASE(
    "a full disk under the log: workers never wait, dropped lines are counted, and it recovers") {
  const SmallDisk disk("size=128k,mode=0755");
  if (!disk.mounted()) return;
  disk.fill_with_bytes();
  Stack stack("[log]\nformat = \"json\"\nfile = \"" + (disk.path() / "holdfast.log").string() +
                  "\"\n\n" +
                  misbehaving("noisy", {"--ready", "--flood-log", "20000", "--term-exit", "5"}),
              kNoPort);
  stack.wait_ready();
  // Two megabytes later it answers SIGTERM: no write of it was held up.
  const pid_t first = stack.pid_of("noisy.0");
  REQUIRE(stack.command({"restart", "noisy"}).exit_code == 0);
  REQUIRE(stack.pid_of("noisy.0") != first);
  REQUIRE(stack.worker("noisy.0")["last_exit"]["code"] == 5);
  REQUIRE(wait_until([&] {
    const std::string metrics = stack.metrics();
    return Stack::sum_of(metrics, "holdfast_log_lines_dropped_total") > 0 &&
           Stack::sum_of(metrics, "holdfast_log_write_errors_total") > 0;
  }));
  disk.empty();
  REQUIRE(wait_until([&] {
    stack.supervisor().signal(SIGALRM);  // any signal that makes it write a line
    return std::filesystem::file_size(disk.path() / "holdfast.log") > 0;
  }));
}

TEST_CASE("the log's directory becomes unwritable or disappears: supervision continues") {
  const TempDir dir;
  std::filesystem::create_directory(dir / "logs");
  Stack stack("[log]\nfile = \"" + (dir / "logs/holdfast.log").string() + "\"\n\n" +
                  misbehaving("noisy", {"--ready", "--flood-log", "2000"}),
              kNoPort);
  stack.wait_ready();
  std::filesystem::remove_all(dir / "logs");
  stack.supervisor().signal(SIGUSR1);
  for (int round = 0; round < 3; ++round) {
    const pid_t before = stack.pid_of("noisy.0");
    REQUIRE(stack.command({"restart", "noisy"}).exit_code == 0);
    REQUIRE(stack.pid_of("noisy.0") != before);
  }
  std::filesystem::create_directory(dir / "logs");
  REQUIRE(wait_until([&] {
    stack.supervisor().signal(SIGUSR1);
    return std::filesystem::exists(dir / "logs/holdfast.log");
  }));
}

TEST_CASE(
    "notify: garbage, a flood and an unknown sender's READY=1 are counted and change nothing") {
  Stack stack(
      misbehaving("liar", {"--garbage-notify", "--ready", "--flood-notify", "20000"},
                  "watchdog = \"0s\"\n") +
          misbehaving("steady", {"--watchdog-ok"},
                      "watchdog = \"3s\"\nwatchdog_interval = \"1s\"\n") +
          misbehaving("waiting", {"--never-ready"}, "required = false\nready_timeout = \"1h\"\n"),
      kNoPort);
  stack.wait_ready();
  // Not one of its processes, though of the same user.
  const std::string socket = stack.runtime_dir() / "notify.sock";
  Process stranger({bin_dir() / "misbehave", "--ready", "--exit", "0"}, {{"NOTIFY_SOCKET", socket}},
                   stack.file("stranger.log"));
  REQUIRE(stranger.wait().value == 0);
  REQUIRE(wait_until([&] {
    const std::string metrics = stack.metrics();
    return Stack::sum_of(metrics, "holdfast_notify_ignored_total", "reason=\"foreign\"") >= 1 &&
           Stack::sum_of(metrics, "holdfast_notify_ignored_total", "reason=\"garbage\"") >= 1;
  }));
  // The whole flood was taken in, the last word included.
  REQUIRE(
      wait_until([&] { return stack.worker("liar.0").value("status", "") == "message 19999"; }));
  REQUIRE(stack.state_of("waiting.0") == "starting");
  REQUIRE(stack.worker("steady.0")["starts"] == 1);
  REQUIRE(stack.worker("liar.0")["starts"] == 1);
}
