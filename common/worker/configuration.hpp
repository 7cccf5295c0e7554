// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a worker's configuration comes from: the descriptor "configuration" of its supervisor
// (common/config/handover.hpp) or, without one, because a person has started it, the file that
// HOLDFAST_CONFIG names and the environment.
//
// Threads: any; blocks for the file.

#include "common/config/load.hpp"
#include "common/notify/listen_fds.hpp"

#include <vector>

namespace holdfast::worker {

// Takes the descriptor out of `descriptors`.
config::LoadResult read_configuration(std::vector<notify::NamedFd>& descriptors,
                                      const config::Environ& environ);

}  // namespace holdfast::worker
