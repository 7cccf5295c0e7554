// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/resolve.hpp"

#include "supervisor/process/user.hpp"
#include "tests/support/launched.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;
namespace fs = std::filesystem;

namespace {

fs::path make_program(const fs::path& directory, const std::string& name, mode_t mode = 0755) {
  fs::create_directories(directory);
  std::ofstream(directory / name) << "#!/bin/sh\n";
  ::chmod((directory / name).c_str(), mode);
  return directory / name;
}

}  // namespace

TEST_CASE("a bare name is found beside the binary first, then in PATH in order") {
  const TempDir temporary;
  const fs::path beside = temporary.path() / "beside";
  const fs::path one = temporary.path() / "one";
  const fs::path two = temporary.path() / "two";
  make_program(beside, "a");
  make_program(one, "b");
  make_program(two, "a");
  make_program(two, "b");
  const std::string path = one.native() + ":" + two.native();
  REQUIRE(*resolve_executable("a", beside, path) == beside / "a");
  REQUIRE(*resolve_executable("b", beside, path) == one / "b");
  REQUIRE(*resolve_executable("a", {}, path) == two / "a");
}

TEST_CASE("a name with a slash is taken as it is, made absolute") {
  REQUIRE(*resolve_executable("/opt/x/worker", {}, "") == "/opt/x/worker");
  REQUIRE(*resolve_executable("./worker", {}, "") == fs::current_path() / "./worker");
}

TEST_CASE("a name that is nowhere is an error that names every place that was tried") {
  const auto missing =
      resolve_executable("nowhere", "/opt/holdfast/bin", "/usr/bin::/bin:relative");
  REQUIRE_FALSE(missing);
  REQUIRE(missing.error().kind == ErrorKind::NotFound);
  REQUIRE_THAT(missing.error().message, Catch::Contains("'nowhere'") &&
                                            Catch::Contains("/opt/holdfast/bin, /usr/bin, /bin") &&
                                            !Catch::Contains("relative"));
  REQUIRE_FALSE(resolve_executable("nowhere", {}, ""));
  REQUIRE(resolve_executable("", {}, "/bin").error().kind == ErrorKind::InvalidArgument);
}

TEST_CASE("a file that cannot be executed and a directory are passed over, and the file is named") {
  const TempDir temporary;
  const fs::path plain = make_program(temporary.path() / "plain", "worker", 0644);
  fs::create_directories(temporary.path() / "dir" / "worker");
  const fs::path good = make_program(temporary.path() / "good", "worker");
  const std::string bad = plain.parent_path().native() + ":" + (temporary.path() / "dir").native();
  REQUIRE(*resolve_executable("worker", {}, bad + ":" + good.parent_path().native()) == good);
  const auto refused = resolve_executable("worker", {}, bad);
  REQUIRE(refused.error().kind == ErrorKind::PermissionDenied);
  REQUIRE_THAT(refused.error().message, Catch::Contains(plain.native()));
}

TEST_CASE("the binary's own directory is known") {
  REQUIRE(fs::exists(own_directory() / "unit_process"));
}

TEST_CASE("users are found by name and number, with their groups") {
  const auto root = look_up_user("root", "");
  REQUIRE(root);
  REQUIRE(root->identity.uid == 0);
  REQUIRE(root->home == "/root");
  REQUIRE(look_up_user("0", "")->name == "root");
  const auto in_daemon = look_up_user("root", "daemon");
  REQUIRE(in_daemon);
  REQUIRE(in_daemon->identity.gid != 0);
  REQUIRE(in_daemon->identity.groups.front() == in_daemon->identity.gid);
  const auto number = look_up_user("54321", "54322");
  REQUIRE(number->identity.uid == 54321);
  REQUIRE(number->identity.gid == 54322);
}

TEST_CASE("an unknown user or group is an error that names it") {
  REQUIRE_THAT(look_up_user("nobody-of-that-name", "").error().message,
               Catch::Contains("nobody-of-that-name"));
  REQUIRE_THAT(look_up_user("root", "no-such-group").error().message,
               Catch::Contains("no-such-group"));
  REQUIRE(look_up_user("54321", "").error().kind == ErrorKind::NotFound);
  REQUIRE(look_up_user("", "").error().kind == ErrorKind::NotFound);
}

TEST_CASE("resource limits have the names of getrlimit, and a wrong one lists them") {
  REQUIRE(*rlimit_by_name("nofile") == RLIMIT_NOFILE);
  REQUIRE(*rlimit_by_name("core") == RLIMIT_CORE);
  REQUIRE_THAT(rlimit_by_name("files").error().message, Catch::Contains("nofile"));
}
