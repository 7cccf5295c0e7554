// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whole small files. Errors name the path and the step that failed.
//
// Threads: any.

#include "common/base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace holdfast {

// ResourceExhausted if the file is larger than `limit` bytes: the content is never truncated.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 16u << 20);

// Written to a temporary file, synced and renamed over `path`: readers see the old content or the
// new one, never a part.
Result<void> write_file_atomic(const std::filesystem::path& path, std::string_view content,
                               unsigned mode = 0600);

}  // namespace holdfast
