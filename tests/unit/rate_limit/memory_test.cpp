// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/rate_limit/support.hpp"

#include <sys/mman.h>
#include <unistd.h>

using namespace holdfast;
using namespace holdfast::rate_limit;

TEST_CASE("two mappings of one descriptor are one memory, of the size it was made with") {
  const Fd fd(::memfd_create("test", MFD_CLOEXEC));
  REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(kTableBytes)) == 0);
  const auto one = Memory::map(fd);
  const auto two = Memory::map(fd);
  REQUIRE(one);
  REQUIRE(two);
  REQUIRE(one->bytes().size() == kTableBytes);
  one->bytes()[7] = std::byte{42};
  CHECK(two->bytes()[7] == std::byte{42});
}

TEST_CASE("a descriptor without memory behind it is an error") {
  const Fd empty(::memfd_create("test", MFD_CLOEXEC));
  CHECK_FALSE(Memory::map(empty));
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Fd read(ends[0]);
  const Fd write(ends[1]);
  CHECK_FALSE(Memory::map(read));
}
