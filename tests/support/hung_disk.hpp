// SPDX-License-Identifier: Apache-2.0
#pragma once

// A file system that never answers, like NFS without its server: whoever looks at it waits until it
// is killed. Mounting needs root and /dev/fuse; without them the test warns about what it skipped.

#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace holdfast::test {

class HungDisk {
 public:
  HungDisk() : device_(::open("/dev/fuse", O_RDWR | O_CLOEXEC)) {
    const std::string options =
        fmt::format("fd={},rootmode=40000,user_id=0,group_id=0", device_.get());
    mounted_ = device_ && ::mount("fuse", dir_.path().c_str(), "fuse", 0, options.c_str()) == 0;
    if (!mounted_) WARN("not tested: a file system that hangs, because FUSE cannot be mounted");
  }
  HungDisk(const HungDisk&) = delete;
  HungDisk& operator=(const HungDisk&) = delete;
  ~HungDisk() {
    if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::filesystem::path path() const { return dir_.path(); }

 private:
  TempDir dir_;
  Fd device_;  // whose requests nobody reads
  bool mounted_ = false;
};

}  // namespace holdfast::test
