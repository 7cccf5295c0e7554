// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/connection_room.hpp"

#include <algorithm>

namespace holdfast::supervisor::status {

namespace {

// Listeners, event loops, the log and its files, the locks, the guardian, and one launch in hand
// with all that a child inherits.
constexpr std::uint64_t kOfTheSupervisor = 96;
// The pidfd, two pipes, the files of its telemetry and notification sockets, the memory for what it
// is at, its cgroup, its log file, a scrape and a probe: and the successor's, as a rolling restart
// has both.
constexpr std::uint64_t kOfASlot = 13;
constexpr std::uint64_t kEndpoints = 3;

}  // namespace

std::uint64_t descriptors_needed(std::size_t slots) {
  return kOfTheSupervisor + kOfASlot * slots;
}

std::size_t connection_room(std::uint64_t limit, std::size_t slots) {
  const std::uint64_t needed = descriptors_needed(slots);
  const std::uint64_t share = limit > needed ? (limit - needed) / kEndpoints : 0;
  const std::uint64_t room = share > kMostRefusing ? share - kMostRefusing : 0;
  return static_cast<std::size_t>(
      std::clamp<std::uint64_t>(room, kLeastConnections, kMostConnections));
}

}  // namespace holdfast::supervisor::status
