// SPDX-License-Identifier: Apache-2.0
// The log is on a disk that hangs: requests are answered, workers live, and people see the log.
#include "tests/support/catch.hpp"
#include "tests/support/frozen_disk.hpp"
#include "tests/support/programs.hpp"

#include <fstream>
#include <sstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::string text_of_file(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a log on a frozen disk holds up no request, no heartbeat and no other program's lines") {
  FrozenDisk disk;
  if (!disk.mounted()) return;
  const std::filesystem::path file = disk.path() / "holdfast.log";
  Stack stack("[log]\nformat = \"json\"\nfile = \"" + file.string() + "\"\n\n" + api_workers(1) +
                  "\n[rate_limit]\nenabled = false\n\n" +
                  misbehaving("noisy", {"--flood-log", "30000", "--ready"}),
              kNoPort);
  stack.wait_ready();
  REQUIRE(disk.freeze());
  // Every one is a line of the access log.
  for (int i = 0; i < 3000; ++i) {
    if (stack.get("/api/documents/none").status != 404) FAIL("request " << i);
  }
  // Three megabytes of another program are not held up, and do not evict what the worker wrote.
  REQUIRE(stack.command({"restart", "noisy"}).exit_code == 0);
  REQUIRE(wait_until([&] {
    return stack.command({"logs", "api-worker"}).output.find("/api/documents/none") !=
           std::string::npos;
  }));
  CHECK(stack.worker("api-worker.0")["starts"] == 1);
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_log_lines_dropped_total", "noisy") > 0);
  disk.thaw();
  REQUIRE(wait_until([&] {
    stack.get("/api/documents/after-the-thaw");
    return text_of_file(file).find("after-the-thaw") != std::string::npos;
  }));
  CHECK(stack.worker("api-worker.0")["starts"] == 1);
}
