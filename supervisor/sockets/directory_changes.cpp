// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/directory_changes.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <ctime>

namespace holdfast::supervisor::sockets {

bool DirectoryChanges::any() {
  struct stat info {};
  if (::stat(directory_.c_str(), &info) != 0) return false;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  const bool recent = now.tv_sec - info.st_mtim.tv_sec < 2;
  std::string seen = fmt::format("{}:{}:{}.{}", info.st_dev, info.st_ino, info.st_mtim.tv_sec,
                                 info.st_mtim.tv_nsec);
  if (!recent && seen == seen_) return false;
  seen_ = std::move(seen);
  return true;
}

}  // namespace holdfast::supervisor::sockets
