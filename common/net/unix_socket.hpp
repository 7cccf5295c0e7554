// SPDX-License-Identifier: Apache-2.0
#pragma once

// Unix sockets bound to a path, with the right mode from the first moment. Threads: any.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <sys/types.h>

#include <filesystem>

namespace holdfast::supervisor::process {

// Non-blocking and close-on-exec; a socket already at `path` is replaced (another file is
// an error). `type` is SOCK_DGRAM or SOCK_STREAM. InvalidArgument if the path is longer than the
// kernel takes (107 bytes).
Result<Fd> bind_unix_socket(int type, const std::filesystem::path& path, mode_t mode);

// The same, listening. Conflict if a living process already listens there.
Result<Fd> listen_unix_socket(const std::filesystem::path& path, mode_t mode, int backlog);

}  // namespace holdfast::supervisor::process
