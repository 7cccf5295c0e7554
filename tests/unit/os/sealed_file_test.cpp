// SPDX-License-Identifier: Apache-2.0
#include "common/os/sealed_file.hpp"

#include "tests/support/catch.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace holdfast;

TEST_CASE("a sealed file is read whole, again and again, and nobody can change it") {
  const std::string text = "line\n" + std::string(200'000, 'x');
  const auto sealed = make_sealed_file("configuration", text);
  REQUIRE(sealed);
  for (int i = 0; i < 2; ++i)
    CHECK(read_sealed_file(sealed->get(), 1 << 20) == text);
  CHECK(::pwrite(sealed->get(), "y", 1, 0) == -1);
  CHECK(::ftruncate(sealed->get(), 0) == -1);
  CHECK(::fcntl(sealed->get(), F_ADD_SEALS, 0) == -1);
  CHECK((::fcntl(sealed->get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(read_sealed_file(make_sealed_file("empty", "")->get(), 1) == "");
}

TEST_CASE("what is not sealed, or too large, is refused") {
  const Fd open(::memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::write(open.get(), "x", 1) == 1);
  CHECK(read_sealed_file(open.get(), 10).error().kind == ErrorKind::InvalidArgument);
  const Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK(read_sealed_file(null.get(), 10).error().kind == ErrorKind::InvalidArgument);
  const auto sealed = make_sealed_file("x", "12345");
  REQUIRE(sealed);
  CHECK(read_sealed_file(sealed->get(), 4).error().kind == ErrorKind::InvalidArgument);
  CHECK(read_sealed_file(sealed->get(), 5) == "12345");
}
