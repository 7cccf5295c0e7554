// SPDX-License-Identifier: Apache-2.0
#pragma once

// What workers share by descriptor besides sockets: memory (the rate limiter's) and event counters
// (the doorbell). Made on first use, kept for the supervisor's life, so that a worker's restart
// neither forgets a limit nor loses a ring.
//
// Threads: the main loop's. Owns the descriptors; the numbers are lent.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <cstddef>
#include <map>
#include <string>

namespace holdfast::supervisor::sockets {

class SharedObjects {
 public:
  // Zeroed memory of `bytes`, its size sealed: no worker can shrink it under the others' feet. The
  // size is what the first call said.
  Result<int> memory(const std::string& name, std::size_t bytes);

  // A non-blocking eventfd at 0. A read takes the whole count: one ring wakes whoever reads first.
  Result<int> event(const std::string& name);

 private:
  std::map<std::string, Fd> objects_;
};

}  // namespace holdfast::supervisor::sockets
