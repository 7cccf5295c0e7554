// SPDX-License-Identifier: Apache-2.0
#pragma once

// SharedObjects: what workers share by descriptor besides sockets, memory (for the rate limiter)
// and event counters (the doorbell). Created on first use and kept as long as the supervisor runs,
// so that the restart of a worker neither resets a limit nor loses a ring.
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
  // Zeroed memory of `bytes`. The size is sealed, so that no worker can shrink what others have
  // mapped; the first call determines it.
  Result<int> memory(const std::string& name, std::size_t bytes);

  // A non-blocking eventfd that starts at 0. A read takes the whole count, so one ring is for
  // whoever reads first.
  Result<int> event(const std::string& name);

 private:
  std::map<std::string, Fd> objects_;
};

}  // namespace holdfast::supervisor::sockets
