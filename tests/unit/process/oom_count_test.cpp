// SPDX-License-Identifier: Apache-2.0
// The kernel's count of kills for lack of memory, over plain files; tests/docker has a real one.
#include "supervisor/process/oom_count.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <fstream>

using namespace holdfast::supervisor::process;
using holdfast::test::TempDir;

TEST_CASE("where our own memory cgroup of version 1 is: on the host, and in a container") {
  const std::string host =
      "29 23 0:25 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "31 23 0:27 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory\n"
      "32 23 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
  CHECK(own_memory_cgroup_v1("5:cpu,cpuacct:/\n4:memory:/user.slice\n0::/x\n", host) ==
        "/sys/fs/cgroup/memory/user.slice");
  CHECK(own_memory_cgroup_v1("4:memory:/\n", host) == "/sys/fs/cgroup/memory");
  CHECK(own_memory_cgroup_v1("4:hugetlb,memory:/a\n",
                             "31 23 0:27 / /c rw - cgroup cgroup rw,hugetlb,memory\n") == "/c/a");
  const std::string container =
      "812 801 0:27 /docker/7f /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n";
  CHECK(own_memory_cgroup_v1("4:memory:/docker/7f\n", container) == "/sys/fs/cgroup/memory");
  CHECK(own_memory_cgroup_v1("4:memory:/docker/7f/x\n", container) == "/sys/fs/cgroup/memory/x");
  CHECK(own_memory_cgroup_v1("4:memory:/docker/7f0\n", container).empty());
  CHECK(own_memory_cgroup_v1("4:memory:/../other\n", host).empty());
  CHECK(own_memory_cgroup_v1("0::/unit\n", host).empty());
  CHECK(own_memory_cgroup_v1("", "").empty());
}

TEST_CASE("kills for lack of memory are counted by either version's file, or not at all") {
  const TempDir dir;
  std::ofstream(dir / "memory.events") << "low 0\nhigh 7\nmax 12\noom 3\noom_kill 2\n";
  CHECK(OomCount(dir / "memory.events").kills() == 2);
  std::ofstream(dir / "memory.oom_control") << "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n";
  CHECK(OomCount(dir / "memory.oom_control").kills() == 5);
  CHECK(OomCount(dir / "gone").kills() == 0);
  std::ofstream(dir / "strange") << "oom_kill many\n";
  CHECK(OomCount(dir / "strange").kills() == 0);
  CHECK(OomCount({}).kills() == 0);
}

TEST_CASE("a kill is told once, and is lately until the look after the one that told it") {
  const TempDir dir;
  const auto put = [&](int kills) {
    std::ofstream(dir / "memory.events") << "oom_kill " << kills << "\n";
  };
  put(3);  // before we began
  OomCount count(dir / "memory.events");
  CHECK_FALSE(count.lately());
  CHECK(count.look() == 0);
  put(4);
  CHECK(count.lately());
  CHECK(count.look() == 1);
  CHECK(count.lately());  // the exit that it led to may be heard of now
  CHECK(count.look() == 0);
  CHECK_FALSE(count.lately());
  put(6);
  CHECK(count.look() == 2);
  put(0);  // another cgroup under the name
  CHECK(count.look() == 0);
  CHECK_FALSE(count.lately());
}
