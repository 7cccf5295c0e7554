// SPDX-License-Identifier: Apache-2.0
#pragma once

// DirectoryChanges: whether a directory's entries may have changed since it was last looked at, in
// one system call, so that a thousand files need not be looked at one by one.
//
// Threads: one.

#include <filesystem>
#include <string>
#include <utility>

namespace holdfast::supervisor::sockets {

class DirectoryChanges {
 public:
  explicit DirectoryChanges(std::filesystem::path directory) : directory_(std::move(directory)) {}

  // False as well if there is no such directory: nothing can be put into it. True for a moment
  // after each change, because the kernel's time of a change is coarse.
  bool any();

 private:
  std::filesystem::path directory_;
  std::string seen_;
};

}  // namespace holdfast::supervisor::sockets
