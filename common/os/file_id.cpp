// SPDX-License-Identifier: Apache-2.0
#include "common/os/file_id.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace holdfast {

std::optional<FileId> file_id(const std::filesystem::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return {};
  return FileId{info.st_dev, info.st_ino};
}

std::optional<FileId> file_id(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return {};
  return FileId{info.st_dev, info.st_ino};
}

void remove_if_same(const std::filesystem::path& path, const std::optional<FileId>& id) {
  if (id && file_id(path) == id) ::unlink(path.c_str());
}

}  // namespace holdfast
