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
// The same where somebody else may write: see open_plain_file(). Does not wait for a pipe.
Result<std::string> read_plain_file(const std::filesystem::path& path,
                                    std::size_t limit = 16u << 20);

}  // namespace holdfast
