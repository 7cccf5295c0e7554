// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether files can be looked at, asked by a child: whoever looks at a file system that hangs, NFS
// without its server, waits for as long as it does, and only a child can be left to that.
//
// Threads: any. Blocks for a fork, and for `longest` where something hangs.

#include "common/base/clock.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::process {

inline constexpr Duration kLongestLook = std::chrono::seconds(5);

// The index of the first path at which a look takes longer than `longest`; nothing if all are
// answered for, though it be that they do not exist, or if no child can be made.
std::optional<std::size_t> find_hung_path(const std::vector<std::string>& paths,
                                          Duration longest = kLongestLook);

}  // namespace holdfast::supervisor::process
