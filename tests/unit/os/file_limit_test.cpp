// SPDX-License-Identifier: Apache-2.0
#include "common/os/file_limit.hpp"

#include "tests/support/catch.hpp"

#include <sys/resource.h>

using namespace holdfast;

namespace {

rlimit file_limit() {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  return limit;
}

// The soft limit lowered for one test, and put back.
class SoftLimit {
 public:
  explicit SoftLimit(rlim_t soft) : before_(file_limit()) {
    const rlimit lowered{soft, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &lowered) == 0);
  }
  ~SoftLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  SoftLimit(const SoftLimit&) = delete;

 private:
  const rlimit before_;
};

}  // namespace

TEST_CASE("the soft limit is raised to the hard one, and the former one is told") {
  const SoftLimit lowered(400);
  const FileLimit limit = raise_file_limit();
  CHECK(limit.before == 400);
  CHECK(limit.now == file_limit().rlim_max);
  CHECK(file_limit().rlim_cur == file_limit().rlim_max);
}

TEST_CASE("a limit is never lowered") {
  const SoftLimit lowered(400);
  const FileLimit limit = raise_file_limit(100);
  CHECK(limit.before == 400);
  CHECK(limit.now == 400);
  CHECK(file_limit().rlim_cur == 400);
}

TEST_CASE("a soft limit that is too low for the connections is raised as far as they need") {
  const SoftLimit lowered(400);
  REQUIRE(file_limit().rlim_max > 1000);
  CHECK(make_room_for_connections(500).connections == 500);
  CHECK(file_limit().rlim_cur == 500 + kOtherDescriptors);
}

TEST_CASE("a limit that is high enough stays as it is") {
  const SoftLimit lowered(400);
  CHECK(make_room_for_connections(100).connections == 100);
  CHECK(file_limit().rlim_cur == 400);
}

TEST_CASE("what the hard limit has no room for is not promised") {
  const SoftLimit lowered(400);
  const rlim_t hard = file_limit().rlim_max;
  if (hard >= 4'000'000'000) return;  // no limit at all: there is always room
  CHECK(make_room_for_connections(4'000'000'000).connections == hard - kOtherDescriptors);
  CHECK(file_limit().rlim_cur == hard);
}

TEST_CASE("a small limit is shared out: connections get at least a sixth, and half from 192 on") {
  constexpr std::uint32_t kWanted = 4096;
  for (rlim_t limit = 64; limit < 6000; ++limit) {
    INFO(limit);
    const ConnectionRoom room = connection_room(limit, kWanted);
    REQUIRE(room.connections >= limit / 6);
    REQUIRE(room.refusing >= 1);
    // What is neither is enough for a worker.
    REQUIRE(limit - room.connections - room.refusing >= (room.connections == kWanted ? 128u : 48u));
    if (limit >= 192 && limit < 512) REQUIRE(room.connections >= limit / 2);
    if (limit >= 512)
      REQUIRE(room.connections == std::min<rlim_t>(limit - kOtherDescriptors, kWanted));
  }
  CHECK(connection_room(256, kWanted).connections == 128);
  CHECK(connection_room(RLIM_INFINITY, kWanted).connections == kWanted);
  CHECK(connection_room(8, kWanted).connections == 1);
}
