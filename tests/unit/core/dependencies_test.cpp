// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/dependencies.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;

namespace {

config::Program program(std::string name, std::vector<std::string> after = {}) {
  config::Program result;
  result.name = std::move(name);
  result.after = std::move(after);
  return result;
}

}  // namespace

TEST_CASE("dependencies come first, the rest keeps its order") {
  const auto order = start_order({program("api", {"queue"}), program("metrics"),
                                  program("queue", {"migrate"}), program("migrate")});
  REQUIRE(order);
  REQUIRE(*order == std::vector<std::size_t>{1, 3, 2, 0});
}

TEST_CASE("no programs are in order") {
  REQUIRE(check_dependencies({}));
}

TEST_CASE("a circle is refused by the names on it, without those that only lead to it") {
  const auto checked = check_dependencies(
      {program("outside", {"a"}), program("a", {"b"}), program("b", {"a"}), program("free")});
  REQUIRE_FALSE(checked);
  REQUIRE(checked.error().kind == ErrorKind::InvalidArgument);
  REQUIRE(checked.error().message == "programs wait for each other: a -> b -> a");
}

TEST_CASE("a program that waits for itself is a circle") {
  const auto checked = check_dependencies({program("a", {"a"})});
  REQUIRE_FALSE(checked);
  REQUIRE(checked.error().message == "programs wait for each other: a -> a");
}

TEST_CASE("an unknown dependency is refused by both names") {
  const auto checked = check_dependencies({program("api", {"quue"})});
  REQUIRE_FALSE(checked);
  REQUIRE(checked.error().message == "program 'api' starts after 'quue', which is not a program");
}

TEST_CASE("a name declared twice is refused") {
  const auto checked = check_dependencies({program("api"), program("api")});
  REQUIRE_FALSE(checked);
  REQUIRE(checked.error().message == "program 'api' is declared twice");
}

TEST_CASE("a chain of ten thousand is no problem") {
  std::vector<config::Program> programs{program("p0")};
  for (int i = 1; i < 10'000; ++i) {
    programs.push_back(program("p" + std::to_string(i), {"p" + std::to_string(i - 1)}));
  }
  REQUIRE(check_dependencies(programs));
  programs[0].after = {"p9999"};
  REQUIRE_FALSE(check_dependencies(programs));
}
