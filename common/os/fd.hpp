// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fd: the owner of one file descriptor, and what is commonly done to one.
//
// Threads: an Fd is used like an int: one owner at a time. The functions may be called from any.

#include "common/base/result.hpp"

#include <unistd.h>

#include <utility>

namespace holdfast {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int descriptor) : descriptor_(descriptor) {}
  Fd(Fd&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.descriptor_, -1));
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }
  int release() { return std::exchange(descriptor_, -1); }

  void reset(int descriptor = -1) {
    // close() is not retried on EINTR: on Linux the descriptor is gone either way.
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = descriptor;
  }

 private:
  int descriptor_ = -1;
};

// O_NONBLOCK belongs to the open file description: everyone who shares it is affected.
Result<void> set_nonblocking(int fd);
Result<void> set_blocking(int fd);
Result<void> set_cloexec(int fd);

struct PipeFds {
  Fd read;
  Fd write;
};

// Both ends blocking and close-on-exec.
Result<PipeFds> make_pipe();

// Opens /dev/null for each of the descriptors 0 to 2 that is closed. Otherwise the next file or
// socket would take that number, and whatever writes a message to standard error would write into
// it. To be called first thing in main().
void open_missing_standard_descriptors();

}  // namespace holdfast
