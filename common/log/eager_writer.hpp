// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes what a descriptor takes at once, and never waits for a reader: a pipe or a terminal has a
// description of its own here, opened anew without blocking, so that whoever shares it is not
// affected; a socket is written with MSG_DONTWAIT. Only the disk below a regular file can make it
// wait.
//
// Threads: one at a time.

#include "common/os/fd.hpp"

#include <cstddef>
#include <string_view>

namespace holdfast::log {

class EagerWriter {
 public:
  // `fd` is not owned, and stays open until this is destroyed.
  explicit EagerWriter(int fd);

  struct Written {
    std::size_t bytes = 0;
    bool failed = false;  // it will take nothing more: its reader is gone, say
  };
  Written write(std::string_view bytes);

  // Waits until something can be written, for so many milliseconds at most.
  bool wait(int milliseconds) const;
  // For a fatal-signal handler.
  int fd() const { return fd_; }

 private:
  enum class Kind { Plain, Socket, Shared };
  Fd own_;
  int fd_;
  Kind kind_ = Kind::Plain;
};

}  // namespace holdfast::log
