// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/hung_path.hpp"

#include "common/os/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/hung_disk.hpp"

#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace std::chrono_literals;

TEST_CASE("what can be looked at does not hang: files, directories, pipes, devices and nothing") {
  const holdfast::test::TempDir dir;
  std::ofstream(dir / "file") << "x";
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  const std::vector<std::string> paths{dir.path(),  dir / "file", dir / "pipe",
                                       "/dev/null", dir / "none", "",
                                       "/dev/full", "/dev/tty",   "/proc/kmsg"};
  CHECK_FALSE(find_hung_path(paths, 60s));
  CHECK_FALSE(find_hung_path({}, 60s));
  // More than a pipe holds.
  CHECK_FALSE(find_hung_path(std::vector<std::string>(100'000, "/"), 60s));
  CHECK(::waitpid(-1, nullptr, WNOHANG) < 0);  // no child is left
}

TEST_CASE("a file system that hangs is found within the time, and named") {
  const holdfast::test::HungDisk disk;
  if (!disk.mounted()) return;
  const std::string hung = disk.path() / "program";
  CHECK(find_hung_path({"/", hung, "/dev/null"}, 500ms) == 1u);
  CHECK(find_hung_path({disk.path()}, 500ms) == 0u);
  // The children were killed, and are whoever's who reaps.
  for (int children = 2; children > 0; --children)
    REQUIRE(::waitpid(-1, nullptr, 0) > 0);
}
