// SPDX-License-Identifier: Apache-2.0
// Workers that use too much memory, and workers in cgroups of their own.
#include "common/os/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <iterator>
#include <sstream>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::string shell_with_limits(const std::string& name, const std::string& script,
                              const std::string& more) {
  return "[program." + name + "]\n" + command_of({"/bin/sh", "-c", script}) +
         "ready = \"started\"\n" + more + "\n";
}

// A child of the shell holds it, not the shell itself.
const std::string kHog = "sh -c 'x=$(yes | head -c 60000000); while :; do sleep 1; done' & wait";

bool has_alert(Stack& stack, const std::string& name, const std::string& target) {
  const json status = stack.status();
  for (const json& alert : status["alerts"]) {
    if (alert["name"] == name && alert.value("target", "") == target) return true;
  }
  return false;
}

// Where cgroup v2 is mounted; empty: nowhere.
fs::path hierarchy() {
  std::istringstream mounts(read_file("/proc/self/mountinfo").value_or(""));
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream words(line);
    std::string word;
    for (int i = 0; i < 5; ++i)
      words >> word;
    return word;
  }
  return {};
}

// A cgroup as systemd delegates one; empty where there is none to be had.
class DelegatedCgroup {
 public:
  DelegatedCgroup() {
    const fs::path root = hierarchy();
    if (root.empty()) return;
    const fs::path path = root / ("holdfast-test-" + std::to_string(::getpid()));
    if (::mkdir(path.c_str(), 0755) != 0) return;
    path_ = path;
    if (::setxattr(path.c_str(), "user.delegate", "1", 1, 0) != 0) remove();
  }
  ~DelegatedCgroup() { remove(); }
  DelegatedCgroup(const DelegatedCgroup&) = delete;
  DelegatedCgroup& operator=(const DelegatedCgroup&) = delete;

  explicit operator bool() const { return !path_.empty(); }
  const fs::path& path() const { return path_; }
  // Starts the supervisor in it.
  std::vector<std::string> command() const {
    return {"/bin/sh", "-c",
            "echo $$ > " + (path_ / "cgroup.procs").string() + " && exec " +
                (bin_dir() / "holdfast").string() + " run"};
  }

 private:
  void remove() {
    if (path_.empty()) return;
    // The supervisor's guardian ends a moment after it.
    wait_until([this] {
      for (const char* below : {"holdfast.workers", "holdfast.supervisor"})
        ::rmdir((path_ / below).c_str());
      return ::rmdir(path_.c_str()) == 0;
    });
    path_.clear();
  }
  fs::path path_;
};

}  // namespace

TEST_CASE("memory_high: a worker above it is replaced, and no request is dropped") {
  // Every API worker is above it as soon as it runs.
  Stack stack(api_workers(1, "memory_high = \"2MiB\"\n"), kNoPort);
  stack.wait_ready();
  const std::string url = stack.api() + "/health";
  std::atomic<bool> stop{false};
  std::atomic<int> ok{0};
  std::atomic<int> failed{0};
  std::thread client([&] {
    while (!stop) {
      const auto answer = http::fetch("GET", url, {}, "", {});
      ++(answer && answer->status == 200 ? ok : failed);
    }
  });
  const bool told = stack.wait_event("memory_high", "more than memory_high, 2.0 MiB");
  const bool replaced = stack.wait_event("rolling_done");
  const int at_end = ok;
  const bool served_on = wait_until([&] { return ok > at_end + 50; });
  stop = true;
  client.join();
  REQUIRE(told);
  REQUIRE(replaced);
  REQUIRE(served_on);
  REQUIRE(failed == 0);
  REQUIRE(stack.worker("api-worker.0")["incarnation"] >= 2);
  REQUIRE(stack.worker("api-worker.0")["restarts"] == 0);
  // Its successor is as large, so the alert comes back, and the next replacement takes its time.
  REQUIRE(wait_until([&] { return has_alert(stack, "HoldfastMemoryHigh", "api-worker.0"); }));
  REQUIRE(Stack::sum_of(stack.metrics(), "holdfast_worker_memory_high") == 1);
}

TEST_CASE("memory_max: all processes of a worker count, and it is stopped and started again") {
  const std::string measure = GENERATE(as<std::string>{}, "pss", "rss");
  Stack stack(shell_with_limits("web", kHog,
                                "memory_max = \"40MiB\"\nmemory_measure = \"" + measure + "\"\n") +
                  shell_with_limits("small", "exec sleep 600", "memory_max = \"40MiB\"\n"),
              kNoPort);
  REQUIRE(stack.wait_event("memory_max", "more than memory_max, 40.0 MiB; stopping it"));
  REQUIRE(wait_until([&] { return stack.worker("web.0")["restarts"] >= 1; }));
  REQUIRE(stack.worker("small.0")["restarts"] == 0);
  REQUIRE(Stack::sum_of(stack.metrics(), "holdfast_worker_restarts_total", "reason=\"memory\"") >=
          1);
}

TEST_CASE("without a delegated cgroup the status says what is not enforced") {
  Stack stack("[supervisor]\ncgroups = \"off\"\n" +
                  misbehaving("web", {"--ready"}, "memory_max = \"1GiB\"\npids_max = 50\n"),
              kNoPort);
  stack.wait_ready();
  const json cgroups = stack.status()["cgroups"];
  REQUIRE(cgroups["delegated"] == false);
  REQUIRE(cgroups["not_enforced"]["web"] == json{"memory_max", "pids_max"});
  REQUIRE(stack.command({"status"})
              .output.find(
                  "not enforced by the kernel: web (memory_max, pids_max): cgroups is \"off\"") !=
          std::string::npos);
  REQUIRE(stack.wait_logged("without effect: web (pids_max)"));
}

TEST_CASE("in a delegated cgroup each worker has its own, and nothing of it survives") {
  const DelegatedCgroup group;
  if (!group) {
    WARN("no cgroup v2 hierarchy to try this in");
    return;
  }
  {
    // A daemon without a trace of its worker: only the group knows it.
    Stack stack(shell_with_limits("web", "(env -i setsid sleep 600 &) ; exec sleep 600", ""),
                kNoPort, group.command());
    REQUIRE(wait_until([&] { return stack.state_of("web.0") == "ready"; }));
    const json cgroups = stack.status()["cgroups"];
    INFO(cgroups.dump());
    REQUIRE(cgroups["delegated"] == true);
    const fs::path own = group.path() / "holdfast.workers" / "web.0.1";
    std::vector<pid_t> pids;
    REQUIRE(wait_until([&] {
      std::istringstream text(read_file(own / "cgroup.procs").value_or(""));
      pids.assign(std::istream_iterator<pid_t>(text), {});
      return pids.size() == 2;
    }));
    REQUIRE(stack.command({"stop", "web"}).exit_code == 0);
    for (const pid_t pid : pids)
      REQUIRE(wait_until([&] { return signal_process(pid, 0) != 0; }));
    REQUIRE(stack.wait_event("leftovers", "left 1 process behind"));
    REQUIRE_FALSE(fs::exists(own));
    REQUIRE(stack.command({"start", "web"}).exit_code == 0);
    REQUIRE(fs::exists(group.path() / "holdfast.workers" / "web.0.2"));
    stack.supervisor().signal(SIGTERM);
    REQUIRE(stack.supervisor().wait().value == 0);
  }
  REQUIRE_FALSE(fs::exists(group.path() / "holdfast.workers" / "web.0.2"));
}
