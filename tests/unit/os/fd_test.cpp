// SPDX-License-Identifier: Apache-2.0
#include "common/os/fd.hpp"

#include "tests/support/catch.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

using namespace holdfast;

namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

TEST_CASE("an Fd closes its descriptor once, and what it was moved from closes nothing") {
  PipeFds pipe = make_pipe().value();
  const int number = pipe.read.get();
  {
    Fd owner = std::move(pipe.read);
    CHECK_FALSE(pipe.read);
    CHECK(owner.get() == number);
    CHECK(is_open(number));
  }
  CHECK_FALSE(is_open(number));
}

TEST_CASE("an Fd that is assigned to closes what it had") {
  PipeFds pipe = make_pipe().value();
  const int old = pipe.read.get();
  const int kept = pipe.write.get();
  pipe.read = std::move(pipe.write);
  CHECK_FALSE(is_open(old));
  CHECK(pipe.read.get() == kept);
  CHECK(is_open(kept));
}

TEST_CASE("a released descriptor stays open") {
  Fd owner = std::move(make_pipe().value().read);
  const int number = owner.release();
  CHECK_FALSE(owner);
  CHECK(is_open(number));
  ::close(number);
}

TEST_CASE("a pipe is close-on-exec and blocking, and carries bytes") {
  const PipeFds pipe = make_pipe().value();
  for (const int fd : {pipe.read.get(), pipe.write.get()}) {
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
  }
  char byte = 0;
  REQUIRE(::write(pipe.write.get(), "x", 1) == 1);
  REQUIRE(::read(pipe.read.get(), &byte, 1) == 1);
  CHECK(byte == 'x');
}

TEST_CASE("the flags of a descriptor are added to those that it has") {
  PipeFds pipe = make_pipe().value();
  const int fd = pipe.write.get();
  ::fcntl(fd, F_SETFD, 0);
  ::fcntl(fd, F_SETFL, O_WRONLY | O_DIRECT);  // a pipe in packet mode
  REQUIRE(set_nonblocking(fd));
  REQUIRE(set_cloexec(fd));
  CHECK((::fcntl(fd, F_GETFL) & (O_NONBLOCK | O_DIRECT)) == (O_NONBLOCK | O_DIRECT));
  CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  REQUIRE(set_blocking(fd));
  CHECK((::fcntl(fd, F_GETFL) & (O_NONBLOCK | O_DIRECT)) == O_DIRECT);
}

TEST_CASE("a descriptor that is not open is an error") {
  for (const auto& result : {set_nonblocking(-1), set_blocking(-1), set_cloexec(-1)}) {
    REQUIRE_FALSE(result);
    CHECK(result.error().os_error == EBADF);
  }
}

TEST_CASE(
    "standard descriptors closed at the start are opened, in any combination, and no others") {
  for (int closed = 0; closed < 8; ++closed) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const int before = ::open("/dev/null", O_RDONLY);
      ::close(before);
      for (int fd = 0; fd <= 2; ++fd) {
        if ((closed & (1 << fd)) != 0) ::close(fd);
      }
      open_missing_standard_descriptors();
      const bool all = is_open(0) && is_open(1) && is_open(2) && ::fcntl(1, F_GETFD) == 0;
      const int after = ::open("/dev/null", O_RDONLY);  // the next free number is as before
      ::_exit(all && after == before ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    INFO("combination " << closed);
    CHECK(status == 0);
  }
}
