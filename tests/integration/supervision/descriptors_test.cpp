// SPDX-License-Identifier: Apache-2.0
// How many descriptors the supervisor may have, and what its workers may.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <iterator>

using namespace holdfast;
using namespace holdfast::test;

namespace {

// What is started meanwhile inherits the lower limit.
class SoftLimit {
 public:
  explicit SoftLimit(rlim_t files) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit lower{files, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &lower);
  }
  ~SoftLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  SoftLimit(const SoftLimit&) = delete;
  SoftLimit& operator=(const SoftLimit&) = delete;

 private:
  rlimit before_{};
};

std::ptrdiff_t descriptors_of(pid_t pid) {
  return std::distance(std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd"),
                       std::filesystem::directory_iterator{});
}

}  // namespace

TEST_CASE("a soft limit of descriptors does not limit the fleet; workers get the original back") {
  std::unique_ptr<Stack> stack;
  {
    const SoftLimit lower(100);
    stack = std::make_unique<Stack>(
        misbehaving("many", {"--print-identity"}, "replicas = 60\nready = \"started\"\n"), kNoPort);
  }
  stack->wait_ready();
  REQUIRE(stack->wait_state("many.59", "ready"));
  REQUIRE(descriptors_of(stack->supervisor().pid()) > 180);  // a pidfd and two pipes each
  REQUIRE(wait_until(
      [&] { return stack->supervisor().output().find(R"("nofile":100,)") != std::string::npos; }));
}

TEST_CASE("a thousand restarts leave no descriptor behind") {
  Stack stack(misbehaving("mortal", {"--exit-after", "1", "0"},
                          "replicas = 4\nready = \"started\"\nrequired = false\n"
                          "backoff_base = \"10ms\"\nbackoff_cap = \"10ms\"\n"
                          "crash_loop_exits = 1000\n"),
              kNoPort);
  const auto starts = [&] { return stack.worker("mortal.0").value("starts", 0); };
  REQUIRE(wait_until([&] { return starts() > 20; }));
  const std::ptrdiff_t before = descriptors_of(stack.supervisor().pid());
  REQUIRE(wait_until([&] { return starts() > 250; }, std::chrono::seconds(60)));
  // Four workers at whatever moment of their lives, and the request that asks.
  REQUIRE(descriptors_of(stack.supervisor().pid()) < before + 20);
}

TEST_CASE(
    "standard descriptors closed at the start are harmless: all combinations run and answer") {
  for (const char* closed :
       {"<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"}) {
    INFO(closed);
    const std::string holdfast = (bin_dir() / "holdfast").string();
    Stack stack(misbehaving("web", {"--print", "printed", "--print-error", "printed", "--ready"}) +
                    api_workers(1),
                kNoPort, {"/bin/sh", "-c", "exec '" + holdfast + "' run " + closed});
    stack.wait_ready();
    REQUIRE(stack.get("/health").status == 200);
    for (const char* fd : {"0", "1", "2"}) {
      const std::string path = "/proc/" + std::to_string(stack.supervisor().pid()) + "/fd/" + fd;
      REQUIRE(std::filesystem::read_symlink(path).native().find("socket:") == std::string::npos);
    }
    const auto answer =
        run_program({"/bin/sh", "-c", "exec '" + holdfast + "' version " + closed}, {});
    REQUIRE_FALSE(answer.ended.signaled);
  }
}
