// SPDX-License-Identifier: Apache-2.0
#pragma once

// Finds the executable of a command. A name with a slash is a path; any other name is looked up
// beside the running binary (so that an unpacked release finds its own programs), then in PATH.
//
// Threads: any.

#include "common/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::process {

// The directory of this program's own binary.
std::filesystem::path own_directory();

// Where resolve_executable() looks for a name without a slash, in this order.
std::vector<std::filesystem::path> executable_places(const std::filesystem::path& beside,
                                                     std::string_view path);

// Returns an absolute path. `beside` and `path` (as in $PATH) may be empty. NotFound names every
// directory that was searched; PermissionDenied names a file that exists but is not executable.
Result<std::string> resolve_executable(std::string_view name, const std::filesystem::path& beside,
                                       std::string_view path);

}  // namespace holdfast::supervisor::process
