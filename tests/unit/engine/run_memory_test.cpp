// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/run_memory.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor;

TEST_CASE("what was remembered is known to the next supervisor") {
  const test::TempDir dir;
  {
    RunMemory memory(dir.path());
    CHECK_FALSE(memory.last("backup"));
    REQUIRE(memory.remember("backup", from_unix_ms(1'000)));
    REQUIRE(memory.remember("report", from_unix_ms(2'000)));
    REQUIRE(memory.remember("backup", from_unix_ms(3'000)));
    CHECK(memory.last("backup") == from_unix_ms(3'000));
  }
  const RunMemory next(dir.path());
  CHECK(next.last("backup") == from_unix_ms(3'000));
  CHECK(next.last("report") == from_unix_ms(2'000));
}

TEST_CASE("a damaged memory is as good as none, line by line") {
  const test::TempDir dir;
  std::ofstream(dir / "schedules") << "backup x\nreport 2000\n\x01\x02";
  RunMemory memory(dir.path());
  CHECK_FALSE(memory.last("backup"));
  CHECK(memory.last("report") == from_unix_ms(2'000));
  CHECK(memory.remember("backup", from_unix_ms(1)));
}

TEST_CASE("a memory that cannot be written says so and still remembers") {
  RunMemory memory("/proc/holdfast-has-no-such-directory");
  CHECK_FALSE(memory.remember("backup", from_unix_ms(1'000)));
  CHECK(memory.last("backup") == from_unix_ms(1'000));
}
