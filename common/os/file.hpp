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

// Refused: whoever may put a pipe or a device in the place of a file must not make a process wait
// that has other things to do. Read: of a name that a person has typed, who may mean a pipe.
enum class Pipes { Refused, Read };

// ResourceExhausted if the file is larger than `limit` bytes: the content is never truncated.
// InvalidArgument if pipes are refused and it is neither a regular file nor /dev/null.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit = 16u << 20,
                              Pipes pipes = Pipes::Refused);
// The same where somebody else may write: see open_plain_file(). Does not wait for a pipe.
Result<std::string> read_plain_file(const std::filesystem::path& path,
                                    std::size_t limit = 16u << 20);
// The same with links that lead there, if nobody else has made them: see open_by_own_links().
Result<std::string> read_file_by_own_links(const std::filesystem::path& path, std::size_t limit);

// As std::filesystem::absolute(), but where the working directory was removed, a relative path is
// left as it is, instead of an exception.
std::filesystem::path absolute_path(const std::filesystem::path& path);

}  // namespace holdfast
