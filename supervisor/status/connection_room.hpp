// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many connections an endpoint of the supervisor may have. Descriptors are for the workers
// first: what all slots need, running or not, and what launching takes, stays free, whatever the
// limit (`ulimit -n`) and whoever connects.
//
// Threads: any; pure.

#include <cstddef>
#include <cstdint>

namespace holdfast::supervisor::status {

inline constexpr std::size_t kMostConnections = 256;  // of each endpoint
inline constexpr std::uint32_t kMostRefusing = 8;     // besides, while they are told so
inline constexpr std::size_t kLeastConnections = 2;   // even if the limit is too low for the slots

// What the supervisor needs for so many slots, without anybody's connections.
std::uint64_t descriptors_needed(std::size_t slots);

// `limit`: on open files; `slots`: as configured.
std::size_t connection_room(std::uint64_t limit, std::size_t slots);

}  // namespace holdfast::supervisor::status
