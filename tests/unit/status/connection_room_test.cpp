// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/connection_room.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::supervisor::status;

TEST_CASE("the endpoints' connections leave the workers the descriptors that they need") {
  CHECK(connection_room(1'000'000, 10) == kMostConnections);
  for (const std::uint64_t limit : {64U, 128U, 256U, 512U, 1024U, 4096U}) {
    for (const std::size_t slots : {0U, 1U, 3U, 20U, 100U}) {
      INFO(limit << " descriptors, " << slots << " slots");
      const std::size_t room = connection_room(limit, slots);
      CHECK(room >= kLeastConnections);
      // All three endpoints full, each with its refusals.
      if (room > kLeastConnections) CHECK(descriptors_needed(slots) + 3 * (room + 8) <= limit);
    }
  }
  CHECK(connection_room(256, 3) > 20);
  CHECK(connection_room(256, 3) > connection_room(256, 6));
}
