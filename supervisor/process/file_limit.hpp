// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many descriptors we may open. The usual soft limit, 1024, is there for programs that use
// select(2); we do not, and a program takes three, so it is raised to the hard one at start.
// Children get the former one back: they may be of the other kind.
//
// Threads: any; a property of the process.

#include <sys/resource.h>

namespace holdfast::supervisor::process {

// Returns the soft limit as it was.
rlim_t raise_file_limit();

}  // namespace holdfast::supervisor::process
