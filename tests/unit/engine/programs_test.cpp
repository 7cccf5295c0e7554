// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/programs.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor;

namespace {

config::Program program(const std::string& name) {
  config::Program result;
  result.name = name;
  result.command = {"/bin/true"};
  return result;
}

}  // namespace

TEST_CASE("a program's user brings its home and name; a group alone does not") {
  config::Program by_user = program("a");
  by_user.user = "nobody";
  const auto prepared = prepare_program(by_user, {});
  REQUIRE(prepared);
  REQUIRE(prepared->account ==
          Environ{{"HOME", "/nonexistent"}, {"LOGNAME", "nobody"}, {"USER", "nobody"}});
  REQUIRE(prepared->identity->uid == 65534);

  const auto plain = prepare_program(program("b"), {});
  REQUIRE(plain);
  REQUIRE(plain->account.empty());
  REQUIRE_FALSE(plain->identity);
}

TEST_CASE("all problems with the machine are reported at once, each with its program and key") {
  const test::TempDir dir;
  std::ofstream(dir / "bad.env") << "no assignment\n";
  config::Program command = program("command");
  command.command = {"no-such-program"};
  config::Program user = program("user");
  user.user = "no-such-user";
  config::Program file = program("file");
  file.env_file = dir / "missing.env";
  config::Program line = program("line");
  line.env_file = dir / "bad.env";
  config::Program limit = program("limit");
  limit.rlimits = {{"nofiles", 1}};
  config::Program directory = program("directory");
  directory.directory = dir / "missing";
  const auto prepared =
      prepare_programs({command, user, file, line, limit, directory, program("fine")}, {});
  REQUIRE(prepared.programs.size() == 1);
  REQUIRE(prepared.problems.size() == 6);
  const auto told = [&](std::size_t index, const std::string& text) {
    INFO(prepared.problems[index]);
    REQUIRE(prepared.problems[index].find(text) == 0);
  };
  told(0, "[program.command] command: no program 'no-such-program'");
  told(1, "[program.user] user: there is no user 'no-such-user'");
  told(2, "[program.file] env_file: ");
  told(3, "[program.line] env_file: ");
  told(4, "[program.limit] rlimits: there is no resource limit 'nofiles'");
  told(5, "[program.directory] directory: ");
}
