// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/programs.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/hung_disk.hpp"
#include "tests/support/temp_dir.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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
  limit.rlimits = {{"nofiles", {1, 1}}};
  config::Program directory = program("directory");
  directory.directory = dir / "missing";
  config::Config loaded;
  loaded.programs = {command, user, file, line, limit, directory, program("fine")};
  const auto prepared = prepare_programs(loaded, {});
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

TEST_CASE("programs on a file system that hangs are a problem, and nobody waits for their files") {
  const test::HungDisk disk;
  if (!disk.mounted()) return;
  config::Program hung = program("hung");
  hung.command = {disk.path() / "program"};
  config::Config loaded;
  loaded.programs = {program("fine"), hung, hung};
  const auto prepared = prepare_programs(loaded, {});
  CHECK(prepared.programs.empty());
  REQUIRE(prepared.problems.size() == 1);
  CHECK(prepared.problems[0] ==
        "[program.hung] looking at '" + hung.command[0] + "' does not return: a file system hangs");
  REQUIRE(::waitpid(-1, nullptr, 0) > 0);  // the child that looked was killed
}

TEST_CASE("a group alone keeps the user, with that group") {
  config::Program by_group = program("a");
  by_group.group = std::to_string(::getegid());
  const auto prepared = prepare_program(by_group, {});
  REQUIRE(prepared);
  REQUIRE(prepared->identity->uid == ::geteuid());
  REQUIRE(prepared->identity->gid == ::getegid());
  REQUIRE(prepared->account.empty());
  by_group.group = "no-such-group";
  REQUIRE(prepare_program(by_group, {}).error().message ==
          "group: there is no group 'no-such-group'");
}

TEST_CASE("every problem of one program is reported, not only the first") {
  config::Program bad = program("bad");
  bad.command = {"/no/such/program"};
  bad.directory = "/no/such/directory";
  bad.env_file = "/no/such/file";
  config::Config loaded;
  loaded.programs = {bad};
  const auto prepared = prepare_programs(loaded, {});
  REQUIRE(prepared.problems.size() == 3);
  REQUIRE(prepared.problems[0].find("[program.bad] env_file: ") == 0);
  REQUIRE(prepared.problems[1] ==
          "[program.bad] directory: '/no/such/directory' cannot be entered: No such file or "
          "directory");
  REQUIRE(prepared.problems[2] ==
          "[program.bad] command: '/no/such/program' cannot be executed: No such file or "
          "directory");
}

TEST_CASE("a command that cannot be executed is found before anything starts") {
  const test::TempDir dir;
  const auto write = [&](const char* name, const char* text, unsigned mode) {
    std::ofstream(dir / name) << text;
    std::filesystem::permissions(dir / name, static_cast<std::filesystem::perms>(mode));
    return (dir / name).string();
  };
  const auto problem_of = [](const std::string& command) {
    config::Program one = program("x");
    one.command = {command};
    config::Config loaded;
    loaded.programs = {one};
    const auto prepared = prepare_programs(loaded, {});
    return prepared.problems.empty() ? std::string() : prepared.problems.front();
  };
  const auto ends = [](const std::string& text, const std::string& with) {
    INFO(text);
    REQUIRE(text.ends_with(with));
  };
  ends(problem_of(write("plain", "#!/bin/sh\n", 0644)), "cannot be executed: Permission denied");
  ends(problem_of(dir.path()), "cannot be executed: Is a directory");
  ends(problem_of(write("script", "#! /no/such/shell -e\n", 0755)),
       "script' cannot be executed: No such file or directory");
  REQUIRE(problem_of(write("good", "#!/bin/sh\n", 0755)).empty());
}

TEST_CASE("what another user may not execute or enter is found, with that user's name") {
  if (::geteuid() != 0) {
    WARN("not tested: only root may become another user");
    return;
  }
  const test::TempDir dir;  // entered by its owner only
  std::filesystem::copy_file("/bin/true", dir / "true");
  config::Program one = program("x");
  one.command = {(dir / "true").string()};
  one.directory = dir.path();
  one.user = "nobody";
  config::Config loaded;
  loaded.programs = {one};
  const auto prepared = prepare_programs(loaded, {});
  REQUIRE(prepared.problems.size() == 2);
  REQUIRE(prepared.problems[0] == "[program.x] directory: '" + dir.path().string() +
                                      "' cannot be entered by user 'nobody': Permission denied");
  REQUIRE(prepared.problems[1] == "[program.x] command: '" + one.command[0] +
                                      "' cannot be executed by user 'nobody': Permission denied");
}

TEST_CASE("a limit that cannot be raised is found, with the hard limit") {
  config::Program one = program("x");
  one.rlimits = {{"nofile", {1024, RLIM_INFINITY}}};  // above fs.nr_open: not even root may
  config::Config loaded;
  loaded.programs = {one};
  const auto prepared = prepare_programs(loaded, {});
  REQUIRE(prepared.problems.size() == 1);
  INFO(prepared.problems[0]);
  REQUIRE(prepared.problems[0].find(
              "[program.x] rlimits: nofile = unlimited is above the hard limit of ") == 0);
}

TEST_CASE("an env_file is what the program's user may read, or root's without the user's links") {
  if (::geteuid() != 0) {
    WARN("not tested: only root may become another user");
    return;
  }
  const test::TempDir dir;
  std::filesystem::permissions(dir.path(), std::filesystem::perms(0755));
  std::ofstream(dir / "root.env") << "SECRET=x\n";
  std::filesystem::permissions(dir / "root.env", std::filesystem::perms(0600));
  std::filesystem::create_symlink("root.env", dir / "roots.link");
  std::filesystem::create_symlink(dir / "root.env", dir / "users.link");
  REQUIRE(::lchown((dir / "users.link").c_str(), 65534, 65534) == 0);
  config::Program one = program("x");
  one.user = "nobody";
  one.env_file = dir / "root.env";
  CHECK(env_file_values(one, {}).value() == Environ{{"SECRET", "x"}});
  one.env_file = dir / "roots.link";
  CHECK(env_file_values(one, {}).value() == Environ{{"SECRET", "x"}});
  one.env_file = dir / "users.link";
  const auto refused = env_file_values(one, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "user 'nobody' may not read it: '" + one.env_file.string() +
                                       "' is another user's link, which is not followed");
  one.user = "no-such-user";
  CHECK_FALSE(env_file_values(one, {}));
}

TEST_CASE("the values of an env_file are read once and belong to the program") {
  const test::TempDir dir;
  const std::filesystem::path file = dir / "web.env";
  std::ofstream(file) << "A=1\nPATH=/opt/no-such:/bin\nWHO=$USER\n";
  config::Program one = program("web");
  one.command = {"true"};
  one.env_file = file;
  config::Config loaded;
  loaded.programs = {one};
  const auto prepared = prepare_programs(loaded, {{"USER", "someone"}, {"PATH", "/nowhere"}});
  REQUIRE(prepared.problems.empty());
  REQUIRE(loaded.programs[0].env_file_values ==
          Environ{{"A", "1"}, {"PATH", "/opt/no-such:/bin"}, {"WHO", "someone"}});
  REQUIRE(prepared.programs.at("web")->executable == "/bin/true");  // with the PATH it will have

  std::ofstream(file, std::ios::trunc) << "A='half";
  const auto again = prepare_program(loaded.programs[0], {});
  REQUIRE(again);
  REQUIRE(again->program.env_file_values.at("A") == "1");
}
