// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast import FILE`: another supervisor's file as a holdfast.toml. Reads the file and what it
// includes; supervisor/import does the rest.
//
// Threads: one; blocks.

#include "supervisor/cli/arguments.hpp"

namespace holdfast::supervisor::cli {

// Returns the exit code: 1 if a file cannot be read or is of no known kind.
int run_import(const Arguments& arguments);

}  // namespace holdfast::supervisor::cli
