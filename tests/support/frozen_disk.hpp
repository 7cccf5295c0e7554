// SPDX-License-Identifier: Apache-2.0
#pragma once

// A file system that a test can freeze: whoever writes to it waits until it thaws. Mounting needs
// root and a loop device; without them the test warns about what it skipped.

#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace holdfast::test {

class FrozenDisk {
 public:
  FrozenDisk() : mounted_(::geteuid() == 0 && mount()) {
    if (!mounted_) WARN("not tested: a frozen disk, because no loop device can be mounted");
  }
  FrozenDisk(const FrozenDisk&) = delete;
  FrozenDisk& operator=(const FrozenDisk&) = delete;
  ~FrozenDisk() {
    if (!mounted_) return;
    thaw();
    ::umount2(path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::filesystem::path path() const { return dir_ / "disk"; }

  bool freeze() { return frozen_ = control(FIFREEZE); }
  void thaw() {
    if (frozen_) control(FITHAW);
    frozen_ = false;
  }

 private:
  static bool run(const char* program, std::vector<std::string> arguments) {
    const std::filesystem::path found = find_program(program);
    if (found.empty()) return false;
    arguments.insert(arguments.begin(), found.string());
    return Process(arguments, ProcessOptions{}).wait().shell_status() == 0;
  }
  bool mount() {
    const std::string image = (dir_ / "image").string();
    std::ofstream(image).close();
    std::filesystem::resize_file(image, 16u << 20);
    std::filesystem::create_directory(path());
    return run("mkfs.ext4", {"-q", image}) && run("mount", {"-o", "loop", image, path().string()});
  }
  bool control(unsigned long request) const {
    const Fd directory(::open(path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return directory && ::ioctl(directory.get(), request, 0) == 0;
  }

  TempDir dir_;
  bool mounted_;
  bool frozen_ = false;
};

}  // namespace holdfast::test
