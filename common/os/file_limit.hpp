// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many descriptors this process may open (RLIMIT_NOFILE). The usual soft limit of 1024 exists
// for programs that use select(2); neither the supervisor nor a worker does, so both raise it.
//
// Threads: at start-up. The limit is a property of the whole process.

#include <sys/resource.h>

#include <cstdint>

namespace holdfast {

struct FileLimit {
  rlim_t before = 0;  // soft limits
  rlim_t now = 0;
};

// Raises the soft limit to `wanted`, or to the hard limit if that is lower. Never lowers it.
// Children inherit the raised limit: a program that may use select(2) needs `before` back.
FileLimit raise_file_limit(rlim_t wanted = RLIM_INFINITY);

// Descriptors of a server that are not connections: the store's files, sockets to Redis and to the
// supervisor, logs (half of them), and the connections that are accepted only to be refused.
inline constexpr std::uint32_t kOtherDescriptors = 256;
inline constexpr std::uint32_t kMostRefusing = kOtherDescriptors / 2;

struct ConnectionRoom {
  std::uint32_t connections = 0;  // wanted or fewer, at least 1
  std::uint32_t refusing = 0;     // besides, while they are told so; at least 1
};

// What fits into `limit`. Where that is small, so is what is kept for others: of 256 descriptors
// half are for connections.
ConnectionRoom connection_room(rlim_t limit, std::uint32_t wanted);

// Raises the limit as far as `wanted` connections need. A server that exceeds its limit can no
// longer accept, so it has to refuse earlier.
ConnectionRoom make_room_for_connections(std::uint32_t wanted);

}  // namespace holdfast
