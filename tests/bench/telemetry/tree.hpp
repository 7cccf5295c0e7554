// SPDX-License-Identifier: Apache-2.0
#pragma once

// What processes have used, read from the kernel.

#include <sys/types.h>

#include <vector>

namespace holdfast::bench {

// It and all its descendants.
std::vector<pid_t> tree_of(pid_t root);

// utime and stime of all these processes, ended threads included, to the nanosecond.
double cpu_ms_of(const std::vector<pid_t>& processes);

double resident_mib(pid_t pid);
std::size_t descriptors_of(pid_t pid);

}  // namespace holdfast::bench
