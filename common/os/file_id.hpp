// SPDX-License-Identifier: Apache-2.0
#pragma once

// FileId: which file a path leads to. As long as something holds a file (a descriptor, a socket
// that is bound to it), no other file has its identity, so what was made by this process can be
// told from what has taken its place.
//
// Threads: any.

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace holdfast {

struct FileId {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileId&) const = default;
};

// Of the file itself, not of what a symbolic link leads to; nothing if there is none.
std::optional<FileId> file_id(const std::filesystem::path& path);
std::optional<FileId> file_id(int fd);

// Removes the file if it is still this one.
void remove_if_same(const std::filesystem::path& path, const std::optional<FileId>& id);

}  // namespace holdfast
