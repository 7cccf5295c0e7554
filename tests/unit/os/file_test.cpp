// SPDX-License-Identifier: Apache-2.0
#include "common/os/file.hpp"

#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

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

TEST_CASE("a pipe or a device in the place of a file is refused by name and not waited for") {
  const test::TempDir dir;
  REQUIRE(::mkfifo((dir / "pipe").c_str(), 0600) == 0);
  for (const std::filesystem::path& path : {dir / "pipe", std::filesystem::path("/dev/zero")}) {
    const auto refused = read_file(path);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::InvalidArgument);
    CHECK(refused.error().message == fmt::format("'{}' is not a regular file", path.native()));
  }
  CHECK(read_file("/dev/null").value().empty());
  CHECK(read_file(dir.path()).error().os_error == EISDIR);
}

TEST_CASE("a pipe is read where a person may have typed its name") {
  PipeFds pipe = make_pipe().value();
  REQUIRE(::write(pipe.write.get(), "typed", 5) == 5);
  pipe.write.reset();
  const std::string name = fmt::format("/dev/fd/{}", pipe.read.get());
  CHECK_FALSE(read_file(name));
  CHECK(read_file(name, 100, Pipes::Read).value() == "typed");
}
