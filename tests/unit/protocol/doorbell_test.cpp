// SPDX-License-Identifier: Apache-2.0
#include "common/protocol/doorbell_listener.hpp"
#include "tests/support/catch.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <cerrno>

using namespace holdfast;
using namespace holdfast::protocol;
using namespace std::chrono_literals;

namespace {

struct Bell {
  Fd fd{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  Fd copy() const { return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0)); }
};

// Runs the loop for a while, or until something happened.
bool happens(boost::asio::io_context& io, const bool& flag) {
  io.restart();
  io.run_one_for(5s);
  return flag;
}

}  // namespace

TEST_CASE("a ring wakes the waiter") {
  boost::asio::io_context io;
  const Bell bell;
  DoorbellListener doorbell = DoorbellListener::open(io, bell.copy()).value();
  bool rung = false;
  doorbell.wait([&] { rung = true; });
  io.poll();
  CHECK_FALSE(rung);
  ::eventfd_write(bell.fd.get(), 1);
  CHECK(happens(io, rung));
}

TEST_CASE("a ring that nobody cleared wakes the next waiter at once") {
  boost::asio::io_context io;
  const Bell bell;
  DoorbellListener doorbell = DoorbellListener::open(io, bell.copy()).value();
  doorbell.ring();
  for (int i = 0; i < 2; ++i) {
    bool rung = false;
    doorbell.wait([&] { rung = true; });
    CHECK(happens(io, rung));
  }
  doorbell.clear();
  bool rung = false;
  doorbell.wait([&] { rung = true; });
  io.restart();
  io.poll();
  CHECK_FALSE(rung);
}

TEST_CASE("all who share the bell are woken, and one clears it for all") {
  boost::asio::io_context io;
  const Bell bell;
  DoorbellListener one = DoorbellListener::open(io, bell.copy()).value();
  DoorbellListener two = DoorbellListener::open(io, bell.copy()).value();
  int woken = 0;
  one.wait([&] { ++woken; });
  two.wait([&] { ++woken; });
  ::eventfd_write(bell.fd.get(), 3);
  while (woken < 2 && io.run_one_for(5s) > 0) {
  }
  CHECK(woken == 2);
  one.clear();
  two.clear();  // finds nothing left, and does not block
  eventfd_t count = 0;
  CHECK(::eventfd_read(bell.fd.get(), &count) == -1);
}

TEST_CASE("a worker without a bell is never woken by it") {
  boost::asio::io_context io;
  DoorbellListener doorbell = DoorbellListener::open(io, std::nullopt).value();
  bool rung = false;
  doorbell.wait([&] { rung = true; });
  doorbell.ring();
  doorbell.clear();
  io.poll();
  CHECK_FALSE(rung);
}

TEST_CASE("a descriptor that cannot be watched is an error") {
  boost::asio::io_context io;
  const auto opened = DoorbellListener::open(io, Fd(1 << 30));  // no process has that many
  REQUIRE_FALSE(opened);
  CHECK(opened.error().os_error == EBADF);
}
