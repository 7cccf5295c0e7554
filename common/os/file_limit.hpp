// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many connections this process has descriptors for. A server that runs out of them goes deaf:
// whoever comes next waits in the backlog, for as long as others sit idle. So it has to know its
// limit, and refuse beyond it.
//
// Threads: at start-up.

#include <cstdint>

namespace holdfast::api {

// Descriptors that are no connections: the store's files, sockets to Redis and the supervisor,
// logs, and the connections that are only being refused (128).
constexpr std::uint64_t kOtherDescriptors = 256;

// Raises this process's soft RLIMIT_NOFILE as far as `wanted` connections need and its hard limit
// lets it. Returns how many there is room for: `wanted`, or fewer, but never 0.
std::uint32_t make_room_for_connections(std::uint32_t wanted);

}  // namespace holdfast::api
