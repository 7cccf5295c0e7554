// SPDX-License-Identifier: Apache-2.0
#include "common/os/file.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <fstream>

using namespace holdfast;

TEST_CASE("a file is read whole, or not at all if it is larger than the limit") {
  const test::TempDir dir;
  std::ofstream(dir / "a") << "two";
  REQUIRE(read_file(dir / "a").value() == "two");
  REQUIRE(read_file(dir / "a", 3).value() == "two");
  REQUIRE(read_file(dir / "a", 2).error().kind == ErrorKind::ResourceExhausted);
  REQUIRE(read_file(dir / "missing").error().kind == ErrorKind::NotFound);
}
