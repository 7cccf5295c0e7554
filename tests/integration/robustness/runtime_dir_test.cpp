// SPDX-License-Identifier: Apache-2.0
// Somebody removes the runtime directory, or something in it, while the supervisor runs.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
namespace fs = std::filesystem;

namespace {

constexpr int kUnavailable = 69;  // EX_UNAVAILABLE: in use by another process

bool is_complete(const fs::path& run) {
  for (const char* name :
       {"admin.sock", "status.sock", "notify.sock", "lock", "workers/web.0.sock"}) {
    if (!fs::exists(run / name)) return false;
  }
  return true;
}

std::size_t times_restored(Stack& stack) {
  std::size_t times = 0;
  for (const auto& event : stack.events())
    times += event["kind"] == "runtime_dir_restored" ? 1 : 0;
  return times;
}

// Everything that goes through a file of the directory.
void check_all_works(Stack& stack) {
  REQUIRE(stack.command({"status"}).exit_code == 0);
  REQUIRE(stack.command({"restart", "web"}).exit_code == 0);  // admin.sock and notify.sock
  const pid_t pid = stack.pid_of("web.0");
  signal_process(pid, SIGKILL);
  REQUIRE(wait_until(
      [&] { return stack.pid_of("web.0") != pid && stack.state_of("web.0") == "ready"; }));
  REQUIRE(stack.command({"run"}).exit_code == kUnavailable);
}

}  // namespace

TEST_CASE("the runtime directory vanishes: all that was in it is there again within seconds") {
  struct Row {
    const char* what;
    void (*damage)(const fs::path& run);
  };
  const Row rows[] = {
      {"removed", [](const fs::path& run) { fs::remove_all(run); }},
      {"moved", [](const fs::path& run) { fs::rename(run, run.native() + ".old"); }},
      {"replaced",
       [](const fs::path& run) {
         fs::rename(run, run.native() + ".older");
         fs::create_directory(run);
         fs::permissions(run, fs::perms::owner_all);
       }},
      {"emptied",
       [](const fs::path& run) {
         for (const auto& entry : fs::directory_iterator(run))
           fs::remove_all(entry.path());
       }},
      {"admin.sock", [](const fs::path& run) { fs::remove(run / "admin.sock"); }},
      {"status.sock", [](const fs::path& run) { fs::remove(run / "status.sock"); }},
      {"notify.sock", [](const fs::path& run) { fs::remove(run / "notify.sock"); }},
      {"lock", [](const fs::path& run) { fs::remove(run / "lock"); }},
      {"workers", [](const fs::path& run) { fs::remove_all(run / "workers"); }},
      {"workers' sockets",
       [](const fs::path& run) {
         for (const auto& entry : fs::directory_iterator(run / "workers"))
           fs::remove(entry.path());
       }},
  };
  // Killed once for each row, which is no crash loop.
  Stack stack(misbehaving("web", {"--ready"},
                          "metrics = \"socket\"\ncrash_loop_exits = 100\nbackoff_base = "
                          "\"10ms\"\nbackoff_cap = \"10ms\"\n"),
              kNoPort);
  stack.wait_ready();
  for (const Row& row : rows) {
    INFO(row.what);
    const std::size_t before = times_restored(stack);
    row.damage(stack.runtime_dir());
    REQUIRE(wait_until([&] { return is_complete(stack.runtime_dir()); }));
    REQUIRE(wait_until([&] { return times_restored(stack) > before; }));
    check_all_works(stack);
  }
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
  REQUIRE_FALSE(fs::exists(stack.runtime_dir() / "admin.sock"));
}

TEST_CASE("the runtime directory vanishes: a second supervisor is refused at once") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  for (int round = 0; round < 5; ++round) {
    fs::remove_all(stack.runtime_dir());
    const auto second = stack.command({"run"});
    INFO(second.output);
    REQUIRE(second.exit_code == kUnavailable);
    REQUIRE(second.output.find("already runs in") != std::string::npos);
  }
  REQUIRE(wait_until([&] { return stack.state_of("web.0") == "ready"; }));
}

TEST_CASE("the runtime directory vanishes: workers that run are scraped through the new one") {
  Stack stack(api_workers(1), kNoPort);
  stack.wait_ready();
  const std::string up = "worker=\"api-worker.0\"";
  REQUIRE(
      wait_until([&] { return Stack::sum_of(stack.metrics(), "holdfast_metrics_up", up) == 1; }));
  const pid_t before = stack.pid_of("api-worker.0");
  fs::remove_all(stack.runtime_dir());
  REQUIRE(stack.wait_event("runtime_dir_restored"));
  const fs::path link = stack.runtime_dir() / "workers" / "api-worker.0.sock";
  const auto seen = http::fetch("GET", "unix:" + link.string() + ":/metrics", {}, "", {});
  REQUIRE(seen);
  REQUIRE(seen->status == 200);
  REQUIRE(
      wait_until([&] { return Stack::sum_of(stack.metrics(), "holdfast_metrics_up", up) == 1; }));
  REQUIRE(stack.pid_of("api-worker.0") == before);
}

TEST_CASE("the runtime directory is somebody else's: it is left alone, and that is told") {
  TempDir dir;
  const fs::path run = dir / "run";
  Stack stack("[log]\nformat = \"json\"\n\n" + misbehaving("web", {"--ready"}), kNoPort, {}, run);
  stack.wait_ready();
  const fs::path other = dir / "other";
  fs::create_directory(other);
  fs::permissions(other, fs::perms::owner_all);
  const Fd lock(::open((other / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::flock(lock.get(), LOCK_EX | LOCK_NB) == 0);
  std::ofstream(other / "admin.sock") << "not a socket of ours";
  REQUIRE(::renameat2(AT_FDCWD, other.c_str(), AT_FDCWD, run.c_str(), RENAME_EXCHANGE) == 0);
  REQUIRE(wait_until(
      [&] { return stack.supervisor().output().find("runtime_dir_lost") != std::string::npos; }));
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
  REQUIRE(fs::exists(run / "admin.sock"));
}
