// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a program's argv[0] is. A name with a slash is taken as it is; a bare name is looked for
// beside the running binary (so that an unpacked tree runs itself) and then in PATH.
//
// Threads: any.

#include "common/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace holdfast::supervisor::process {

// The directory of this program's own binary.
std::filesystem::path own_directory();

// An absolute path. `beside` and `path` (as in $PATH) may be empty. NotFound names every place that
// was tried; PermissionDenied names a file that is there but cannot be executed.
Result<std::string> resolve_executable(std::string_view name, const std::filesystem::path& beside,
                                       std::string_view path);

}  // namespace holdfast::supervisor::process
