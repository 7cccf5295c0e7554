// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a flood must not evict: when the oldest file of the stack's log goes because one program has
// filled it, the lines of the others are added to a file of their own.
//
// Threads: any; blocks for the files.

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace holdfast::supervisor::logs {

// The program that a line of the stack's log, JSON or pretty, is of; empty if it does not say.
std::string_view program_of_line(std::string_view line);

// If one program has written more than half of `from`, appends to `to` the lines of those that have
// written less than an eighth each. `to` has at most `max_size` bytes, and so has what was in it
// before that, in "TO.1". Whatever fails, `from` stays as it is. Only regular files are used: no
// pipe in the place of one is waited for.
void keep_quiet_lines(const std::filesystem::path& from, const std::filesystem::path& to,
                      std::uint64_t max_size);

}  // namespace holdfast::supervisor::logs
