// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whole small files. Threads: any. Errors name the path and the failed step.

#include "common/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace holdfast {

// At most `limit` bytes; a larger file is an error, never a truncated read.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 16u << 20);

// Written beside `path`, synced and renamed over it: readers see the old or the new, never a part.
Result<void> write_file_atomic(const std::filesystem::path& path, std::string_view content,
                               unsigned mode = 0600);

}  // namespace holdfast
