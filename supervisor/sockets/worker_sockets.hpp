// SPDX-License-Identifier: Apache-2.0
#pragma once

// WorkerSockets: the telemetry listeners, one per process. `workers/api-worker.0.7.sock` belongs to
// incarnation 7, and the symbolic link `workers/api-worker.0.sock`, for people and curl, leads to
// the newest. As each incarnation has its own path, the old process of a rolling restart can be
// scraped for the last time after its replacement has got its socket.
//
// Threads: the main loop's. Owns the files; the listeners are the caller's.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace holdfast::supervisor::sockets {

struct WorkerSocket {
  Fd listener;
  std::filesystem::path path;
};

class WorkerSockets {
 public:
  explicit WorkerSockets(std::filesystem::path directory, mode_t mode = 0600);

  Result<WorkerSocket> open(const std::string& worker, std::uint64_t incarnation);
  void remove(const std::string& worker, std::uint64_t incarnation);

  std::filesystem::path path_of(const std::string& worker, std::uint64_t incarnation) const;
  std::filesystem::path link_of(const std::string& worker) const;

 private:
  std::filesystem::path directory_;
  mode_t mode_;
};

}  // namespace holdfast::supervisor::sockets
