// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads a file as another user. What leads to it may be that user's to change, and root's eyes must
// not be lent to a link that leads to root's files. A child becomes the user and reads: a thread of
// ours that did would be that user's to signal.
//
// Threads: any. Blocks for a fork, and for the file no longer than a few seconds: a file system of
// the user's own (FUSE) may never answer.

#include "common/base/result.hpp"
#include "supervisor/process/launcher.hpp"

#include <cstddef>
#include <filesystem>
#include <string>

namespace holdfast::supervisor::process {

// Errors are those of read_file(). No link to what a process has open ("/dev/stdin") is followed.
Result<std::string> read_file_as(const Identity& identity, const std::filesystem::path& path,
                                 std::size_t limit);

}  // namespace holdfast::supervisor::process
