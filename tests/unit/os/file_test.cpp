// SPDX-License-Identifier: Apache-2.0
#include "common/os/file.hpp"

#include "common/base/id.hpp"
#include "tests/support/catch.hpp"

#include <filesystem>

using namespace holdfast;

TEST_CASE("an atomic write replaces the whole file or leaves it alone") {
  const auto dir = std::filesystem::temp_directory_path() / make_uuid();
  std::filesystem::create_directory(dir);
  REQUIRE(write_file_atomic(dir / "a", "one"));
  REQUIRE(write_file_atomic(dir / "a", "two"));
  REQUIRE(read_file(dir / "a").value() == "two");
  REQUIRE_FALSE(write_file_atomic(dir / "missing" / "a", "x"));
  REQUIRE_FALSE(read_file(dir / "a", 2));
  REQUIRE(std::distance(std::filesystem::directory_iterator(dir), {}) == 1);
  std::filesystem::remove_all(dir);
}
