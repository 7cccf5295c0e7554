// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small file system that a test can fill. Mounting needs root; without it the test warns about
// what it skipped.

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

namespace holdfast::test {

class SmallDisk {
 public:
  // `options`: mount options of tmpfs(5).
  explicit SmallDisk(const std::string& options)
      : mounted_(::mount("none", dir_.path().c_str(), "tmpfs", 0, options.c_str()) == 0) {
    if (!mounted_)
      WARN("not tested: a full disk, because tmpfs cannot be mounted: " << std::strerror(errno));
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  const std::filesystem::path& path() const { return dir_.path(); }

  void fill_with_files() const {
    for (int i = 0; i < 1000; ++i) {
      if (std::filesystem::exists(ballast(i))) continue;
      if (!std::ofstream(ballast(i))) return;
    }
  }
  void fill_with_bytes() const {
    std::ofstream file(ballast(0), std::ios::binary);
    while (file << std::string(4096, 'x') << std::flush) {
    }
  }
  void empty() const {
    for (int i = 0; i < 1000; ++i)
      std::filesystem::remove(ballast(i));
  }

 private:
  std::filesystem::path ballast(int i) const { return path() / ("ballast" + std::to_string(i)); }

  TempDir dir_;
  bool mounted_;
};

}  // namespace holdfast::test
