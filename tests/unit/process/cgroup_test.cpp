// SPDX-License-Identifier: Apache-2.0
// Cgroups over plain files, as the kernel would show them; tests/integration and tests/system have
// real ones.
#include "supervisor/process/cgroup.hpp"

#include "common/os/file.hpp"
#include "tests/support/launched.hpp"

#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& file, const std::string& text = "") {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

std::string get(const fs::path& file) {
  return read_file(file).value_or("none");
}

}  // namespace

TEST_CASE("where our own cgroup is: cgroup v2 alone, beside v1, in a namespace, in a bind mount") {
  const std::string v2 =
      "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
  const std::string hybrid =
      "31 23 0:27 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n"
      "32 23 0:28 / /sys/fs/cgroup/unified rw shared:10 - cgroup2 cgroup2 rw\n";
  CHECK(own_cgroup("0::/system.slice/holdfast.service\n", v2) ==
        "/sys/fs/cgroup/system.slice/holdfast.service");
  CHECK(own_cgroup("4:memory:/x\n0::/unit\n", hybrid) == "/sys/fs/cgroup/unified/unit");
  CHECK(own_cgroup("0::/\n", v2) == "/sys/fs/cgroup");
  CHECK(own_cgroup("0::/../other\n", v2).empty());
  CHECK(own_cgroup("4:memory:/x\n", hybrid).empty());
  CHECK(own_cgroup("0::/unit\n", "31 23 0:27 / /proc rw - proc proc rw\n").empty());
  const std::string part = "30 23 0:26 /docker/7 /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n";
  CHECK(own_cgroup("0::/docker/7/x\n", part) == "/sys/fs/cgroup/x");
  CHECK(own_cgroup("0::/docker/70\n", part).empty());
}

TEST_CASE("the supervisor moves into a group of its own and turns on what there is") {
  const TempDir dir;
  put(dir / "cgroup.subtree_control");
  put(dir / "holdfast.supervisor/cgroup.procs");
  put(dir / "holdfast.workers/cgroup.subtree_control", "memory pids\n");
  const Cgroups groups = Cgroups::in(dir.path());
  INFO(groups.why_not());
  REQUIRE(groups.delegated());
  CHECK(get(dir / "holdfast.supervisor/cgroup.procs") == std::to_string(::getpid()));
  // A file, unlike the kernel, keeps what was written last.
  CHECK(get(dir / "cgroup.subtree_control").starts_with("+pids"));
}

TEST_CASE("a group that cannot be used is none, and says why") {
  const TempDir dir;
  const Cgroups groups = Cgroups::in(dir / "missing");
  CHECK_FALSE(groups.delegated());
  CHECK(groups.why_not().find("make the cgroup") == 0);
  CHECK_FALSE(groups.enforces("memory"));
}

TEST_CASE("limits are written where their controller is there") {
  const TempDir dir;
  put(dir / "w/memory.max", "max");
  put(dir / "w/cpu.weight");
  const Cgroup group(dir / "w");
  REQUIRE(group.apply({300, 50, 20}));
  CHECK(get(dir / "w/memory.max") == "300");
  CHECK(get(dir / "w/cpu.weight") == "50");
  CHECK_FALSE(fs::exists(dir / "w/pids.max"));
}

TEST_CASE("kills for lack of memory are counted, and processes found in groups below as well") {
  const TempDir dir;
  const Cgroup group(dir / "w");
  CHECK(group.oom_kills() == 0);
  put(dir / "w/memory.events", "low 0\nhigh 4\nmax 7\noom 2\noom_kill 2\noom_group_kill 0\n");
  put(dir / "w/cgroup.procs", "12\n13\n");
  put(dir / "w/below/cgroup.procs", "14\n");
  CHECK(group.oom_kills() == 2);
  CHECK(group.processes() == std::vector<pid_t>{12, 13, 14});
}
